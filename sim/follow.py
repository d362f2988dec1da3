"""A layer's work on its stage in many runs at once: when it is done, and what it leaves behind.

In a stage the walker starts a layer while the update still finishes the one before. So a layer
depends on the one before by what that one carries over: when the latest things left each block.
All cycles here count from the one in which the sequencer starts the walker; nothing before that
matters, so it is 0.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..hw.array import WeightMemory
from ..hw.descriptor import Descriptor, as_map
from ..hw.fetcher import Fetcher
from ..hw.stage_plan import StagePlan
from .joining import joining
from .pipeline import QUEUE_DEPTH, Cycles, Gather, Held, Output, Sums, Walk
from .walk import Spikes, positions

CHUNK_BITS = 1 << 24
"""Bits of maps that are followed at once."""

_WALK = 2 + 2 * Fetcher.latency
_GATHER = 6 + QUEUE_DEPTH + 2 * WeightMemory.latency
_OUTSIDE = 3


class Before(NamedTuple):
    """What a layer finds, besides what is carried over from the one before.

    Attributes
    ----------
    update
        The sequencer starts the update.
    gate
        Those outside who read the map take its words.
    results
        The readout has sent all results.
    """

    update: Any
    gate: Any
    results: Any


class Times(NamedTuple):
    """When things happen in a layer.

    Attributes
    ----------
    walked
        The walk is over.
    end
        The sequencer finishes the layer.
    sent
        The last word of the map is sent.
    seen
        The last observation is made.
    read
        The readout takes the last chunk.
    results
        The readout has sent all results, where it goes on without this layer's last.
    """

    walked: Any
    end: Any
    sent: Any
    seen: Any
    read: Any
    results: Any


class Followed(NamedTuple):
    """What came of some runs.

    Attributes
    ----------
    times
        int64 (runs, Times).
    carried
        int64 (runs, carried).
    words
        int64 (runs, words): when each word of the map is sent.
    """

    times: NDArray[np.int64]
    carried: NDArray[np.int64]
    words: NDArray[np.int64]


class Follower:
    """Follows a layer.

    Parameters
    ----------
    stage, descriptor
        The layer, and the stage that executes it.
    stored
        Somebody reads the layer's map.
    joiner
        The stage has one.
    maps
        Integers or bools (steps, batch, *map shape) of 'input' and of each layer that it reads.
    """

    def __init__(
        self,
        stage: StagePlan,
        descriptor: Descriptor,
        maps: Mapping[str, NDArray[Any]],
        *,
        stored: bool,
        joiner: bool,
    ) -> None:
        self.stage, self.descriptor = stage, descriptor
        self._maps = maps
        self._joins = joining(stage, descriptor, joiner) if stored else []
        self.carries = _WALK + _GATHER * stage.banks + 1
        name, tables = descriptor.name, stage.tables
        self._sources = {source.name for source in descriptor.sources}
        self._held = name in stage.held
        self._reads_out = name == tables.readout.layer
        self._still = tables.input.constant and self._sources == {"input"}
        bits = sum(source.map.words * source.map.word_bits for source in descriptor.sources)
        self._most_runs = max(1, CHUNK_BITS // bits)

    def follow(
        self, steps: NDArray[np.int64], samples: NDArray[np.int64], found: NDArray[np.int64]
    ) -> Followed:
        """Follow some runs.

        Parameters
        ----------
        steps, samples
            Of each run.
        found
            int64 (runs, carried and `Before`).
        """
        last = (steps == self.stage.tables.steps - 1) & self._reads_out
        first = (steps == 0) & (self._held or self.descriptor.name in self._sources)
        # Of a constant input all steps are alike, and runs that are alike are followed once.
        alike = np.where(self._still, 0, steps)
        keys = np.column_stack([first, last, alike, samples, found])
        keys, index = np.unique(keys, axis=0, return_inverse=True)
        parts = [
            self._follow(*np.split(part, [1, 2, 3, 4], axis=1))
            for kind in (0, 1)
            for chunk in [keys[keys[:, 0] == kind]]
            for part in np.array_split(chunk, -(-len(chunk) // self._most_runs) or 1)
            if len(part)
        ]
        return Followed(*(np.concatenate(arrays)[index.ravel()] for arrays in zip(*parts, strict=True)))

    def _follow(
        self,
        first: NDArray[np.int64],
        last: NDArray[np.int64],
        steps: NDArray[np.int64],
        samples: NDArray[np.int64],
        found: NDArray[np.int64],
    ) -> Followed:
        runs, stage = len(found), self.stage
        found = found.astype(np.int32).T
        before = Before(*found[self.carries :])
        planes = stage.map(self.descriptor.name).planes
        pauses = (last[:, 0] * stage.update_lanes).astype(np.int32) if self._reads_out else None
        output = Output(before.update, before.gate, self._joins, planes, pauses, before.results)
        if self._held and not first[0, 0]:
            self._replay(before, output)
            walked, carried = np.ones(runs, np.int32), found[: self.carries]
        else:
            spikes = self._spikes(steps[:, 0], samples[:, 0])
            walked, carried = self._gather(found[: self.carries], output, spikes, bool(first[0, 0]))
        times = Times(walked, output.end, output.sent, output.seen, output.read, output.results)
        words = np.array(output.words, np.int64).reshape(-1, runs)
        return Followed(
            np.array(times, np.int64).T, np.array(carried, np.int64).T, np.array(words, np.int64).T
        )

    def _spikes(self, steps: NDArray[np.int64], samples: NDArray[np.int64]) -> list[Spikes]:
        """Return the spikes of each source."""
        tables = self.stage.tables
        found = []
        for source in self.descriptor.sources:
            values = self._maps[source.name][steps - source.recurrent, samples]
            values = values.reshape(-1, *as_map(tables.map_shapes[source.name]))
            found.append(Spikes(source.map, tables.mask(source.name), values, self.stage.banks))
        return found

    def _gather(
        self, found: Cycles, output: Output, spikes: list[Spikes], first_step: bool
    ) -> tuple[Cycles, Cycles]:
        """Gather the sums of every position, and update."""
        banks, runs = self.stage.banks, found.shape[1]
        start = np.zeros(runs, np.int32)
        walk = Walk(start, iter(found[:_WALK]))
        gather = Gather(banks, start, iter(found[_WALK:-1].reshape(_GATHER, banks, runs)))
        sums = Sums(gather, banks, iter(found[-1:]))
        for position, chunks in zip(
            positions(self.stage, self.descriptor, first_step), self._chunks(), strict=True
        ):
            for segment in position:
                if not segment:
                    walk.drop()
                for index, word in enumerate(segment):
                    if index:
                        walk.follow()
                    else:
                        walk.segment()
                    offered = walk.offered()
                    events = spikes[word.source].events(word)
                    walk.taken(offered, gather.word(offered, events, word.ends))
            gather.finish()
            for used, final in chunks:
                sums.taken(output.take(sums.offered(), used, final))
        carried = [*walk.carry(), *gather.carry(), *sums.carry()]
        return walk.end, np.concatenate([array.reshape(-1, runs) for array in carried])

    def _replay(self, before: Before, output: Output) -> None:
        """Update with held sums, while the walker passes the layer over."""
        held = Held(before.update)
        for chunks in self._chunks():
            for used, final in chunks:
                held.taken(output.take(held.offered(), used, final))

    def _chunks(self) -> Iterator[list[tuple[bool, bool]]]:
        """Yield of each position's chunks whether they hold neurons, and complete a window."""
        stage, descriptor = self.stage, self.descriptor
        per_group = stage.lanes // stage.update_lanes
        window = descriptor.window[0] * descriptor.window[1]
        for number in range(descriptor.positions * descriptor.groups):
            first = number // window % descriptor.groups * per_group
            final = number % window == window - 1
            yield [(first + i < descriptor.chunks, final) for i in range(per_group)]
