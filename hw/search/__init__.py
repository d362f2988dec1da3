"""Choosing a plan for a part and a goal, and what would fit where one does not."""

from . import choose, remedies, room
from .choice import Choice
from .room import DoesNotFitError
from .wanted import Wanted

__all__ = [
    "Choice",
    "DoesNotFitError",
    "Wanted",
    "choose",
    "remedies",
    "room",
]
