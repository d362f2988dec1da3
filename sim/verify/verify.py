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
from amaranth.lib.wiring import Component
from numpy.typing import NDArray

from ...checks.arguments import choice
from ...export.tables import Tables
from ...hw import generate
from ...hw.plan import loading
from ...hw.plan.plan import Plan
from ...hw.rtl.accelerator import Accelerator
from ...toolchain import tools
from ...toolchain.verilog import convert
from ..bench.cache import cached, default_folder, digest, plan_digest
from ..bench.engines import ENGINES, Engine, default_deadline, player
from ..bench.ports import Ports
from ..bench.scenario import check_stalls
from ..bench.waves import write_waves
from .batches import Batches, Samples
from .check import Checker
from .verdict import Verdict, merge


def verify(
    plan: Plan,
    x: NDArray[Any] | Samples,
    *,
    verilog: Path | str | None = None,
    component: Component | None = None,
    load: Tables | None = None,
    engine: Engine = "native",
    samples: int | None = None,
    stalls: float = 0.0,
    seed: int = 0,
    deadline: int | None = None,
    predict: int = 128,
    waves: Path | None = None,
    folder: Path | None = None,
    resume: Path | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Simulate the RTL and compare it with golden on the plan's tables, or those loaded.

    Parameters
    ----------
    plan
        The tables that golden runs, and how they lie on the accelerator.
    x
        Integers (steps, samples, *input shape), as for `golden.run`, or what makes them in parts.
    verilog
        A file generated before, or a Verilog text; by default it is made from `component`. Whether
        it came from these very tables is what the comparison finds out.
    component
        What is verified, with the ports of `Accelerator(plan)`, which it is by default.
    load
        Tables to load through the stream 'config' before the first sample, and to compare with; the
        plan must be loadable. By default the accelerator runs the plan's own, which are loaded
        where it holds none from the start.
    engine
        One of `ENGINES`.
    samples
        How many of `x`, from the first; by default all.
    stalls
        Probability 0…0.9 that a stream stalls in a cycle; 0 never stalls.
    seed
        Of the stalls.
    deadline
        Cycles without any transfer after which the RTL is given up; by default several times what
        the largest receptive field takes.
    predict
        Samples whose cycles are predicted too, from the first, batch by batch; none where a stream
        stalls. A prediction may take as long as the simulation.
    waves
        Where to write a waveform of the first difference, and a GTKWave save file beside it that
        opens there: a path without suffix. Nothing is written where all is equal.
    folder
        Where compiled models are kept; by default in the user's cache.
    resume
        A folder for the verdicts of batches that are equal; those already there aren't run again.
    workers
        Batches that run at the same time, 'native' only; by default one a core.
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
    choice("engine", engine, ENGINES)
    check_stalls(stalls)
    inputs: Samples = _Array(x) if isinstance(x, np.ndarray) else x
    count = len(inputs) if samples is None else min(samples, len(inputs))
    if count < 1:
        raise ValueError(f"samples must be 1 or more, not {count}")
    if engine == "amaranth" and verilog is not None:
        raise ValueError("verilog must be None for engine 'amaranth', which simulates Python")
    if predict < 0:
        raise ValueError(f"predict must be 0 samples or more, not {predict}")
    folder = default_folder() if folder is None else folder
    ports = Ports.of(plan)
    if load is None and plan.must_load:
        load = plan.tables
    loaded = None if load is None else loading.load(plan, load)
    running = plan if loaded is None else loaded.plan
    text = ""
    if engine != "amaranth" or waves is not None or resume is not None:
        text = _text(verilog, component, plan, folder)
        ports.check(text)
    if engine == "amaranth" and component is None:
        component = Accelerator(plan)
    batches = Batches(
        plan=running,
        ports=ports,
        checker=Checker(running, ports),
        tables=load or plan.tables,
        load=loaded,
        engine=engine,
        play=player(engine, component=component, ports=ports, verilog=text, folder=folder),
        inputs=inputs,
        count=count,
        stalls=stalls,
        seed=seed,
        deadline=default_deadline(plan, stalls) if deadline is None else deadline,
        predicted=predict,
        resume=resume,
        identity=digest(text, _sources("export", "hw", "sim")),
    )
    verdicts: list[Verdict] = []
    first = done = 0
    for verdict in batches.verdicts((workers or os.cpu_count() or 1) if engine == "native" else 1):
        verdicts.append(verdict)
        first, done = done, done + verdict.samples
        if progress is not None:
            progress(done, count)
    verdict = merge(verdicts)
    if waves is None or verdict.cycle is None:
        return verdict
    saved = write_waves(
        waves, text, ports, batches.scenario(first),
        cycle=verdict.cycle, lane=verdict.lane, folder=folder,
    )  # fmt: skip
    return replace(verdict, waves=str(saved))


def _text(verilog: Path | str | None, component: Component | None, plan: Plan, folder: Path) -> str:
    """Return the Verilog, given or generated."""
    if verilog is not None:
        return verilog.read_text(encoding="utf-8") if isinstance(verilog, Path) else verilog
    if component is not None:
        return convert(component, name=generate.TOP)
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
