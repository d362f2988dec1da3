"""Numbers of a source: finite float64 arrays, and the dyadic numbers that decays stand for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LARGEST = 1e30
"""Of a number; sums of larger ones may not be finite."""
NEAR = 2.5e-7
"""How far rounding in float32 moves a decay that was computed from a time constant."""
FINEST = 12
"""Bits behind the point of a decay that is taken for dyadic: by chance, 1 in 500 is this near."""


def floats(name: str, value: Any, dims: tuple[int, ...]) -> Floats:
    """Return `value` as a read-only float64 array with a number of axes in `dims`.

    Raises
    ------
    TypeError
        Where it does not hold numbers.
    ValueError
        Where one isn't finite or is huge, there is none, or the number of axes is not in `dims`.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} must hold numbers, not {array.dtype}")
    if array.ndim not in dims:
        wanted = " or ".join(str(d) for d in dims)
        raise ValueError(f"{name} must have {wanted} axes, not {array.ndim}: {array.shape}")
    if not array.size:
        raise ValueError(f"{name} must not be empty, but has shape {array.shape}")
    array = np.array(array, np.float64, order="C")
    if not np.isfinite(array).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        place = f" at {index}" if index else ""
        raise ValueError(f"{name} must be finite, not {array[index]}{place}")
    if np.abs(array).max() > LARGEST:
        raise ValueError(f"{name} must be at most {LARGEST:g} in size, not {np.abs(array).max():g}")
    array.setflags(write=False)
    return array


def dyadic(value: float, bits: int = FINEST, near: float = NEAR) -> tuple[int, int] | None:
    """Return (multiplier, shift) of the coarsest multiplier / 2**shift that is as near, or None.

    The shift is at most `bits`.
    """
    for shift in range(bits + 1):
        multiplier = round(value * (1 << shift))
        if abs(value - multiplier / (1 << shift)) <= near * max(1.0, abs(value)):
            return multiplier, shift
    return None


def snapped(values: Floats) -> Floats:
    """Return decays and gains with each that is as good as dyadic made so: 0.49999999 is 1/2."""
    different, inverse = np.unique(values, return_inverse=True)
    found = [dyadic(float(value)) for value in different]
    exact = np.array(
        [v if f is None else f[0] / (1 << f[1]) for v, f in zip(different, found, strict=True)]
    )
    return floats("snapped", exact[inverse].reshape(values.shape), (values.ndim,))
