"""Verification: the RTL in a simulator against golden, every spike and every stored potential.

`verify` is the one entry. It plays a batch of samples at a time, each from reset, and compares it
with golden; batches are independent, so they run on every core and their verdicts can be kept. It
stops at the first batch that differs.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hw import generate
from ...hw.plan import loading
from ...hw.plan.plan import Plan
from ...hw.rtl.accelerator import Accelerator
from ...toolchain import tools
from ...toolchain.verilog import convert
from ..bench.cache import cached, default_folder, digest, plan_digest
from ..bench.engines import default_deadline
from ..bench.ports import Ports
from ..bench.waves import write_waves
from .batches import Batches, SampleSource
from .comparison import Comparison
from .settings import Dut, Kept, Setup
from .traced import write_traces
from .verdict import Verdict, merge


def verify(
    plan: Plan,
    x: NDArray[Any] | SampleSource,
    *,
    dut: Dut | None = None,
    setup: Setup | None = None,
    kept: Kept | None = None,
    samples: int | None = None,
    predict: int = 128,
    progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Simulate the RTL and compare it with golden on the plan's tables, or those loaded.

    Parameters
    ----------
    plan
        The tables that golden runs, and how they lie on the accelerator.
    x
        Integers (steps, samples, *input shape), as for `golden.run`, or what makes them in parts.
    dut
        What is verified; by default `Accelerator(plan)`.
    setup
        How the bench runs; by default in 'native', without stalls.
    kept
        What stays on disk; by default compiled models alone.
    samples
        How many of `x`, from the first; by default all.
    predict
        Samples whose cycles are predicted too, from the first, batch by batch; none where a stream
        stalls. A prediction may take as long as the simulation.
    progress
        Called with the samples done, and all of them.

    Raises
    ------
    ValueError
        Where an argument is out of range, or the Verilog has other ports than the plan.
    LoadError
        Where the tables to load don't fit the plan.
    ToolError, CompileError
        Where the simulator is missing, or does not take the Verilog.
    """
    dut, setup, kept = dut or Dut(), setup or Setup(), kept or Kept()
    inputs: SampleSource = _Array(x) if isinstance(x, np.ndarray) else x
    count = len(inputs) if samples is None else min(samples, len(inputs))
    if count < 1:
        raise ValueError(f"samples must be 1 or more, not {count}")
    if setup.engine == "amaranth" and dut.verilog is not None:
        raise ValueError("verilog must be None for engine 'amaranth', which simulates Python")
    if predict < 0:
        raise ValueError(f"predict must be 0 samples or more, not {predict}")
    models = default_folder() if kept.models is None else kept.models
    ports = Ports.of(plan)
    loads = plan.tables if dut.load is None and plan.must_load else dut.load
    load = None if loads is None else loading.load(plan, loads)
    text, component = "", dut.component
    if setup.engine != "amaranth" or kept.waves is not None or kept.verdicts is not None:
        text = _text(dut, plan, models)
        ports.check(text)
    if setup.engine == "amaranth" and component is None:
        component = Accelerator(plan)
    deadline = default_deadline(plan, setup.stalls) if setup.deadline is None else setup.deadline
    comparison = Comparison(
        device=plan,
        tables=loads or plan.tables,
        load=load,
        setup=replace(setup, pool=None),
        verilog=text,
        component=component if setup.engine == "amaranth" else None,
        models=kept.models,
        deadline=deadline,
        predicted=predict,
    )
    batches = Batches(
        comparison=comparison,
        inputs=inputs,
        count=count,
        kept=kept.verdicts,
        identity=digest(text, _sources("export", "hw", "sim")),
    )
    verdicts: list[Verdict] = []
    first = done = 0
    if setup.pool is None:
        _ = comparison.play  # compiled before any thread asks for it
        threads = (setup.workers or os.cpu_count() or 1) if setup.engine == "native" else 1
        found = batches.verdicts(threads)
    else:
        found = batches.spread(setup.pool)
    for verdict in found:
        verdicts.append(verdict)
        first, done = done, done + verdict.samples
        if progress is not None:
            progress(done, count)
    verdict = merge(verdicts)
    if kept.traces is not None and verdict.difference is not None:
        x = batches.batch(first)
        alone = verdict.difference.sample if verdict.fault else None
        traces = write_traces(kept.traces, comparison, first, x, alone)
        verdict = replace(verdict, traces=traces)
    if kept.waves is None or verdict.cycle is None:
        return verdict
    saved = write_waves(
        kept.waves, text, ports, comparison.scenario(first, batches.batch(first)),
        cycle=verdict.cycle, lane=verdict.lane, stream=verdict.stream, folder=models,
        tables=comparison.tables.sha256,
    )  # fmt: skip
    return replace(verdict, waves=str(saved))


def _text(dut: Dut, plan: Plan, folder: Path) -> str:
    """Return the Verilog, given or generated."""
    if isinstance(dut.verilog, Path):
        return dut.verilog.read_text(encoding="utf-8")
    if dut.verilog is not None:
        return dut.verilog
    if dut.component is not None:
        return convert(dut.component, name=generate.TOP)
    yosys = tools.require("yosys")
    key = digest(plan_digest(plan), yosys.version, _sources("export", "hw"))
    name = f"{generate.TOP}.v"

    def write(target: Path) -> None:
        (target / name).write_text(generate.verilog(plan), encoding="utf-8")

    return (cached(folder, f"verilog-{key}", write, [name]) / name).read_text(encoding="utf-8")


def _sources(*packages: str) -> str:
    """Return a digest of whole packages of ours, so that no result outlives the code it is of."""
    here = [Path(__file__).parents[2] / name for name in packages]
    files = [file for folder in here for file in folder.rglob("*")]
    return digest(*(f.read_bytes() for f in sorted(files) if f.suffix in (".py", ".cpp", ".toml")))


class _Array:
    """An array of all samples, sample by sample."""

    def __init__(self, x: NDArray[Any]) -> None:
        self._x = x

    def __len__(self) -> int:
        return int(self._x.shape[1])

    def __getitem__(self, samples: slice, /) -> NDArray[Any]:
        return self._x[:, samples]
