"""Samples as a board makes maps of them, which are shorter than these."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..boards.wire.pixels import PixelParameters
from ..data.encode import encode
from ..hw.plan.plan import Plan
from ..hw.plan.widths import parts


class Pixels:
    """Find pixels of which `somagate.data.encode` makes given spikes, by the encoding 'rate'.

    Parameters
    ----------
    built
        What the board that takes pixels was built from.
    plan
        How what it runs lies on it.
    """

    def __init__(self, built: Plan, plan: Plan) -> None:
        self._plan, self._parameters = plan, PixelParameters.of(built)
        given = self._parameters
        trains = encode(
            np.arange(given.maximum + 1)[None],
            encoding="rate", steps=given.steps, maximum=given.maximum,
        )[:, 0]  # fmt: skip
        self._trains, self._pixels = np.unique(_keys(trains), return_index=True)

    @property
    def shorter(self) -> bool:
        """Whether a sample's pixels are fewer bytes than its words."""
        words = self._plan.sample_words * parts(self._plan.word_bits, 8)
        return self._parameters.sample_bytes < words

    def known(self, x: NDArray[Any]) -> bool:
        """Whether there is a pixel for each spike train of samples (steps, batch, *input shape)."""
        return bool(np.isin(_keys(x.reshape(len(x), -1)), self._trains).all())

    def packed(self, x: NDArray[Any]) -> bytes:
        """Return the bytes of a sample (steps, *input shape) whose spike trains are known."""
        found = np.searchsorted(self._trains, _keys(x.reshape(len(x), -1)))
        pixels = self._pixels[found].reshape(x.shape[1:])
        flat = self._plan.input_rows(pixels[None]).reshape(-1, 1)
        bits = flat >> np.arange(self._parameters.pixel_bits) & 1
        return np.packbits(bits.reshape(-1).astype(np.uint8), bitorder="little").tobytes()


class Repeated:
    """Find the map that a sample has in every step, by the encoding 'direct'.

    Parameters
    ----------
    plan
        How what the board runs lies on it.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    @property
    def shorter(self) -> bool:
        """Whether a map is fewer bytes than a sample."""
        return self._plan.tables.steps > 1

    def known(self, x: NDArray[Any]) -> bool:
        """Whether samples (steps, batch, *input shape) have the same map in every step."""
        return bool((x == x[:1]).all())

    def packed(self, x: NDArray[Any]) -> bytes:
        """Return the bytes of the map of a sample (steps, *input shape)."""
        size = parts(self._plan.word_bits, 8)
        return b"".join(word.to_bytes(size, "little") for word in self._plan.pack_input(x[:1]))


def way_of(built: Plan, plan: Plan) -> Pixels | Repeated:
    """Return the way in which samples go to a board that takes pixels; see `Pixels`."""
    return Pixels(built, plan) if built.tables.input.encoding == "rate" else Repeated(plan)


def _keys(trains: NDArray[Any]) -> NDArray[Any]:
    """Return spike trains (steps, count) as (count,) strings of bytes."""
    packed = np.packbits(trains.astype(bool), axis=0)
    return np.ascontiguousarray(packed.T).view(f"S{len(packed)}").reshape(-1)
