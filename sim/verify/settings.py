"""What a verification is asked for: what is verified, in which simulator, and what is kept."""

from dataclasses import dataclass
from pathlib import Path

from amaranth.lib.wiring import Component

from ...checks.arguments import choice, optional
from ...export.tables import Tables
from ...workers import Pool
from ..bench.engines import ENGINES, Engine
from ..bench.scenario import check_stalls


@dataclass(frozen=True, kw_only=True, eq=False)
class Dut:
    """What is verified: by default the accelerator of the plan, with the plan's own tables.

    Attributes
    ----------
    verilog
        A file generated before, or a Verilog text; by default it is made from `component`. Whether
        it came from these very tables is what the comparison finds out.
    component
        What is verified, with the ports of `Accelerator(plan)`, which it is by default.
    load
        Tables to load through the stream 'config' before the first sample, and to compare with; the
        plan must be loadable. By default the accelerator runs the plan's own, which are loaded
        where it holds none from the start.
    """

    verilog: Path | str | None = None
    component: Component | None = None
    load: Tables | None = None


@dataclass(frozen=True, kw_only=True)
class Setup:
    """How the bench runs.

    Attributes
    ----------
    engine
        One of `ENGINES`.
    stalls
        Probability 0…0.9 that a stream stalls in a cycle; 0 never stalls.
    seed
        Of the stalls.
    deadline
        Cycles without any transfer after which the RTL is given up; by default several times what
        the largest receptive field takes.
    workers
        Batches that run at the same time in this process, 'native' only; by default one a core.
    pool
        Workers that batches run on instead, 'native' only.

    Raises
    ------
    ValueError
        Where the engine or the probability is none, or the workers are none.
    """

    engine: Engine = "native"
    stalls: float = 0.0
    seed: int = 0
    deadline: int | None = None
    workers: int | None = None
    pool: Pool | None = None

    def __post_init__(self) -> None:
        choice("engine", self.engine, ENGINES)
        check_stalls(self.stalls)
        optional("workers", self.workers, 1, 1024)
        if self.pool is not None and (self.engine != "native" or self.workers is not None):
            told = self.workers if self.engine == "native" else f"with engine {self.engine!r}"
            raise ValueError(f"pool must come with engine 'native' and no workers, not {told}")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What stays on disk.

    Attributes
    ----------
    models
        A folder for compiled models; by default in the user's cache.
    verdicts
        A folder for the verdicts of batches that are equal; those already there aren't run again.
    waves
        Where to write a waveform of the first difference, and a GTKWave save file beside it that
        opens there: a path without suffix. Nothing is written where all is equal.
    traces
        Where to write golden's and the RTL's trace of the sample that differs first, and of those
        played with it, for `somagate inspect`: a path without suffix.
    """

    models: Path | None = None
    verdicts: Path | None = None
    waves: Path | None = None
    traces: Path | None = None
