"""The accelerator's walk over a layer as numbers: which words it reads, and the spikes in them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..hw.descriptor import Descriptor, Map, Source
from ..hw.scanner import PART_BITS
from ..hw.stage_plan import StagePlan
from .pipeline import Events


class Word(NamedTuple):
    """A word of a map as far as it lies in a receptive field.

    Attributes
    ----------
    source
        Number of the descriptor's source.
    plane, row
        Of the map.
    low, high
        First bit in the map row, and the one behind the last; equal where nothing is inside.
    ends
        Ends a bit plane or the position.
    """

    source: int
    plane: int
    row: int
    low: int
    high: int
    ends: bool


Segment = tuple[Word, ...]
"""A segment's words; none where it is outside of the map and dropped."""


def positions(
    stage: StagePlan, descriptor: Descriptor, first_step: bool
) -> Iterator[tuple[Segment, ...]]:
    """Yield the segments of each position, in the order of `hw.walker.Walker`.

    Parameters
    ----------
    stage, descriptor
        The layer, and the stage that executes it.
    first_step
        Whether it is the first time step, in which a recurrent source has no segments.
    """
    height, width = descriptor.window
    for row in range(descriptor.rows):
        for column in range(descriptor.columns):
            for group in range(descriptor.groups):
                for y in range(row * height, (row + 1) * height):
                    for x in range(column * width, (column + 1) * width):
                        yield _segments(stage, descriptor, first_step, group, y, x)


def _segments(
    stage: StagePlan, descriptor: Descriptor, first_step: bool, group: int, y: int, x: int
) -> tuple[Segment, ...]:
    """Return the segments of one position, highest bit plane first."""
    found = []
    final = len(descriptor.sources) - 1
    for plane in reversed(range(descriptor.planes)):
        for number, source in enumerate(descriptor.sources):
            seen = plane < source.map.planes and not (source.recurrent and first_step)
            top = y * source.stride[0] - source.padding[0]
            left = (x * source.stride[1] - source.padding[1]) * source.map.channels
            left += group * source.group_bits
            for i in range(source.kernel[0]):
                for j in range(source.kernel[1]):
                    last = (i, j) == (source.kernel[0] - 1, source.kernel[1] - 1)
                    start = left + j * source.map.channels
                    found.append(
                        _words(source, number, plane, top + i, start, seen, last and number == final)
                    )
    return tuple(found)


def _words(
    source: Source, number: int, plane: int, row: int, start: int, seen: bool, ends: bool
) -> Segment:
    """Return the words of one segment, clipped to its map."""
    size, word_bits = source.map.row_bits, source.map.word_bits
    low, high = max(start, 0), min(start + source.span, size)
    if not seen or not 0 <= row < source.map.rows or low >= high:
        return (Word(number, 0, 0, 0, 0, True),) if ends else ()
    edges = [low, *range(low - low % word_bits + word_bits, high, word_bits), high]
    return tuple(
        Word(number, plane, row, a, b, ends and b == high)
        for a, b in zip(edges[:-1], edges[1:], strict=True)
    )


class Spikes:
    """The spikes in any part of a map, in several runs at once.

    Parameters
    ----------
    layout
        How the map is stored.
    mask
        bool (channels,), the kept ones.
    values
        Integers or bools (runs, channels, rows, columns).
    banks
        Of the stage.
    """

    def __init__(
        self, layout: Map, mask: NDArray[np.bool_], values: NDArray[Any], banks: int
    ) -> None:
        kept = values[:, mask].astype(np.int64)
        kept = np.pad(kept, ((0, 0), (0, layout.channels - kept.shape[1]), (0, 0), (0, 0)))
        runs = len(kept)
        bits = kept.transpose(2, 3, 1, 0).reshape(layout.rows, -1, banks, runs)
        planes = np.arange(layout.planes).reshape(-1, 1, 1, 1, 1)
        set_bits = np.pad(bits >> planes & 1, ((0, 0), (0, 0), (1, 0), (0, 0), (0, 0)))
        self._sums = set_bits.cumsum(2, dtype=np.int32)
        # Up to each place: the bits of the last part of the scanner's that has any.
        size = min(PART_BITS, layout.word_bits // banks)
        self._parts = np.zeros_like(self._sums)
        for end in range(1, self._sums.shape[2]):
            start = (end - 1) // size * size
            part = self._sums[:, :, end] - self._sums[:, :, start]
            self._parts[:, :, end] = np.where(part, part, self._parts[:, :, start])
        self._banks = banks

    def events(self, word: Word) -> Events:
        """Return the events of each bank in a word, (banks, runs)."""
        place = word.plane, word.row, word.high // self._banks
        every = self._sums[place] - self._sums[word.plane, word.row, word.low // self._banks]
        return Events(every, np.minimum(every, self._parts[place]))
