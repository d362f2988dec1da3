"""What the front door is given: each is checked at once, and said in the words of its user."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .checks.arguments import integer
from .encoded import Samples
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


def the_samples(tables: Tables, value: Any) -> Samples:
    """Return samples that are for these tables, or for others that take the same, as theirs.

    Raises
    ------
    TypeError
        Where they are no `Samples`.
    ValueError
        Where they are encoded for tables with another input.
    """
    if not isinstance(value, Samples):
        raise TypeError(
            f"data must be Samples, as somagate.samples(tables, 'digits') returns them, not "
            f"{kind_of(value)}"
        )
    return value.given_to(tables)


def maps(tables: Tables, value: Any) -> NDArray[Any]:
    """Return input maps (steps, samples, *input shape) from samples, or from an array of them."""
    if isinstance(value, Samples):
        return value.given_to(tables).x
    if not isinstance(value, np.ndarray):
        raise TypeError(
            "data must be Samples, as somagate.samples returns them, or an array (steps, samples, "
            f"*input shape), not {kind_of(value)}"
        )
    return value


def clock(hz: Any) -> int | None:
    """Return a clock in Hz, or None where there is none, or raise."""
    return None if hz is None else integer("clock_hz", hz, 1, MOST_HZ)


def assumed_activity(data: Samples | None, activity: float | None) -> float:
    """Return the activity to draw spikes with; it goes without data only."""
    if data is not None and activity is not None:
        raise ValueError(f"activity must be left out where there is data, not {activity}")
    return ACTIVITY if activity is None else activity


def kind_of(value: Any) -> str:
    """Return what a value is, in a few words."""
    if value is None or isinstance(value, str | int | float):
        return repr(value)
    return f"a {type(value).__name__}"
