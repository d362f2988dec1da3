"""The Verilog of a design against the golden simulator."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from .checks import kind_of
from .designs import Design
from .encoded import Parts, Samples, maps
from .export.tables import Tables
from .hw.generate import TOP
from .hw.plan import plan_file
from .sim.bench.engines import ENGINES, Engine
from .sim.bench.waves import wave_files
from .sim.verify.settings import Dut, Kept, Setup
from .sim.verify.traced import trace_files
from .sim.verify.verdict import Verdict
from .sim.verify.verify import verify as compare
from .targets import one_of
from .workers import pool

PREDICTED = 128
"""Samples whose cycles are predicted unless told otherwise."""


def verify(
    design: Design | Tables,
    data: Samples | NDArray[Any],
    *,
    generated: Path | str | None = None,
    engine: Engine | str = "native",
    stalls: float = 0.0,
    seed: int | None = None,
    predict: int | None = None,
    waves: Path | str | None = None,
    traces: Path | str | None = None,
    overwrite: bool = True,
    resume: Path | str | None = None,
    cache: Path | str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Simulate the Verilog and compare every spike and every stored potential with golden.

    Parameters
    ----------
    design
        What is generated and verified; or tables, where `generated` has their accelerator.
    data
        Samples, or integers (steps, samples, *input shape).
    generated
        A folder that `generate` or `build` wrote: its Verilog is verified as it is. Other tables
        than its own are loaded into it, where its plan is loadable.
    engine
        'native' (C++ over Verilator), 'cocotb-verilator', 'cocotb-icarus' or 'amaranth'.
    stalls, seed
        Probability 0…0.9 that a stream stalls in a cycle, and the seed of these stalls.
    predict
        How many samples' cycles are predicted too; by default 128, and none where streams stall.
    waves
        A path without suffix, for a waveform of the first difference.
    traces
        A path without suffix, for golden's and the Verilog's trace of the sample that differs
        first, and of those simulated with it, which `inspect` looks into.
    overwrite
        Replace such files that are there.
    resume
        A folder that keeps the verdicts of what is equal, and from which they are taken.
    cache
        Where compiled models are kept; by default SOMAGATE_CACHE, or the user's cache.
    workers
        Processes on this machine that simulate parts, 'native' only: this one alone, or so many of
        a dask cluster, for scripts whose work is behind ``if __name__ == "__main__":``. By default
        threads of this one, as many as there are cores. The verdict is the same whatever they are.
    scheduler
        Address of a dask scheduler whose workers are taken instead, such as 'tcp://host:8786'.
    progress
        Called with the samples done, and all of them.

    Raises
    ------
    ValueError
        Where a setting is out of range, or is given where it is not used.
    PlanFileError
        Where `generated` is no such folder.
    LoadError
        Where the tables don't fit the accelerator.
    ToolError, CompileError
        Where a tool is missing, or does not take the Verilog.
    WorkersError
        Where the scheduler doesn't answer, has no workers, or a worker dies.
    """
    chosen: Any = one_of("engine", engine, ENGINES)
    if seed is not None and not stalls:
        raise ValueError(f"seed must come with stalls, not be {seed} without any")
    if predict and stalls:
        raise ValueError(f"predict must be 0 where streams stall, not {predict}")
    if workers is not None and chosen != "native":
        raise ValueError(f"workers must come with the engine 'native', not {chosen!r}")
    _check_new("waves", waves, wave_files, overwrite)
    _check_new("traces", traces, trace_files, overwrite)
    if scheduler is not None and chosen != "native":
        raise ValueError(f"scheduler must come with the engine 'native', not {chosen!r}")
    verilog = load = None
    if generated is not None:
        if not isinstance(design, Tables):
            raise TypeError("design must be tables where generated has their plan, not a Design")
        plan, verilog, load = _generated(design, Path(generated))
    elif isinstance(design, Design):
        plan = design.plan
    else:
        raise TypeError(
            "design must be a Design, of somagate.plan or somagate.design, not tables by "
            "themselves, unless generated has their accelerator"
        )
    tables = design if isinstance(design, Tables) else design.tables
    inputs = Parts(data.given_to(tables)) if isinstance(data, Samples) else maps(tables, data)
    with _playing(workers, scheduler) as playing:
        return compare(
            plan,
            inputs,
            dut=Dut(verilog=verilog, load=load),
            setup=Setup(engine=chosen, stalls=stalls, seed=seed or 0, **playing),
            kept=Kept(
                models=None if cache is None else Path(cache),
                verdicts=None if resume is None else Path(resume),
                waves=None if waves is None else Path(waves),
                traces=None if traces is None else Path(traces),
            ),
            predict=PREDICTED if predict is None else predict,
            progress=progress,
        )


def _check_new(
    name: str,
    path: Path | str | None,
    files: Callable[[Path], tuple[Path, ...]],
    overwrite: bool,
) -> None:
    """Raise where files can't be written, before anything is simulated."""
    if path is None:
        return
    if not isinstance(path, Path | str):
        raise TypeError(f"{name} must be a path, not {kind_of(path)}")
    if not Path(path).name:
        raise ValueError(f"{name} must be a path of files, without their suffix, not {str(path)!r}")
    for file in files(Path(path)):
        if file.is_dir() or (file.exists() and not overwrite):
            raise FileExistsError(
                f"{file} exists already: name another path for the {name}, or overwrite it, on the "
                "command line by --force"
            )
    above = next(parent for parent in Path(path).absolute().parents if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise PermissionError(f"{name} must be where files can be written, which {above} isn't")


@contextmanager
def _playing(workers: int | None, scheduler: str | None) -> Iterator[dict[str, Any]]:
    """Yield what plays batches, as `Setup` takes it: threads of this process, or a pool."""
    if scheduler is None and workers is None:
        yield {}
        return
    with pool(count=workers, scheduler=scheduler) as its:
        yield {"workers": 1} if scheduler is None and workers == 1 else {"pool": its}


def _generated(tables: Tables, folder: Path) -> tuple[Any, Path, Tables | None]:
    """Return the plan of the accelerator in `folder`, its Verilog, and the tables to load into it.

    Where it takes a configuration stream, the plan is its own, and other tables are loaded; the
    last is None where they are the same. Otherwise the plan is that of the tables, on as many lanes
    as the accelerator has.
    """
    verilog = folder / f"{TOP}.v"
    known = plan_file.manifest(folder)
    if not verilog.is_file():
        raise ValueError(
            f"{folder} must be a folder that `somagate generate` wrote, but has no {verilog.name}"
        )
    if known.get("shape_sha256") and known["tables_sha256"] != tables.sha256:
        return plan_file.built(folder), verilog, tables
    return plan_file.built(folder, tables), verilog, None
