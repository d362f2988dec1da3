"""Pictures of arrays of any size: what is seen is never more than a screen's pixels.

A level of a pyramid holds the sums of 4×4 elements of the level below. A picture of a part is made
of the level that has a few elements a pixel, so it costs as much for a million as for a billion.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FACTOR = 4
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
        self._levels: list[NDArray[Any]] = [values]
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
        left, right = _inside(columns, self.shape[0])
        bottom, top = _inside(rows, self.shape[1])
        level = 0
        most = 4  # elements a pixel and axis
        while max((right - left) / WIDTH, (top - bottom) / HEIGHT) > most * FACTOR**level:
            level += 1
        size = FACTOR**level
        values = self._level(level)
        left, bottom = left // size, bottom // size
        right, top = -(-right // size), -(-top // size)
        part = values[left:right, bottom:top]
        x, y = _edges(right - left, WIDTH), _edges(top - bottom, HEIGHT)
        sums = np.add.reduceat(part, x, 0, dtype=np.float32)
        sums = np.add.reduceat(sums, y, 1)
        widths = np.diff(self._bounds(left + np.append(x, right - left), size, 0))
        heights = np.diff(self._bounds(bottom + np.append(y, top - bottom), size, 1))
        means = sums / (widths[:, None] * heights[None, :]).astype(np.float32)
        place = (
            float(left * size), float(bottom * size), float(widths.sum()), float(heights.sum()),
        )  # fmt: skip
        return np.ascontiguousarray(means.T, np.float32), place

    def _bounds(self, edges: NDArray[np.int64], size: int, axis: int) -> NDArray[np.int64]:
        return np.minimum(edges * size, self.shape[axis])

    def _level(self, level: int) -> NDArray[Any]:
        while len(self._levels) <= level:
            below = self._levels[-1]
            sums = np.add.reduceat(below, np.arange(0, below.shape[0], FACTOR), 0, np.float32)
            self._levels.append(np.add.reduceat(sums, np.arange(0, below.shape[1], FACTOR), 1))
        return self._levels[level]


def _inside(part: tuple[float, float], size: int) -> tuple[int, int]:
    """Return the whole elements of a part, at least one."""
    low = int(min(max(np.floor(part[0]), 0), size - 1))
    high = int(min(max(np.ceil(part[1]), low + 1), size))
    return low, high


def _edges(size: int, most: int) -> NDArray[np.int64]:
    """Return where the pixels start."""
    return np.unique(np.linspace(0, size, min(size, most) + 1).astype(np.int64)[:-1])
