"""Pictures of arrays of any size: what is seen is never more than a screen's pixels.

A level of a pyramid holds the sums of 4 elements of the level below, along either axis. A picture
of a part is made of the level that has a few elements a pixel, so it costs as much for a million as
for a billion.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FACTOR = 4
MOST = 4
"""Elements of a level in a pixel, at most, along an axis."""
WIDTH, HEIGHT = 1000, 500
"""Pixels of a picture at most."""


class Pyramid:
    """Means over parts of an array.

    Parameters
    ----------
    values
        Numbers (columns, rows): columns go to the right in a picture, rows up.
    """

    def __init__(self, values: NDArray[Any]) -> None:
        self._levels: dict[tuple[int, int], NDArray[Any]] = {(0, 0): values}
        self.shape: tuple[int, int] = (values.shape[0], values.shape[1])

    def tile(
        self, columns: tuple[float, float], rows: tuple[float, float]
    ) -> tuple[NDArray[np.float32], tuple[float, float, float, float]]:
        """Return a picture of a part.

        Parameters
        ----------
        columns, rows
            From where to where, in elements; what lies outside is left out.

        Returns
        -------
        picture
            float32 (rows, columns), at most `HEIGHT` by `WIDTH`: means of the elements in a pixel.
        place
            (left, bottom, width, height) of the picture, in elements.
        """
        x = _Axis.of(columns, self.shape[0], WIDTH)
        y = _Axis.of(rows, self.shape[1], HEIGHT)
        part = self._level(x.level, y.level)[x.first : x.last, y.first : y.last]
        sums = np.add.reduceat(part, x.edges, 0, np.float32)
        sums = np.add.reduceat(sums, y.edges, 1)
        means = sums / (x.sizes[:, None] * y.sizes[None, :])
        place = (x.start, y.start, float(x.sizes.sum()), float(y.sizes.sum()))
        return np.ascontiguousarray(means.T, np.float32), place

    def _level(self, across: int, up: int) -> NDArray[Any]:
        """Return the sums of so many times `FACTOR` columns, and rows."""
        if (across, up) not in self._levels:
            axis = 0 if across else 1
            below = self._level(across - 1, up) if across else self._level(across, up - 1)
            edges = np.arange(0, below.shape[axis], FACTOR)
            self._levels[across, up] = np.add.reduceat(below, edges, axis, np.float32)
        return self._levels[across, up]


@dataclass(frozen=True, kw_only=True)
class _Axis:
    """A part of an axis, in elements of a level, and its pixels."""

    level: int
    first: int
    last: int
    edges: NDArray[np.int64]
    sizes: NDArray[np.float32]
    start: float

    @classmethod
    def of(cls, part: tuple[float, float], size: int, pixels: int) -> "_Axis":
        low, high = _inside(part, size)
        level = 0
        while (high - low) / pixels > MOST * FACTOR**level:
            level += 1
        scale = FACTOR**level
        first, last = low // scale, -(-high // scale)
        edges = _edges(last - first, pixels)
        bounds = np.minimum((first + np.append(edges, last - first)) * scale, size)
        return cls(
            level=level, first=first, last=last, edges=edges,
            sizes=np.diff(bounds).astype(np.float32), start=float(first * scale),
        )  # fmt: skip


def _inside(part: tuple[float, float], size: int) -> tuple[int, int]:
    """Return the whole elements of a part, at least one."""
    low = int(min(max(np.floor(part[0]), 0), size - 1))
    high = int(min(max(np.ceil(part[1]), low + 1), size))
    return low, high


def _edges(size: int, most: int) -> NDArray[np.int64]:
    """Return where the pixels start."""
    return np.unique(np.linspace(0, size, min(size, most) + 1).astype(np.int64)[:-1])
