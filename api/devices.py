"""Boards on a port, virtual ones too: what they answer, and what is loaded into them."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import RenderableType

from .boards.build import BuildParameters
from .boards.uart import BAUD
from .designs import Design
from .encoded import Samples, maps, the_samples
from .export.tables import Tables
from .given import kind_of, the_tables
from .host.device import PlanDevice, Progress
from .host.job import Answers
from .host.meter import RunPower, read_until
from .host.serving import Faults, Served
from .host.virtual_board import VirtualBoard
from .hw.plan import plan_file
from .shown import Shown


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
        As the bitstream was built.
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
        baud: int = BAUD,
        tables: Tables | None = None,
        timeout: float = 10.0,
    ) -> None:
        if not isinstance(port, str):
            raise TypeError(f"port must be the name of a serial port, not {kind_of(port)}")
        self._port = port
        plan = design.plan if isinstance(design, Design) else plan_file.built(Path(design))
        loaded = None if tables is None else the_tables(tables)
        super().__init__(port, plan, baud=baud, tables=loaded, timeout=timeout)

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

    def predict(self, x: Any, *, progress: Progress | None = None) -> Answers:
        """Return what the board answers: the same outputs and predictions as golden's.

        Parameters
        ----------
        x
            Samples, as `samples` returns them, or integers (steps, batch, *input shape).
        progress
            Called with the samples answered, and all of them.

        Raises
        ------
        DeviceError
            If the board doesn't answer, or runs other tables.
        ValueError
            If `x` is not an input of the network.
        """
        return super().predict(maps(self.tables, x), progress=progress)

    def measure(self, data: Samples, *, progress: Progress | None = None) -> "DeviceRun":
        """Return how many labelled samples the board classifies right, and how fast it is.

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
        answers = self.predict(data, progress=progress)
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
        )


@dataclass(frozen=True, kw_only=True)
class DeviceRun(Shown):
    """What a board made of labelled samples.

    Attributes
    ----------
    port
        Where it is.
    tables
        The hash of the tables that it runs.
    data
        What the samples are of.
    samples, correct
        How many, and how many of them are classified right.
    per_second
        Samples a second, over the line.
    latency_ms
        Milliseconds of a sample, the median: from its first byte to the last of its answer.
    frames, repeated, damaged, restarts
        Frames sent, those sent again, those that came damaged, and how often the link had to
        start anew.
    started, ended
        When, in Unix seconds.
    power
        What it took by a power meter, or None where there was none.
    """

    port: str
    tables: str
    data: str
    samples: int
    correct: int
    per_second: float
    latency_ms: float
    frames: int
    repeated: int
    damaged: int
    restarts: int
    started: float
    ended: float
    power: RunPower | None = None

    def metered(self, log: Path | str, *, wait: float = 10.0) -> "DeviceRun":
        """Return the run with its power, by the log of a meter as `host.meter.read_meter` reads it.

        Parameters
        ----------
        log
            A CSV file, which another program writes.
        wait
            Seconds at most until that has written down the end of the run.

        Raises
        ------
        ValueError
            Where the file is no such log, or doesn't cover the run.
        OSError
            Where it can't be read.
        """
        found = read_until(Path(log), self.ended, wait=wait)
        return replace(self, power=found.run(self.started, self.ended, self.samples))

    def shown(self) -> list[RenderableType]:
        """Return the accuracy and the speed."""
        lines: list[RenderableType] = [
            (
                f"{self.correct} of {self.samples} right ({self.correct / self.samples:.2%}), "
                f"{self.per_second:,.1f} samples a second, {self.latency_ms:.3g} ms each"
            )
        ]
        if self.repeated or self.damaged or self.restarts:
            lines.append(
                f"{self.repeated} of {self.frames} frames were sent again, {self.damaged} came "
                f"damaged, and the link started anew {self.restarts} times"
            )
        return [*lines, str(self.power)] if self.power else lines

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        power = self.power.to_dict() if self.power else None
        return {**vars(self), "power": power, "accuracy": self.correct / self.samples}


def virtual_board(
    design: Design,
    *,
    baud: int = BAUD,
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
        Where the design has no board, or the board can't have that speed.
    FileExistsError
        Where something is at `link`.
    """
    if design.board is None or design.clock_hz is None:
        raise ValueError(
            f"design must be planned for a board, not for part {design.part.name} alone; "
            "give sg.design or sg.plan a board="
        )
    parameters = BuildParameters(baud=baud, clock_hz=design.clock_hz)
    board = VirtualBoard(design.plan, design.board, parameters)
    return Served(
        board, link=None if link is None else Path(link), faults=faults, real_time=real_time
    )
