"""Checks of a record's fields: each raises what it must be, then what it is."""

from typing import Any


def integer(name: str, value: Any, low: int, high: int) -> None:
    """Raise unless `value` is an int low…high."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low}…{high}, not {value}")


def optional(name: str, value: Any, low: int, high: int) -> None:
    """Raise unless `value` is None or an int low…high."""
    if value is not None:
        integer(name, value, low, high)


def number(name: str, value: Any, low: float, high: float) -> None:
    """Raise unless `value` is a number low…high."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, not {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low}…{high}, not {value}")


def choice(name: str, value: Any, options: tuple[str, ...]) -> None:
    """Raise unless `value` is one of `options`."""
    if value not in options:
        listed = " or ".join(repr(option) for option in options)
        raise ValueError(f"{name} must be {listed}, not {value!r}")


def flag(name: str, value: Any) -> None:
    """Raise unless `value` is a bool."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be a bool, not {value!r}")
