"""Boards: pins, clocks and serial lines; building, programming and talking to them."""

from .board import Board
from .registry import BOARDS
from .report import BuildReport

__all__ = [
    "BOARDS",
    "Board",
    "BuildReport",
]
