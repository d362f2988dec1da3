"""What a board made of samples."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from .encoded import Samples, maps
from .export.tables import Tables
from .host.counted import DeviceProfile
from .host.meter import RunPower, read_until
from .shown import Shown
from .sim.golden import golden
from .sim.golden.trace import Trace, compare


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
    traced, difference
        Whether spikes and potentials were compared with golden's, and the first that differs.
    cycles, waits, stalls, events
        As of `somagate.host.counted.DeviceProfile`, a sample on average; None where nothing was
        counted.
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
    cycles: float | None = None
    waits: float | None = None
    stalls: float | None = None
    events: float | None = None
    traced: bool = False
    difference: str = ""

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

    def compared(self, tables: Tables, data: Samples, trace: Trace) -> "DeviceRun":
        """Return the same with what a trace of the board's differs in from golden's first."""
        found = compare(golden.run(tables, maps(tables, data), potentials=True), trace)
        return replace(self, traced=True, difference=str(found) if found else "")

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
        if self.cycles is not None:
            lines.append(
                f"{self.cycles:,.0f} cycles a sample, {self.waits:,.0f} of them without a word to "
                f"take, {self.stalls:,.0f} with an answer that waits for the line; "
                f"{self.events:,.0f} weight rows added"
            )
        if self.traced:
            lines.append(
                f"The board and golden differ first in {self.difference}"
                if self.difference
                else "Every spike and potential on the board is golden's"
            )
        return [*lines, str(self.power)] if self.power else lines

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        power = self.power.to_dict() if self.power else None
        return {**vars(self), "power": power, "accuracy": self.correct / self.samples}


def means(profile: DeviceProfile | None) -> dict[str, Any]:
    """Return what was counted, a sample on average."""
    if profile is None:
        return {}
    names = ("cycles", "waits", "stalls", "events")
    return {name: float(getattr(profile, name).mean()) for name in names}
