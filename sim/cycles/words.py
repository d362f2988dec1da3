"""The accelerator's walk over a layer as numbers: which words it reads, and the spikes in them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hw.plan.descriptor import Descriptor, Map, Source
from ...hw.plan.flat import stored
from ...hw.plan.stage_plan import StagePlan
from ...hw.rtl.gather.scanner import PART_BITS

Integers = NDArray[np.int64]


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
    sources
        int64 (words,): which of the descriptor's sources each word is of.
    places
        int64 (words,): which word it is among those of all sources, or -1 where it is an empty one.
    trailing
        Steps over segments behind the last word.
    """

    positions: list[int]
    steps: list[int]
    ends: list[bool]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    sources: NDArray[np.int64]
    places: NDArray[np.int64]
    trailing: int


def walk(
    stage: StagePlan, descriptor: Descriptor, *, step: int, skips: Collection[int] = ()
) -> Walk:
    """Walk over a layer as `hw.rtl.gather.walker.Walker` does.

    Parameters
    ----------
    stage, descriptor
        The layer, and the stage that executes it.
    step
        The time step; in the first ones a source that is seen late has no segments.
    skips
        Lane groups that are pruned at run time.
    """
    shape = descriptor.rows, descriptor.columns, descriptor.groups, *descriptor.window
    rows, columns, groups, y, x = np.indices(shape).reshape(5, -1)
    rows = descriptor.first_row + rows * descriptor.row_step
    y, x = rows * descriptor.window[0] + y, columns * descriptor.window[1] + x
    places = list(_segments(descriptor, step))
    found = [_places(stage, segment, y, x, groups) for segment in places]
    order = np.array([segment.number for segment in places])
    low, high, line, ends, counts = (np.stack(each, -1) for each in zip(*found, strict=True))
    counts[np.isin(groups, list(skips))] = 0

    # Every segment is a step of the walker; the first word of one tells those since the last word.
    segments = np.flatnonzero(counts)
    words = counts.ravel()[segments]
    first = words.cumsum() - words
    steps = np.zeros(words.sum(), np.int64)
    steps[first] = np.diff(segments, prepend=-1)

    # A segment's words meet where the map's do.
    low, high, line, ends = (
        each.ravel()[segments].repeat(words) for each in (low, high, line, ends)
    )
    size = stage.word_bits
    start = low - low % size + (np.arange(len(low)) - first.repeat(words)) * size
    begin = (line + np.maximum(low, start)) // stage.banks
    end = (line + np.minimum(high, start + size)) // stage.banks
    return Walk(
        positions=counts.sum(1).tolist(),
        steps=steps.tolist(),
        ends=(ends & (end == (line + high) // stage.banks)).tolist(),
        low=begin,
        high=end,
        sources=order[segments % len(places)].repeat(words),
        places=np.where(high > low, (line + start) // size, -1),
        trailing=int(counts.size - 1 - segments[-1]) if len(segments) else counts.size,
    )


@dataclass(frozen=True, kw_only=True)
class _Segment:
    """One segment of every position's receptive field.

    Attributes
    ----------
    source, number
        That it lies in, and which of the descriptor's it is.
    offset
        The first bit of the source's map among those that `Spikes` counts.
    plane
        The bit plane.
    kernel
        Row and column.
    seen
        Whether there is any; otherwise all are dropped.
    ends
        Whether it ends the bit plane or the position.
    """

    source: Source
    number: int
    offset: int
    plane: int
    kernel: tuple[int, int]
    seen: bool
    ends: bool


def _segments(descriptor: Descriptor, step: int) -> Iterator[_Segment]:
    """Yield the segments of a receptive field, highest bit plane first."""
    offsets = np.cumsum([0, *(_stored_bits(source.map) for source in descriptor.sources)]).tolist()
    last = descriptor.sources[-1]
    for plane in reversed(range(descriptor.planes)):
        for number, source in enumerate(descriptor.sources):
            for kernel in np.ndindex(*source.kernel):
                yield _Segment(
                    source=source,
                    number=number,
                    offset=offsets[number],
                    plane=plane,
                    kernel=kernel,
                    seen=plane < source.map.planes and source.lag <= step,
                    ends=source is last and kernel == (last.kernel[0] - 1, last.kernel[1] - 1),
                )


def _places(
    stage: StagePlan, segment: _Segment, y: Integers, x: Integers, group: Integers
) -> tuple[Integers, Integers, Integers, NDArray[np.bool_], Integers]:
    """Return where a segment of every position lies, clipped to its map, and how many words it has.

    Its first bit in the row and the one behind the last, the row's first bit among those that
    `Spikes` counts, whether it ends a plane or the position, and its words: of one that is dropped
    none, or an empty one where it ends something.
    """
    source, layout = segment.source, segment.source.map
    row = y * source.stride[0] - source.padding[0] + segment.kernel[0]
    start = (x * source.stride[1] - source.padding[1] + segment.kernel[1]) * layout.channels
    start += group * source.group_bits
    low, high = np.maximum(start, 0), np.minimum(start + source.span, layout.row_bits)
    inside = (low < high) & (row >= 0) & (row < layout.rows) & segment.seen
    low, high = np.where(inside, low, 0), np.where(inside, high, 0)
    line = segment.offset + (segment.plane * layout.rows + row) * _row_bits(layout)
    words = (high - 1) // stage.word_bits - low // stage.word_bits + 1
    return (
        low,
        high,
        np.where(inside, line, 0),
        np.full(len(low), segment.ends),
        np.where(inside, words, int(segment.ends)),
    )


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
        self._word_bits = stage.word_bits
        self._part_bits = min(PART_BITS, stage.word_bits // stage.banks)
        self._sources = [
            (source.lag, _bits(stage, source, maps[source.name])) for source in descriptor.sources
        ]

    def events(self, walk: Walk, step: int) -> tuple[list[list[int]], list[list[int]]]:
        """Return the spikes of each bank in each word, all and those of the last part with any.

        The scanner takes a word part by part; see `hw.rtl.gather.scanner.PART_BITS`.
        """
        bits = self._stored(step).reshape(-1, self._banks)
        counts = np.zeros((len(bits) + 1, self._banks), np.int64)
        np.cumsum(bits, 0, out=counts[1:])
        places = np.arange(len(bits)).reshape(-1, 1)
        last = np.maximum.accumulate(np.where(bits, places, 0), 0)[walk.high - 1]
        start = np.maximum(last - last % self._part_bits, walk.low.reshape(-1, 1))
        high, bank = counts[walk.high], np.arange(self._banks)
        events, part = high - counts[walk.low], high - counts[start, bank]
        found: tuple[list[list[int]], list[list[int]]] = (events.tolist(), part.tolist())
        return found

    def flags(self, walk: Walk, step: int) -> NDArray[np.bool_]:
        """Return of each word whether it holds a spike, inside of its segment or not."""
        holds = np.logical_or.reduce(self._stored(step).reshape(-1, self._word_bits), axis=1)
        found: NDArray[np.bool_] = np.where(walk.places >= 0, holds[walk.places], False)
        return found

    def _stored(self, step: int) -> NDArray[np.bool_]:
        """Return the bits of all sources as a step reads them."""
        return np.concatenate([bits[max(step - lag, 0)] for lag, bits in self._sources])


def _bits(stage: StagePlan, source: Source, values: NDArray[Any]) -> NDArray[np.bool_]:
    """Return the bits of a source's map as they are stored, (steps, bits)."""
    layout, tables = source.map, stage.tables
    steps = len(values)
    values = stored(tables, source.name, stage.orders[source.name], values).astype(np.int64)
    values = np.pad(values, ((0, 0), (0, layout.channels - values.shape[1]), (0, 0), (0, 0)))
    rows = values.transpose(0, 2, 3, 1).reshape(steps, 1, layout.rows, layout.row_bits)
    rows = np.pad(rows, ((0, 0), (0, 0), (0, 0), (0, _row_bits(layout) - layout.row_bits)))
    planes = np.arange(layout.planes).reshape(-1, 1, 1)
    found: NDArray[np.bool_] = (rows >> planes & 1).astype(bool).reshape(steps, -1)
    return found
