"""Boards on a port, virtual ones too: what they answer, and what is loaded into them."""

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .boards.build import BuildParameters
from .boards.core import check_extras
from .boards.program import built_baud
from .boards.uart import BAUD
from .boards.wire.protocol import extras as extras_of
from .checks import kind_of
from .designs import Design
from .device_run import DeviceRun, means
from .encoded import Samples, maps, the_samples
from .export.tables import Tables
from .given import the_tables
from .host.device import PlanDevice
from .host.inference import Progress
from .host.job import Answers
from .host.serving import Faults, Served
from .host.speed import SPEEDS
from .host.virtual_board import VirtualBoard
from .hw.plan import plan_file
from .sim.golden.trace import Trace


class Device(PlanDevice):
    """A board that runs a network; of a context, it closes its port at the end.

    What is asked is answered right, or ends in an error: frames that are lost are sent again, a
    port that went away is opened again, and what wasn't answered is asked anew.

    Parameters
    ----------
    port
        Its name, such as '/dev/ttyUSB1', or that of a virtual board.
    design
        What its bitstream was built from: the design, or the folder that `build` wrote.
    baud
        As the bitstream was built. By default that of the folder's report; where there is none,
        usual speeds are tried until the board answers.
    tables
        What was loaded into it before, if not the design's own.
    timeout
        Seconds that an inference may take, and that a port may be away.

    Raises
    ------
    DeviceError
        Where the board doesn't answer, or has another bitstream.
    OSError
        Where there is no such port, or another program has it.
    """

    def __init__(
        self,
        port: str,
        design: Design | Path | str,
        *,
        baud: int | None = None,
        tables: Tables | None = None,
        timeout: float = 10.0,
    ) -> None:
        if not isinstance(port, str):
            raise TypeError(f"port must be the name of a serial port, not {kind_of(port)}")
        self._port = port
        speeds = [baud] if baud is not None else list(SPEEDS)
        if isinstance(design, Design):
            plan = design.plan
        else:
            plan = plan_file.built(Path(design))
            if baud is None and (reported := built_baud(Path(design))):
                speeds.insert(0, reported)
        loaded = None if tables is None else the_tables(tables)
        super().__init__(port, plan, baud=speeds, tables=loaded, timeout=timeout)

    def load(self, tables: Tables, *, progress: Progress | None = None) -> None:
        """Load tables, which the board runs from then on, until its power goes.

        Parameters
        ----------
        tables
            Of the shape of the design's, or a smaller one.
        progress
            Called with the bytes sent, and all of them.

        Raises
        ------
        LoadError
            Where the tables don't fit, or nothing can be loaded into the design.
        DeviceError
            Where the board reports a failure.
        """
        super().load(the_tables(tables), progress=progress)

    def predict(
        self, x: Any, *, profile: bool = False, progress: Progress | None = None
    ) -> Answers:
        """Return what the board answers: the same outputs and predictions as golden's.

        Parameters
        ----------
        x
            Samples, as `samples` returns them, or integers (steps, batch, *input shape).
        profile
            The board counts its cycles and events too, sample by sample, each of which is sent
            once the one before is answered; it must be built with counters.
        progress
            Called with the samples answered, and all of them.

        Raises
        ------
        DeviceError
            If the board doesn't answer, runs other tables, or has no counters.
        ValueError
            If `x` is not an input of the network.
        """
        return super().predict(maps(self.tables, x), profile=profile, progress=progress)

    def trace(self, x: Any, *, progress: Progress | None = None) -> Trace:
        """Return every spike and potential on the board: the same trace as golden's.

        Arguments and errors are those of `predict`; the board must be built with trace.
        """
        inputs = maps(self.tables, x)
        return replace(super().trace(inputs, progress=progress), input=inputs)

    def measure(
        self, data: Samples, *, profile: bool = False, progress: Progress | None = None
    ) -> DeviceRun:
        """Return how many labelled samples the board classifies right, and how fast it is.

        Arguments are those of `predict`.

        Raises
        ------
        DeviceError
            If the board doesn't answer.
        ValueError
            Where the samples have no labels, or are for other tables.
        """
        data = the_samples(self.tables, data)
        data.scored()
        if data.targets is not None:
            raise ValueError("data must have labels to measure a board, not targets; use predict")
        started = time.time()
        answers = self.predict(data, profile=profile, progress=progress)
        ended = time.time()
        return DeviceRun(
            port=self._port,
            tables=self.tables.sha256,
            data=data.data,
            samples=len(data),
            correct=int((answers.prediction == data.labels).sum()),
            per_second=answers.per_second,
            latency_ms=float(np.median(answers.latencies)) * 1000,
            frames=answers.counts.sent,
            repeated=answers.counts.repeated,
            damaged=answers.counts.damaged,
            restarts=answers.restarts,
            started=started,
            ended=ended,
            **means(answers.profile),
        )


def virtual_board(
    design: Design,
    *,
    baud: int = BAUD,
    extras: Iterable[str] = (),
    link: Path | str | None = None,
    faults: Faults | None = None,
    real_time: bool = False,
) -> Served:
    """Return a board without a board: a design's whole top in Verilator, on a pseudo-terminal.

    Parameters
    ----------
    design
        Planned for a board.
    baud
        Of its line.
    extras
        As of `build`.
    link
        A path that leads to the port, also where it goes away and comes back; by default there is
        none.
    faults
        What goes wrong on the line.
    real_time
        It is no faster than the board would be; by default as fast as it goes.

    Returns
    -------
    It runs until it is closed; `port` is its name.

    Raises
    ------
    ValueError
        Where the design has no board, the board can't have that speed, or the network not an extra.
    FileExistsError
        Where something is at `link`.
    """
    if design.board is None or design.clock_hz is None:
        raise ValueError(
            f"design must be planned for a board, not for part {design.part.name} alone; "
            "give sg.design or sg.plan a board="
        )
    chosen = extras_of(extras)
    check_extras(design.tables, chosen, design.plan.replicas)
    parameters = BuildParameters(baud=baud, clock_hz=design.clock_hz, extras=chosen)
    board = VirtualBoard(design.plan, design.board, parameters)
    return Served(
        board, link=None if link is None else Path(link), faults=faults, real_time=real_time
    )
