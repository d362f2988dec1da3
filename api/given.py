"""What the front door is given: each is checked at once, and said in the words of its user."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .checks.arguments import integer
from .encoded import Samples
from .export.tables import Tables

if TYPE_CHECKING:
    from .designs import Design

MOST_HZ = 10**10
"""Faster than any FPGA."""


def the_tables(value: Any) -> Tables:
    """Return tables, or raise `TypeError` with what makes them."""
    if not isinstance(value, Tables):
        raise TypeError(
            f"tables must be Tables, as somagate.load and from_checkpoint return them, not "
            f"{_kind(value)}"
        )
    return value


def the_design(value: Any) -> "Design":
    """Return a design, or raise `TypeError` with what makes one."""
    from .designs import Design

    if not isinstance(value, Design):
        raise TypeError(
            f"design must be a Design, of somagate.plan or somagate.design, not {_kind(value)}"
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
            f"{_kind(value)}"
        )
    return value.given_to(tables)


def maps(tables: Tables, value: Any) -> NDArray[Any]:
    """Return input maps (steps, samples, *input shape) from samples, or from an array of them."""
    if isinstance(value, Samples):
        return value.given_to(tables).x
    if not isinstance(value, np.ndarray):
        raise TypeError(
            "data must be Samples, as somagate.samples returns them, or an array (steps, samples, "
            f"*input shape), not {_kind(value)}"
        )
    return value


def clock(hz: Any) -> int | None:
    """Return a clock in Hz, or None where there is none, or raise."""
    return None if hz is None else integer("clock_hz", hz, 1, MOST_HZ)


def _kind(value: Any) -> str:
    """Return what a value is, in a few words."""
    if value is None or isinstance(value, str | int | float):
        return repr(value)
    return f"a {type(value).__name__}"
