"""Boards: pins, clocks and serial lines; building, programming and talking to them."""

from .board import Board
from .device import Device, DeviceError, connect
from .registry import BOARDS
from .report import BuildReport

__all__ = [
    "BOARDS",
    "Board",
    "BuildReport",
    "Device",
    "DeviceError",
    "connect",
]
