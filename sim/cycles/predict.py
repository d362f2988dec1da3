"""Cycles of a run, predicted from golden's trace alone: as many as the RTL takes.

Without stalls at its ports the accelerator is deterministic, and its timing depends on nothing but
the numbers of spikes in the words that it reads. So one sample after the other, time step after
time step, stage after stage, each word is followed from the walker to the update, and each chunk
from there to the maps: `words` says which words, `gather` and `update` how long each block takes,
`stage` when a layer starts, and `map_port` when a map gets from stage to stage. When the
timing of `hw` changes, so must these.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.tables import Tables
from ...hw.plan.plan import Plan
from ..golden.activity import additions
from ..golden.seen_maps import seen_maps
from ..golden.trace import Trace
from .pipeline import PipelineCycles
from .stage import LayerCycles


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """What a run of samples that are sent back to back from reset on takes.

    Samples overlap as in the RTL: the input of one is taken in while the one before is at work, and
    with several stages time steps of two samples are, and of several replicas each has its own. So
    the cycles of a sample depend on those before it, and only the first one has the accelerator to
    itself.

    Attributes
    ----------
    cycles
        int64 (batch,): from a sample's first input word to its last output, both included; as
        `sim.verify.measured.sample_cycles` measures them.
    busy_cycles
        From the first input word to the last output of all.
    layers
        Of each layer: int64 (batch,), how long it was what its stage worked on; as
        `sim.verify.measured.layer_cycles` measures it.
    additions
        Of each layer: int64 (batch,), the useful additions.
    lanes
        Of each layer: additions that its stage can do in a cycle.
    """

    cycles: NDArray[np.int64]
    busy_cycles: int
    layers: dict[str, NDArray[np.int64]]
    additions: dict[str, NDArray[np.int64]]
    lanes: dict[str, int]

    @property
    def efficiency(self) -> dict[str, NDArray[np.float64]]:
        """Useful additions a cycle, lane and bank, of each layer: (batch,)."""
        return {
            name: self.additions[name] / np.maximum(1, cycles * self.lanes[name])
            for name, cycles in self.layers.items()
        }


def predict(plan: Plan, trace: Trace, x: NDArray[Any], *, load: Tables | None = None) -> Prediction:
    """Predict the cycles of a run without stalls.

    Parameters
    ----------
    plan
        The accelerator.
    trace, x
        What golden found for which input, integers (steps, batch, *input shape).
    load
        The tables that golden ran, if they were loaded at run time; by default the plan's.

    Raises
    ------
    ValueError
        Where the trace is of other tables.
    RuntimeError
        Where words from outside a stage don't find their places among its own; a fault of ours.
    """
    tables = load or plan.tables
    added = additions(tables, trace, x)
    run = _Run(plan, tables, trace, x)
    run.follow()
    accepted, finished = np.array(run.accepted, np.int64), np.array(run.finished, np.int64)
    return Prediction(
        cycles=finished - accepted + 1,
        busy_cycles=int(finished[-1] - accepted[0] + 1),
        layers={name: cycles.sum(0) for name, cycles in run.cycles.items()},
        additions={
            name: added[name][: 1 if name in stage.held else None].sum(0)
            for stage in plan.heads
            for name in stage.names
        },
        lanes={name: stage.lanes * stage.banks for stage in plan.heads for name in stage.names},
    )


class _Run:
    """A run of samples.

    Attributes
    ----------
    accepted, finished
        Of each sample, when its first input word was taken, and when its last output was.
    cycles
        Of each layer, int64 (steps, batch).
    """

    def __init__(self, plan: Plan, tables: Tables, trace: Trace, x: NDArray[Any]) -> None:
        self.plan = plan
        self._maps = seen_maps(tables, trace, x)
        self._steps, self._batch = x.shape[:2]
        external = {name for stage in plan.stages for name in stage.external}
        self._layers = []
        for stage in plan.stages:
            stored = external | stage.read_maps
            joiner = any(stage.has_gaps(name) for name in stage.names if name in stored)
            self._layers.append(
                [
                    LayerCycles(
                        stage, index, skips=_skips(plan, tables, number),
                        exported=stage.names[index] in external, joiner=joiner,
                    )
                    for index, number in enumerate(stage.layers)
                ]
            )  # fmt: skip

        self._pipelines = [PipelineCycles(plan, self._layers) for _ in range(plan.replicas)]
        self.accepted: list[int] = []
        self.finished: list[int] = []
        self.cycles = {
            layer.name: np.zeros((self._steps, self._batch), np.int64)
            for layers in self._layers
            for layer in layers
        }
        self._taken = -1  # when the latest input word was

    def follow(self) -> None:
        """Follow all samples from reset on.

        A word from outside may have to wait for one that its stage writes and that is followed
        later, in the next sample even; see `MapPort`. Then what was followed since is taken back,
        down to a sample before which no word from outside comes at the wrong time.
        """
        replicas = self.plan.replicas
        states = [self._save(0)]  # before each sample, of the replica that it is dealt to
        goal, first_wrong = 0, -1
        while goal < self._batch:
            sample = len(states) - 1
            self._sample(sample)
            if sample == goal:
                wrong = [min(p.wrong, default=None) for p in self._pipelines]
                found = [cycle for cycle in wrong if cycle is not None]
                if found:
                    if min(found) <= first_wrong:
                        raise RuntimeError(
                            f"sample {goal}: words between stages must find a cycle each, but "
                            f"are in each other's way in cycle {first_wrong}, again and again; "
                            f"predict at most {goal} samples"
                        )
                    first_wrong = min(found)
                    back = sample
                    for replica, cycle in enumerate(wrong):
                        if cycle is not None:
                            mine = range(replica, len(states), replicas)
                            back = min(back, max(n for n in mine if states[n].latest < cycle))
                    self._restore(states[back:])
                    del states[back + 1 :]
                    continue
                for pipeline in self._pipelines:
                    for port in pipeline.ports:
                        port.settle()
                goal, first_wrong = goal + 1, -1
            states.append(self._save(sample + 1))

    def _save(self, sample: int) -> "_State":
        """Return what a sample moves: its replica, and what there is once."""
        pipeline = self._pipelines[sample % self.plan.replicas]
        return _State(
            pipeline=self._copy(pipeline),
            marks=[port.mark() for port in pipeline.ports],
            once=(list(self.accepted), list(self.finished), self._taken),
        )

    def _restore(self, states: Sequence["_State"]) -> None:
        """Go back to the first of some states of samples that follow each other."""
        accepted, finished, self._taken = states[0].once
        self.accepted, self.finished = list(accepted), list(finished)
        first = len(accepted)
        for sample, state in enumerate(states[: self.plan.replicas], first):
            pipeline = self._copy(state.pipeline)
            self._pipelines[sample % self.plan.replicas] = pipeline
            for port, mark in zip(pipeline.ports, state.marks, strict=True):
                port.back(mark)

    def _copy(self, pipeline: PipelineCycles) -> PipelineCycles:
        """Copy what moves, but no plan, layer or port."""
        layers = [layer for layers in self._layers for layer in layers]
        fixed = [self.plan, *self.plan.stages, *layers, *pipeline.ports]
        return copy.deepcopy(pipeline, {id(one): one for one in fixed})

    def _sample(self, sample: int) -> None:
        rounds, replica = divmod(sample, self.plan.replicas)
        pipeline = self._pipelines[replica]
        pipeline.answers.latest = max(self.finished, default=-1)
        first_seen: dict[str, int] = {}  # in the first time step
        for layer in (layer for layers in self._layers for layer in layers):
            layer.sample({name: maps[:, sample] for name, maps in self._maps.items()})
            layer.readers = pipeline.takers(layer)
        for step in range(self._steps):
            if not step or not self.plan.tables.input.constant:
                first_word = self._load(pipeline)
            if not step:
                self.accepted.append(first_word)
                first_seen["input"] = first_word - 1
            for tiles in pipeline.tiles:
                for index, layer in enumerate(tiles[0].layers):
                    begun = [stage.seen for stage in tiles]
                    if not index and not step:
                        needed = max(first_seen[name] for name in tiles[0].readers)
                        begun = [max(before, needed) for before in begun]
                    pipeline.execute(tiles, index, rounds, step)
                    took = sum(stage.seen - b for stage, b in zip(tiles, begun, strict=True))
                    self.cycles[layer.name][step, sample] = took
                    first_seen.setdefault(layer.name, max(stage.seen for stage in tiles))
                for stage in tiles:
                    stage.release(step)
        self.finished.append(pipeline.answers.latest)

    def _load(self, pipeline: PipelineCycles) -> int:
        """Load a map of the input, and return when its first word is taken."""
        first = -1
        for word in range(self.plan.input_words):
            self._taken = pipeline.take(self._taken + 1)
            first = first if word else self._taken
        return first


@dataclass(frozen=True, kw_only=True, eq=False)
class _State:
    """What is needed to go back to before a sample.

    Attributes
    ----------
    pipeline, marks
        Its replica, and the marks of the replica's ports.
    once
        When the samples before were accepted and finished, and when the latest input word was.
    """

    pipeline: PipelineCycles
    marks: list[tuple[int, int]]
    once: tuple[list[int], list[int], int]

    @property
    def latest(self) -> int:
        """When the latest word from outside was written before."""
        return max(latest for _, latest in self.marks)


def _skips(plan: Plan, tables: Tables, number: int) -> set[int]:
    """Return the lane groups of a layer that the tables prune at run time."""
    layer = tables.layers[number]
    kept = layer.kept[plan.channels[layer.name]]
    pruned = plan.descriptors[number].pruned_groups(kept)
    return {group for group, skipped in enumerate(pruned) if skipped}
