"""Cycles of an inference, predicted from golden's trace alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..hw.plan import Plan
from ..hw.sequencer import Sequencer
from ..hw.stage_plan import StagePlan
from .follow import Before, Followed, Follower, Times
from .golden import checked, pooled
from .trace import Trace

MOST_PASSES = 20


@dataclass(frozen=True, kw_only=True)
class Prediction:
    accepted: tuple[int, ...]
    finished: tuple[int, ...]
    layers: dict[str, NDArray[np.int64]]
    passes: int

    @property
    def sample_cycles(self) -> tuple[int, ...]:
        return tuple(b - a + 1 for a, b in zip(self.accepted, self.finished, strict=True))


class _Input:
    """The words of the input, one a cycle where the maps' memories are free."""

    def __init__(self, words: int) -> None:
        self._words = words
        self._busy: list[NDArray[np.int64]] = []
        self.accepted: list[int] = []
        self.complete: list[int] = []

    def writes(self, cycles: NDArray[np.int64]) -> None:
        self._busy.append(cycles)

    def load(self, gate: int) -> None:
        start = max(gate, self.complete[-1] + 1 if self.complete else 0)
        busy = np.concatenate([np.zeros(0, np.int64), *self._busy])
        busy = np.sort(busy[busy >= start])
        self._busy = [busy]
        free = busy - np.arange(len(busy))
        for words, found in ((1, self.accepted), (self._words, self.complete)):
            end = start + words - 1
            found.append(end + int(np.searchsorted(free, end, side="right")))


class _Layer:
    def __init__(self, follower: Follower, steps: int, batch: int, distance: int) -> None:
        self.follower, self.distance = follower, distance
        self.name = follower.descriptor.name
        self.sources = {source.name for source in follower.descriptor.sources}
        size = follower.carries + len(Before._fields)
        self.found = np.zeros((steps, batch, size), np.int64)
        self.found[..., follower.carries] = 1
        self.dirty = [(step, sample) for step in range(steps) for sample in range(batch)]
        self.result = None

    def follow(self) -> None:
        if not self.dirty:
            return
        at = tuple(np.array(self.dirty).T)
        found = self.follower.follow(*at, self.found[at])
        if self.result is None:
            self.result = Followed(*(np.zeros((*self.found.shape[:2], a.shape[1]), np.int64) for a in found))
        for array, new in zip(self.result, found, strict=True):
            array[at] = new
        self.dirty = []


class _Stage:
    def __init__(self, plan: StagePlan, layers: list[_Layer]) -> None:
        self.plan, self.layers = plan, layers
        self.reset()

    def reset(self) -> None:
        self.ends: list[int] = []
        self.release: dict[str, list[int]] = {name: [] for name in self.plan.external}
        self.latest = Times(*[-1] * len(Times._fields))
        self.carried = np.zeros(self.layers[0].follower.carries, np.int64)


class _Chain:
    def __init__(self, plan: Plan, trace: Trace, x: NDArray[Any]) -> None:
        tables = plan.tables
        self.plan = plan
        maps = {"input": checked(tables, x)}
        maps |= {a.name: pooled(a.pool, trace.spikes[a.name]) for a in tables.layers}
        self.steps, self.batch = maps["input"].shape[:2]
        self.stages = []
        self.names = ["input", *(a.name for a in tables.layers)]
        self.readers = {n: [i for i, s in enumerate(plan.stages) if n in s.external] for n in self.names}
        for stage in plan.stages:
            sequencer = Sequencer(stage)
            stored = [n for n in stage.names if n in stage.read_maps or self.readers[n]]
            joiner = any(stage.has_gaps(n) for n in stored)
            layers = [
                _Layer(
                    Follower(stage, d, maps, stored=d.name in stored, joiner=joiner),
                    self.steps, self.batch, sequencer.distance(index),
                )
                for index, d in enumerate(stage.descriptors)
            ]
            self.stages.append(_Stage(stage, layers))

    def run(self) -> Prediction:
        for number in range(MOST_PASSES):
            for stage in self.stages:
                for layer in stage.layers:
                    layer.follow()
            self.compose()
            if not any(layer.dirty for stage in self.stages for layer in stage.layers):
                break
        accepted = self.input.accepted
        if not self.plan.tables.input.constant:
            accepted = accepted[:: self.steps]
        return Prediction(accepted=tuple(accepted[: self.batch]), finished=tuple(self.finished), layers=self.cycles, passes=number)

    def gate(self, name: str, number: int) -> int:
        gate = 0
        for reader in self.readers[name]:
            stage = self.stages[reader]
            before = number - stage.plan.buffers[name]
            if before >= 0:
                gate = max(gate, stage.release[name][before] + 1)
        return gate

    def compose(self) -> None:
        constant = self.plan.tables.input.constant
        self.input = _Input(self.plan.input_words)
        self.seen: dict[str, list[int]] = {name: [] for name in self.names}
        self.sent: dict[str, list[int]] = {name: [] for name in self.names}
        self.cycles = {name: np.zeros((self.steps, self.batch), np.int64) for name in self.names[1:]}
        self.finished: list[int] = []
        for stage in self.stages:
            stage.reset()
        for sample in range(self.batch):
            for step in range(self.steps):
                for stage in self.stages:
                    for index, layer in enumerate(stage.layers):
                        self.layer(stage, layer, index, step, sample)
                    for name in stage.plan.external:
                        if not (name == "input" and constant) or step == self.steps - 1:
                            stage.release[name].append(stage.ends[-1])

    def layer(self, stage: _Stage, layer: _Layer, index: int, step: int, sample: int) -> None:
        tables = self.plan.tables
        plan, latest = stage.plan, stage.latest
        number = sample * self.steps + step
        walk = latest.walked + 1
        before = len(stage.ends) - layer.distance
        if before >= 0:
            walk = max(walk, stage.ends[before] + 1)
        for name in layer.sources:
            if name == "input":
                m = sample if tables.input.constant else number
                while len(self.input.complete) <= m:
                    self.input.load(self.gate("input", len(self.input.complete)))
                walk = max(walk, self.input.complete[m] + 1)
            elif name in plan.external:
                walk = max(walk, self.sent[name][number] + 1)
        update = max(walk, latest.end) + 1
        gate = self.gate(layer.name, number)
        found = np.maximum(np.append(stage.carried, Before(update, gate, latest.results)) - walk, 0)
        if (found != layer.found[step, sample]).any():
            layer.found[step, sample] = found
            layer.dirty.append((step, sample))
        result = layer.result
        stage.carried = result.carried[step, sample] + walk
        times = Times(*(result.times[step, sample] + walk).tolist())
        self.sent[layer.name].append(times.sent)
        if "input" in plan.external and layer.name in plan.read_maps:
            self.input.writes(result.words[step, sample] + walk)
        seen = latest.seen
        if index == 0 and step == 0:
            for name in plan.external:
                if name == "input":
                    at = self.input.accepted[sample if tables.input.constant else number] - 1
                else:
                    at = self.seen[name][number]
                seen = max(seen, at)
        self.seen[layer.name].append(times.seen)
        self.cycles[layer.name][step, sample] = times.seen - seen
        if layer.name == tables.readout.layer and step == self.steps - 1:
            self.finished.append(times.read + (self.plan.classes - 1) % plan.update_lanes + 1)
        stage.ends.append(times.end)
        stage.latest = times


def predict(plan: Plan, trace: Trace, x: NDArray[Any]) -> Prediction:
    return _Chain(plan, trace, x).run()
