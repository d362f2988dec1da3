"""What the elements of a network's input are, as integers."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..export.neuron import Activation
from .floats import Floats
from .paths import LoweringError

MOST_LEVELS = 256
NEAR = 1e-3
"""Of a level, what float32 may be off."""


@dataclass(frozen=True, kw_only=True)
class InputForm:
    """How numbers of the source are integers of the tables: number = scale · integer.

    Attributes
    ----------
    activation
        Of the integers.
    scale
        Above 0.
    exact
        Whether all samples that it was made of are such numbers.
    """

    activation: Activation
    scale: float
    exact: bool

    def integers(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """Return numbers of the source as the nearest integers, saturated, in the same shape."""
        nearest = np.round(np.asarray(x, np.float64) / self.scale)
        return np.clip(nearest, self.activation.low, self.activation.high).astype(np.int64)

    def holds(self, x: NDArray[Any]) -> bool:
        """Return whether numbers are in the form's range and, where it is exact, on its levels."""
        away = np.abs(np.asarray(x, np.float64) / self.scale - self.integers(x))
        return bool((away <= (NEAR if self.exact else 0.5 + NEAR)).all())

    def lost(self, x: NDArray[Any]) -> str:
        """Return what rounding and saturating loses of numbers beyond a form's own step, or ''.

        Raises
        ------
        LoweringError
            Where spikes are wanted and the numbers are others.
        """
        levels = np.asarray(x, np.float64) / self.scale
        low, high = self.activation.low, self.activation.high
        beyond = np.maximum(low - levels, levels - high)
        most = np.count_nonzero(beyond > (NEAR if self.exact else 0.5 + NEAR))
        if self == SPIKES:
            others = np.asarray(x)[(levels != 0) & (levels != 1)]
            if others.size:
                raise LoweringError(
                    f"samples must be spikes, 0 and 1, not {others[0]:g}: the tables were imported "
                    "for those; encode them, or import with samples= like these"
                )
            return ""
        bounds = f"{low * self.scale:g}…{high * self.scale:g}"
        parts = []
        if most:
            parts.append(f"{most:,} of {levels.size:,} numbers are beyond {bounds} and saturate")
        between = np.abs(levels - np.round(levels)) > NEAR
        if self.exact and (count := np.count_nonzero(between & (beyond <= 0))):
            parts.append(
                f"{count:,} of {levels.size:,} numbers are rounded to multiples of {self.scale:g}"
            )
        return ", and ".join(parts)

    def numbers(self, integers: NDArray[Any]) -> Floats:
        """Return integers as numbers of the source."""
        return np.asarray(integers, np.float64) * self.scale

    def narrowed(self) -> "InputForm":
        """Return the form of the same range in a bit less."""
        activation = replace(self.activation, bits=self.activation.bits - 1)
        scale = self.scale * self.activation.high / activation.high
        return InputForm(activation=activation, scale=scale, exact=False)


SPIKES = InputForm(activation=Activation(), scale=1.0, exact=True)


def input_form(x: NDArray[Any] | None, bits: int = 8) -> InputForm:
    """Return the form of samples: spikes, whole numbers, levels of one size, or `bits` of a range.

    Parameters
    ----------
    x
        Numbers of the source; None are spikes.
    bits
        Of a value that has no levels that fit 8 bits, 2…8.

    Raises
    ------
    LoweringError
        Where a number isn't finite.
    """
    if x is None:
        return SPIKES
    x = np.asarray(x, np.float64)
    if not np.isfinite(x).all():
        raise LoweringError("samples must be finite, but hold NaN or infinity")
    levels = np.unique(x)
    if set(levels.tolist()) <= {0.0, 1.0}:
        return SPIKES
    step = _step(levels)
    signed = bool(levels[0] < 0)
    if step is not None:
        low, high = round(levels[0] / step), round(levels[-1] / step)
        wide = max(int(high).bit_length(), int(-low - 1).bit_length() if signed else 0) + signed
        if wide <= 8:
            activation = Activation(kind="value", bits=max(wide, 1), signed=signed)
            return InputForm(activation=activation, scale=step, exact=True)
    activation = Activation(kind="value", bits=bits, signed=signed)
    scale = max(levels[-1] / activation.high, levels[0] / activation.low if signed else 0.0)
    return InputForm(activation=activation, scale=float(scale), exact=False)


def _step(levels: Floats) -> float | None:
    """Return the size that all levels are multiples of, or None where there is none of 8 bits."""
    if len(levels) > 2 * MOST_LEVELS:
        return None
    largest = float(np.abs(levels).max())
    near = 1e-5
    # A round fraction is meant where one fits: 1/255 of an image, 1/16 of digits, whole numbers.
    for parts in (1, 2, 3, 4, 5, 7, 8, 10, 15, 16, 31, 32, 63, 64, 100, 127, 128, 255, 256):
        scaled = levels * parts
        if (
            largest * parts <= MOST_LEVELS
            and np.abs(scaled - np.round(scaled)).max() <= near * parts
        ):
            return 1.0 / parts
    gaps = np.diff(np.concatenate([[0.0], np.abs(levels)]))
    smallest = float(np.abs(gaps[np.abs(gaps) > near * largest]).min())
    if np.abs(levels / smallest - np.round(levels / smallest)).max() <= 1e-3:
        return smallest
    return None
