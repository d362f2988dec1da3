"""The accelerator's walk over a layer as numbers: which words it reads, and the spikes in them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hw.plan.descriptor import Descriptor, Map, Source, as_map
from ...hw.plan.stage_plan import StagePlan
from ...hw.rtl.gather.scanner import PART_BITS


@dataclass(frozen=True, kw_only=True, eq=False)
class Walk:
    """The words that the fetcher reads of a layer in a time step, in their order.

    Attributes
    ----------
    positions
        Words of each position's receptive field; 0 where its lane group is skipped.
    steps
        Of each word: the walker's steps to its segment, those over segments outside of the map
        included; 0 where it follows another word of the same segment.
    ends
        Of each word: whether it ends a bit plane or the position.
    low, high
        int64 (words,): the first bit of each bank and the one behind the last, among those of all
        sources that `Spikes` counts; equal where there are none.
    trailing
        Steps over segments behind the last word.
    """

    positions: list[int]
    steps: list[int]
    ends: list[bool]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    trailing: int


def walk(
    stage: StagePlan, descriptor: Descriptor, *, first_step: bool, skips: Collection[int] = ()
) -> Walk:
    """Walk over a layer as `hw.rtl.gather.walker.Walker` does.

    Parameters
    ----------
    stage, descriptor
        The layer, and the stage that executes it.
    first_step
        Whether it is the first time step, in which a recurrent source has no segments.
    skips
        Lane groups that are pruned at run time.
    """
    positions: list[int] = []
    words: list[tuple[int, bool, int, int]] = []
    due = 1
    height, width = descriptor.window
    windows = [
        (group, row * height + y, column * width + x)
        for row in range(descriptor.rows)
        for column in range(descriptor.columns)
        for group in range(descriptor.groups)
        for y in range(height)
        for x in range(width)
    ]
    for group, y, x in windows:
        before = len(words)
        for segment in _segments(stage, descriptor, first_step, group, y, x):
            if group not in skips and segment:
                words += [(due, *segment[0]), *((0, *word) for word in segment[1:])]
                due = 0
            due += 1
        positions.append(len(words) - before)
    steps, ends, low, high = zip(*words, strict=True) if words else ((), (), (), ())
    return Walk(
        positions=positions,
        steps=list(steps),
        ends=list(ends),
        low=np.array(low, np.int64),
        high=np.array(high, np.int64),
        trailing=due - 1,
    )


Word = tuple[bool, int, int]
"""Whether it ends a plane or the position, its first bit of each bank, the one behind the last."""


def _segments(
    stage: StagePlan, descriptor: Descriptor, first_step: bool, group: int, y: int, x: int
) -> list[list[Word]]:
    """Return the segments of a position, highest bit plane first; empty what is dropped."""
    found = []
    offsets = np.cumsum([0, *(_stored_bits(s.map) // stage.banks for s in descriptor.sources)])
    for plane in reversed(range(descriptor.planes)):
        for number, source in enumerate(descriptor.sources):
            seen = plane < source.map.planes and not (source.recurrent and first_step)
            top = y * source.stride[0] - source.padding[0]
            left = (x * source.stride[1] - source.padding[1]) * source.map.channels
            left += group * source.group_bits
            rows, columns = source.kernel
            for i in range(rows):
                for j in range(columns):
                    ends = (number, i, j) == (len(descriptor.sources) - 1, rows - 1, columns - 1)
                    row, start = top + i, left + j * source.map.channels
                    if not (seen and 0 <= row < source.map.rows):
                        found.append([(True, 0, 0)] if ends else [])
                        continue
                    line = (plane * source.map.rows + row) * _row_bits(source.map)
                    found.append(
                        _words(source, int(offsets[number]), line, start, ends, stage.banks)
                    )
    return found


def _words(
    source: Source, offset: int, line: int, start: int, ends: bool, banks: int
) -> list[Word]:
    """Return the words of a segment, clipped to its row; `line` is the row's first bit."""
    low, high = max(start, 0), min(start + source.span, source.map.row_bits)
    if low >= high:
        return [(True, 0, 0)] if ends else []
    size = source.map.word_bits
    edges = [low, *range(low - low % size + size, high, size), high]
    places = [offset + (line + edge) // banks for edge in edges]
    return [(ends and b == places[-1], a, b) for a, b in zip(places[:-1], places[1:], strict=True)]


def _row_bits(layout: Map) -> int:
    """Return the bits of a row with those that fill its last word."""
    return layout.row_words * layout.word_bits


def _stored_bits(layout: Map) -> int:
    """Return the bits of all words of a map."""
    return layout.words * layout.word_bits


class Spikes:
    """The spikes of one sample in the words of a layer's walk.

    Parameters
    ----------
    stage, descriptor
        The layer, and the stage that executes it.
    maps
        Integers or bools (steps, *map shape) of each source.
    """

    def __init__(
        self, stage: StagePlan, descriptor: Descriptor, maps: Mapping[str, NDArray[Any]]
    ) -> None:
        self._banks = stage.banks
        self._part_bits = min(PART_BITS, stage.word_bits // stage.banks)
        self._sources = [
            (source.recurrent, _bits(stage, source, maps[source.name]))
            for source in descriptor.sources
        ]

    def events(self, walk: Walk, step: int) -> tuple[list[list[int]], list[list[int]]]:
        """Return the spikes of each bank in each word, all and those of the last part with any.

        The scanner takes a word part by part; see `hw.rtl.gather.scanner.PART_BITS`.
        """
        bits = np.concatenate([bits[step - recurrent] for recurrent, bits in self._sources])
        bits = bits.reshape(-1, self._banks)
        counts = np.zeros((len(bits) + 1, self._banks), np.int64)
        np.cumsum(bits, 0, out=counts[1:])
        places = np.arange(len(bits)).reshape(-1, 1)
        last = np.maximum.accumulate(np.where(bits, places, 0), 0)[walk.high - 1]
        start = np.maximum(last - last % self._part_bits, walk.low.reshape(-1, 1))
        high, bank = counts[walk.high], np.arange(self._banks)
        events, part = high - counts[walk.low], high - counts[start, bank]
        found: tuple[list[list[int]], list[list[int]]] = (events.tolist(), part.tolist())
        return found


def _bits(stage: StagePlan, source: Source, values: NDArray[Any]) -> NDArray[np.bool_]:
    """Return the bits of a source's map as they are stored, (steps, bits)."""
    layout, tables = source.map, stage.tables
    steps = len(values)
    values = values.reshape(steps, *as_map(tables.map_shapes[source.name]))
    values = values[:, stage.orders[source.name]].astype(np.int64)
    values = np.pad(values, ((0, 0), (0, layout.channels - values.shape[1]), (0, 0), (0, 0)))
    rows = values.transpose(0, 2, 3, 1).reshape(steps, 1, layout.rows, layout.row_bits)
    rows = np.pad(rows, ((0, 0), (0, 0), (0, 0), (0, _row_bits(layout) - layout.row_bits)))
    planes = np.arange(layout.planes).reshape(-1, 1, 1)
    found: NDArray[np.bool_] = (rows >> planes & 1).astype(bool).reshape(steps, -1)
    return found
