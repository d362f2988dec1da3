"""The samples of a verification in batches, each played from reset and compared by itself."""

import json
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...checks.files import write
from ...export.tables import Tables
from ...hw.plan.loading import Load
from ...hw.plan.plan import Plan
from ..bench.cache import digest, plan_digest
from ..bench.engines import Play, scenario
from ..bench.ports import Ports
from ..bench.scenario import Scenario, stall_pattern
from ..cycles.predict import Prediction, predict
from ..golden import golden
from ..golden.activity import additions
from .check import Checker
from .loaded import lay_out, named
from .measured import LayerCost, busy_cycles, layer_cycles, sample_cycles
from .settings import Setup
from .verdict import Verdict

BATCH_SAMPLES = 16
"""Samples played one after the other before the next reset; of many replicas, two for each."""


class SampleSource(Protocol):
    """Inputs that are made when they are needed."""

    def __len__(self) -> int:
        """Return the number of samples."""

    def __getitem__(self, samples: slice, /) -> NDArray[Any]:
        """Return some samples as integers (steps, samples, *input shape)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Batches:
    """The batches of one verification; a batch is called by its first sample.

    Attributes
    ----------
    plan, ports, checker
        Of the accelerator, with what was loaded into it.
    tables, load
        What golden runs, and how it is loaded into the accelerator after a reset; None if it isn't.
    setup, play
        How the bench runs, and what plays a scenario in its engine.
    inputs, count
        Samples, and how many of them.
    deadline
        As in `Scenario`.
    predicted
        Samples whose cycles are predicted, from the first; whole batches, where nothing stalls.
    kept
        Where verdicts of equal batches are kept, or None.
    identity
        Digest of the device and of the code that checks it.
    """

    plan: Plan
    ports: Ports
    checker: Checker
    tables: Tables
    load: Load | None
    setup: Setup
    play: Play
    inputs: SampleSource
    count: int
    deadline: int
    predicted: int
    kept: Path | None
    identity: str

    @property
    def size(self) -> int:
        """Samples of a batch, but perhaps of the last one."""
        return max(BATCH_SAMPLES, 2 * self.plan.replicas)

    def verdicts(self, threads: int) -> Iterator[Verdict]:
        """Yield the verdict of each batch in order, up to the first that is not equal.

        Parameters
        ----------
        threads
            Batches that are played at the same time.
        """
        batches = iter(range(0, self.count, self.size))
        # Golden's products are small, and threads of BLAS that wait for a core spin.
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
            waiting: deque[Future[Verdict]] = deque()
            try:
                while True:
                    while len(waiting) < 2 * threads and (first := next(batches, None)) is not None:
                        waiting.append(pool.submit(self.verdict, first))
                    if not waiting:
                        return
                    verdict = waiting.popleft().result()
                    yield verdict
                    if not verdict.equal:
                        return
            finally:
                for future in waiting:
                    future.cancel()

    def batch(self, first: int) -> NDArray[Any]:
        """Return the inputs of a batch."""
        return self.inputs[first : min(first + self.size, self.count)]

    def scenario(self, first: int) -> Scenario:
        """Return what is played for a batch."""
        go = stall_pattern(self.setup.stalls, self.setup.seed + first, self.ports.widths)
        return scenario(
            self.plan,
            self.ports,
            self.batch(first),
            config=self.load.words if self.load else (),
            go=go,
            deadline=self.deadline,
        )

    def verdict(self, first: int) -> Verdict:
        """Play a batch and compare it, unless that was done before."""
        x, setup = self.batch(first), self.setup
        if self.kept is None:
            return self._verdict(first, x)
        data = np.ascontiguousarray(x)
        key = (
            *(plan_digest(self.plan), self.tables.sha256),
            *(setup.engine, setup.stalls, setup.seed + first, self.deadline, first),
            self.predicts(first),
            *(data.shape, data.dtype.str, digest(data.tobytes())),
        )
        path = self.kept / f"{digest(self.identity, repr(key))}.json"
        if path.exists():
            return Verdict.from_record(json.loads(path.read_text(encoding="utf-8")))
        verdict = self._verdict(first, x)
        if verdict.equal:
            self.kept.mkdir(parents=True, exist_ok=True)
            write(path, json.dumps(verdict.record()))
        return verdict

    def predicts(self, first: int) -> bool:
        """Return whether the cycles of a batch are predicted."""
        return first < self.predicted and not self.setup.stalls

    def _verdict(self, first: int, x: NDArray[Any]) -> Verdict:
        start = time.perf_counter()
        plan, order, tables = self.plan, self.checker.order, self.tables
        golden_trace = golden.run(tables, x, potentials=True)
        expected = lay_out(golden_trace, self.load) if self.load else golden_trace
        record = self.play(self.scenario(first))
        seen = order.observations(record)
        finding = self.checker.check(record, seen, expected, first)
        equal = finding.difference is None and not finding.fault
        prediction = None
        if equal and self.predicts(first):
            loaded = self.load.tables if self.load else None
            prediction = predict(plan, expected, x, load=loaded)
        if self.load and finding.difference:
            finding = replace(finding, difference=named(finding.difference, self.load))
        return Verdict(
            equal=equal,
            engine=self.setup.engine,
            tables=tables.sha256,
            samples=x.shape[1],
            spikes=finding.neurons,
            potentials=finding.neurons,
            difference=finding.difference,
            fault=finding.fault,
            cycle=finding.cycle,
            lane=finding.lane,
            sample_cycles=sample_cycles(record, plan.sample_words, plan.results),
            busy_cycles=busy_cycles(record, plan.results),
            layers=self._costs(
                layer_cycles(record, seen, order, plan),
                additions(tables, golden_trace, x),
                prediction,
            ),
            predicted_cycles=tuple(prediction.cycles.tolist()) if prediction else (),
            predicted_busy_cycles=prediction.busy_cycles if prediction else None,
            cycles=record.cycles,
            seconds=time.perf_counter() - start,
        )

    def _costs(
        self,
        cycles: NDArray[np.int64],
        added: dict[str, NDArray[np.int64]],
        prediction: Prediction | None,
    ) -> tuple[LayerCost, ...]:
        return tuple(
            LayerCost(
                name=name,
                cycles=int(cycles[layer]),
                additions=int(added[name][: 1 if name in stage.held else None].sum()),
                lanes=stage.lanes * stage.banks,
                predicted=int(prediction.layers[name].sum()) if prediction else None,
            )
            for stage in self.plan.heads
            for layer, name in zip(stage.layers, stage.names, strict=True)
        )
