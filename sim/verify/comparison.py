"""The comparison of one batch of samples, played from reset: the RTL against golden."""

import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.lib.wiring import Component
from numpy.typing import NDArray

from ...export.tables import Tables
from ...hw.plan.loading import Load
from ...hw.plan.plan import Plan
from ..bench.cache import default_folder
from ..bench.engines import Play, player, scenario
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """What is compared, and how; what plays it is compiled when it is first asked for.

    Without a component it can travel to another process, even of another machine.

    Attributes
    ----------
    device
        The accelerator's plan.
    tables
        What golden runs: the plan's, or those that are loaded, as they are by themselves.
    load
        How these are loaded after a reset; None if nothing is.
    setup
        How the bench runs.
    verilog, component
        The device, as of `player`.
    models
        Where compiled models are kept; None is the default folder of whoever compiles.
    deadline
        As in `Scenario`.
    predicted
        Samples whose cycles are predicted, from the first; whole batches, where nothing stalls.
    """

    device: Plan
    tables: Tables
    load: Load | None
    setup: Setup
    verilog: str
    component: Component | None
    models: Path | None
    deadline: int
    predicted: int

    @property
    def plan(self) -> Plan:
        """The plan, with what was loaded into it."""
        return self.device if self.load is None else self.load.plan

    @cached_property
    def ports(self) -> Ports:
        """The accelerator's."""
        return Ports.of(self.device)

    @cached_property
    def checker(self) -> Checker:
        """Compares records with golden."""
        return Checker(self.plan, self.ports)

    @cached_property
    def play(self) -> Play:
        """Plays a scenario in the engine."""
        return player(
            self.setup.engine,
            component=self.component,
            ports=self.ports,
            verilog=self.verilog,
            folder=self.models or default_folder(),
        )

    def scenario(self, first: int, x: NDArray[Any]) -> Scenario:
        """Return what is played for a batch, which is called by its first sample."""
        go = stall_pattern(self.setup.stalls, self.setup.seed + first, self.ports.widths)
        return scenario(
            self.plan,
            self.ports,
            x,
            config=self.load.words if self.load else (),
            go=go,
            deadline=self.deadline,
        )

    def predicts(self, first: int) -> bool:
        """Return whether the cycles of a batch are predicted."""
        return first < self.predicted and not self.setup.stalls

    def verdict(self, first: int, x: NDArray[Any]) -> Verdict:
        """Play a batch and compare it."""
        start = time.perf_counter()
        plan, order, tables = self.plan, self.checker.order, self.tables
        golden_trace = golden.run(tables, x, potentials=True)
        expected = lay_out(golden_trace, self.load) if self.load else golden_trace
        record = self.play(self.scenario(first, x))
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
            stream=finding.stream,
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
