"""Where the neurons of a layer lie in its pictures."""

from dataclasses import dataclass
from math import ceil, prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...sim.causes.field import Place

WIDE = 3
"""How much wider than high a picture of maps is, about."""


@dataclass(frozen=True, kw_only=True)
class Mosaic:
    """The maps of a layer beside each other, one cell a neuron, with a gap between channels.

    Attributes
    ----------
    shape
        Of the layer's neurons.
    across
        Channels in a row; of a layer with one axis, neurons in a row.
    """

    shape: Place
    across: int

    @classmethod
    def of(cls, shape: Place) -> "Mosaic":
        """Return the mosaic of a shape."""
        if len(shape) == 1:
            return cls(shape=shape, across=min(shape[0], ceil(sqrt(WIDE * shape[0]))))
        channels, rows, columns = shape
        wanted = sqrt(WIDE * channels * (rows + 1) / (columns + 1))
        return cls(shape=shape, across=min(channels, max(1, ceil(wanted))))

    @property
    def size(self) -> tuple[int, int]:
        """(columns, rows) of cells."""
        down = ceil(self.shape[0] / self.across)
        if len(self.shape) == 1:
            return self.across, down
        return self.across * (self.shape[2] + 1) - 1, down * (self.shape[1] + 1) - 1

    def laid(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Return a layer's values as a picture (rows, columns); a gap is NaN."""
        columns, rows = self.size
        found = np.full((rows, columns), np.nan, np.float32)
        if len(self.shape) == 1:
            found.reshape(-1)[: self.shape[0]] = values
            return found
        for channel, each in enumerate(values):
            x, y = self.corner(channel)
            found[y : y + self.shape[1], x : x + self.shape[2]] = each
        return found

    def corner(self, channel: int) -> tuple[int, int]:
        """Return (column, row) of the cell in which a channel starts."""
        down, across = divmod(channel, self.across)
        if len(self.shape) == 1:
            return across, down
        return across * (self.shape[2] + 1), down * (self.shape[1] + 1)

    def frames(self) -> tuple[list[tuple[float, float]], tuple[float, float]]:
        """Return (left, top) of each channel, and the size of all of them."""
        if len(self.shape) == 1:
            columns, rows = self.size
            return [(0, 0)], (columns, rows)
        corners = [self.corner(channel) for channel in range(self.shape[0])]
        return [(float(x), float(y)) for x, y in corners], (self.shape[2], self.shape[1])

    def cell(self, place: Place) -> tuple[int, int]:
        """Return (column, row) of a neuron's cell."""
        x, y = self.corner(place[0])
        return (x, y) if len(place) == 1 else (x + place[2], y + place[1])

    def neuron(self, x: float, y: float) -> Place | None:
        """Return the neuron whose cell a point is in, or None."""
        columns, rows = self.size
        if not (0 <= x < columns and 0 <= y < rows):
            return None
        if len(self.shape) == 1:
            place: Place = (int(y) * self.across + int(x),)
        else:
            across, column = divmod(int(x), self.shape[2] + 1)
            down, row = divmod(int(y), self.shape[1] + 1)
            place = (down * self.across + across, row, column)
        return place if inside(place, self.shape) else None


def inside(place: Place, shape: Place) -> bool:
    """Return whether a place lies in a shape."""
    return len(place) == len(shape) and all(
        0 <= index < size for index, size in zip(place, shape, strict=True)
    )


def number(place: Place, shape: Place) -> int:
    """Return a neuron's number in its layer."""
    return int(np.ravel_multi_index(place, shape))


def numbered(index: int, shape: Place) -> Place:
    """Return the neuron of a number, the nearest there is."""
    index = min(max(index, 0), prod(shape) - 1)
    return tuple(int(i) for i in np.unravel_index(index, shape))
