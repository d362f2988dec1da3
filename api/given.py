"""What the front door is given: each is checked at once, and said in the words of its user.

Samples are checked by `encoded`, and designs by `designs`.
"""

from importlib import import_module
from typing import Any

from .checks import kind_of
from .export.tables import Tables

ACTIVITY = 0.1
"""Spikes a neuron and time step where there are no samples to count them in."""

MOST_HZ = 10**10
"""Faster than any FPGA."""


def the_tables(value: Any) -> Tables:
    """Return tables, or raise `TypeError` with what makes them."""
    if not isinstance(value, Tables):
        raise TypeError(
            f"tables must be Tables, as somagate.load and from_checkpoint return them, not "
            f"{kind_of(value)}"
        )
    return value


def assumed_activity(data: object | None, activity: float | None) -> float:
    """Return the activity to draw spikes with; it goes without data only."""
    if data is not None and activity is not None:
        raise ValueError(f"activity must be left out where there is data, not {activity}")
    return ACTIVITY if activity is None else activity


def needs_torch(function: str) -> None:
    """Raise `ModuleNotFoundError` saying what to install where torch isn't there."""
    try:
        import_module("torch")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise ModuleNotFoundError(
            f"{function} needs torch, which is not installed: pip install 'somagate[train]'",
            name="torch",
        ) from None
