"""About how many cycles stages take, from the spikes of each position: what a search compares.

The blocks of a stage work side by side, so a position takes as long as the slowest of them: the
walker and the fetcher its segments and words, each bank its events, the update its chunks. What a
queue evens out between positions is left out; `predict` is exact instead, and takes longer.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.tables import Tables
from ...hw.plan.descriptor import Descriptor
from ...hw.plan.stage_plan import StagePlan
from ...hw.rtl.gather.array import hands_early
from ..golden.seen_maps import seen_maps
from ..golden.trace import Trace
from .words import Spikes, walk

START = 28
"""Cycles of a layer and time step in which its blocks fill and empty, about."""


class PositionCycles:
    """About how many cycles an image stages take, on average of a run; some 5 % off.

    Parameters
    ----------
    tables, trace, x
        What golden found for which input, integers (steps, batch, *input shape).

    Raises
    ------
    ValueError
        Where the input is none of the tables.
    """

    def __init__(self, tables: Tables, trace: Trace, x: NDArray[Any]) -> None:
        self._maps = seen_maps(tables, trace, x)
        self._steps, self._batch = x.shape[:2]
        self._known: dict[Any, NDArray[np.int64]] = {}

    def __call__(self, stage: StagePlan) -> float:
        """Return the cycles an image that a stage is at work."""
        # Sums change hands in a cycle of their own, or with the last chunk.
        chunks = stage.lanes // stage.update_lanes
        update = chunks + (not hands_early(stage))
        total = 0.0
        for descriptor in stage.descriptors:
            counts = self._counts(stage, descriptor)
            cycles = float(np.maximum(np.arange(len(counts)), update) @ counts) / self._batch
            if descriptor.name in stage.held:
                cycles += (self._steps - 1) * descriptor.positions * chunks
            total += cycles * (1 if _varies(stage, descriptor) else descriptor.groups)
        return float(total + START * self._steps * len(stage.descriptors))

    def _counts(self, stage: StagePlan, descriptor: Descriptor) -> NDArray[np.int64]:
        """Return how many positions take how many cycles but for the update, int64 (cycles,)."""
        varies = _varies(stage, descriptor)
        sources = tuple((s.map, s.kernel, s.span, s.group_bits) for s in descriptor.sources)
        held, lanes = descriptor.name in stage.held, stage.lanes if varies else 0
        rows = descriptor.rows, descriptor.first_row, descriptor.row_step
        key = descriptor.number, rows, stage.banks, stage.shape.flags, lanes, held, sources
        if key not in self._known:
            # Lane groups that see the same differ in weights alone.
            one = descriptor if varies else replace(descriptor, lanes=descriptor.channels)
            self._known[key] = self._positions(stage, one, 1 if held else self._steps)
        return self._known[key]

    def _positions(self, stage: StagePlan, descriptor: Descriptor, steps: int) -> NDArray[np.int64]:
        lags = sorted({0, *(source.lag for source in descriptor.sources)})
        walks = {lag: walk(stage, descriptor, step=lag) for lag in lags if lag < self._steps}
        counts = np.zeros(0, np.int64)
        for sample in range(self._batch):
            seen = {name: values[:, sample] for name, values in self._maps.items()}
            spikes = Spikes(stage, descriptor, seen)
            for step in range(steps):
                found = walks[max(lag for lag in walks if lag <= step)]
                events = np.array(spikes.events(found, step)[0])
                first = np.cumsum([0, *found.positions[:-1]])
                if stage.shape.flags:
                    flags = spikes.flags(found, step)
                    words = _looked(np.array(found.steps), flags, first, stage.shape.flags)
                else:
                    words = np.add.reduceat(np.maximum(found.steps, 1), first)
                banks = np.add.reduceat(events, first, axis=0).max(1)
                cycles = np.maximum(np.maximum(words, banks), descriptor.planes)
                more = np.bincount(cycles, minlength=len(counts))
                more[: len(counts)] += counts
                counts = more
        return counts


def _looked(
    steps: NDArray[np.int64], flags: NDArray[np.bool_], first: NDArray[np.int64], size: int
) -> NDArray[np.int64]:
    """Return of each position the looks at its words' flags, or the words found, if more.

    `steps` and `flags` are of words, `first` the first word of each position, and `size` the flags
    that are looked at at a time.
    """
    starts = np.flatnonzero(steps)
    looks = np.zeros_like(steps)
    looks[starts] = steps[starts] - 1 - (-np.diff(starts, append=len(steps)) // size)
    found: NDArray[np.int64] = np.maximum(
        np.add.reduceat(looks, first), np.add.reduceat(flags.astype(np.int64), first)
    )
    return found


def _varies(stage: StagePlan, descriptor: Descriptor) -> bool:
    """Return whether lane groups see different channels."""
    return any(source.group_bits for source in descriptor.sources)
