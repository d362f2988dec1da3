"""Checks of arguments: each raises what a value must be, then what it is.

`TypeError` is for the kind of a value and `ValueError` for the value itself. A check returns the
value, as the plain type that it is kept as.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int32]
WORD_LIMIT = 2**31
"""Every integer of the tables lies in [-2**31, 2**31)."""


def integer(name: str, value: Any, low: int, high: int) -> int:
    """Return `value` as an int in low…high (both included), or raise naming `name`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an int, not {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low}…{high}, not {value}")
    return int(value)


def optional(name: str, value: Any, low: int, high: int) -> int | None:
    """Return `value` if it is None or an int in low…high, or raise naming `name`."""
    return None if value is None else integer(name, value, low, high)


def number(name: str, value: Any, low: float, high: float) -> float:
    """Return `value` if it is a number in low…high, or raise naming `name`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, not {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low}…{high}, not {value}")
    return value


def flag(name: str, value: Any) -> bool:
    """Return `value` if it is a bool, or raise naming `name`."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be a bool, not {value!r}")
    return value


def choice(name: str, value: Any, options: tuple[str, ...]) -> str:
    """Return `value` if it is one of `options`, or raise naming `name`."""
    if value not in options:
        listed = ", ".join(repr(option) for option in options[:-1])
        listed = f"{listed} or {options[-1]!r}" if listed else repr(options[-1])
        raise ValueError(f"{name} must be {listed}, not {value!r}")
    return str(value)


def identifier(name: str, value: Any) -> str:
    """Return `value` if it can name a layer: letters, digits and underscores, no digit first."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {value!r}")
    if not (value.isidentifier() and value.isascii()):
        raise ValueError(
            f"{name} must be letters, digits and underscores, no digit first, not {value!r}"
        )
    return value


def pair(name: str, value: Any, low: int, high: int) -> tuple[int, int]:
    """Return `value`, an int or two of them for rows and columns, as (rows, columns)."""
    if isinstance(value, int | np.integer):
        value = (value, value)
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise TypeError(f"{name} must be an int or two ints (rows, columns), not {value!r}")
    rows = integer(f"{name} rows", value[0], low, high)
    return rows, integer(f"{name} columns", value[1], low, high)


def integers(
    name: str, value: ArrayLike, dims: tuple[int, ...], low: int, high: int
) -> NDArray[np.int32]:
    """Return `value` as a read-only int32 array with a number of axes in `dims`.

    Raises
    ------
    TypeError
        Where `value` does not hold integers.
    ValueError
        Where an element lies outside low…high, or the number of axes is not in `dims`; the message
        names the first such element by its index.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold integers, not {array.dtype}")
    if array.ndim not in dims:
        wanted = " or ".join(str(d) for d in dims)
        raise ValueError(f"{name} must have {wanted} axes, not {array.ndim}: {array.shape}")
    if 0 in array.shape:
        raise ValueError(f"{name} must not be empty, but has shape {array.shape}")
    if array.min() < low or array.max() > high:
        index = tuple(int(i) for i in np.argwhere((array < low) | (array > high))[0])
        place = f" at {index}" if index else ""
        raise ValueError(f"{name} must be {low}…{high}, not {int(array[index])}{place}")
    array = np.array(array, dtype=np.int32, order="C")
    array.setflags(write=False)
    return array


def per_channel(name: str, value: ArrayLike, low: int, high: int) -> NDArray[np.int32]:
    """Return `value` as a read-only int32 array of shape (channels,), elements in low…high."""
    return integers(name, value, (1,), low, high)


def kind_of(value: Any) -> str:
    """Return what a value is, in a few words."""
    if value is None or isinstance(value, str | int | float):
        return repr(value)
    return f"a {type(value).__name__}"
