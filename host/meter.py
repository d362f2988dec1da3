"""A power meter's log, and what a run took by it.

A log is a CSV file with a header, as another program writes it meanwhile: a column of times, and
one of power, or one of voltage and one of current. Between two readings power is taken to change
evenly.
"""

import csv
import io
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Names = dict[str, float]
"""Names of a column, by what its values are multiplied with."""

_TIMES: Names = {"time": 1.0, "timestamp": 1.0, "seconds": 1.0}
_POWER: Names = {"power": 1.0, "watts": 1.0, "power_w": 1.0, "power_mw": 1e-3}
_VOLTAGE: Names = {"voltage": 1.0, "volts": 1.0, "voltage_v": 1.0, "voltage_mv": 1e-3}
_CURRENT: Names = {"current": 1.0, "amps": 1.0, "current_a": 1.0, "current_ma": 1e-3}
_DELIMITERS = ",;\t"


@dataclass(frozen=True, kw_only=True)
class RunPower:
    """What a run took by a power meter.

    Attributes
    ----------
    meter
        The log.
    readings
        Between the run's start and end.
    watts
        On average.
    joules_per_sample
        All of them.
    idle_watts
        On average before and after the run, or None where the log has neither.
    joules_per_sample_above_idle
        What of them is beyond idle power, or None.
    """

    meter: str
    readings: int
    watts: float
    joules_per_sample: float
    idle_watts: float | None
    joules_per_sample_above_idle: float | None

    def __str__(self) -> str:
        """Return it in a sentence."""
        told = f"{self.watts:.4g} W on average, {self.joules_per_sample:.4g} J a sample"
        if self.idle_watts is not None:
            told += (
                f", {self.joules_per_sample_above_idle:.4g} J of it above the {self.idle_watts:.4g}"
                " W of idle"
            )
        return f"{told}; {self.readings} readings of {self.meter}"

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class MeterLog:
    """The readings of a power meter.

    Attributes
    ----------
    path
        Where they are from.
    times
        Unix seconds, float64 (readings,), rising.
    watts
        float64 (readings,).
    """

    path: str
    times: NDArray[np.float64]
    watts: NDArray[np.float64]

    def energy(self, start: float, end: float) -> float:
        """Return the joules from a time to another, by the trapezoid rule.

        Raises
        ------
        ValueError
            Where the end isn't behind the start, or the log doesn't cover both.
        """
        if not start < end:
            raise ValueError(f"end must be behind the start {start}, not {end}")
        first, last = float(self.times[0]), float(self.times[-1])
        if start < first or end > last:
            raise ValueError(
                f"{self.path} must cover the run from {_said(start)} to {_said(end)}, not only "
                f"{_said(first)} to {_said(last)}; let the meter log from before the run until "
                "after it, by the same clock"
            )
        return self._joules(start, end)

    def mean(self, start: float, end: float) -> float:
        """Return the watts from a time to another, on average; errors are those of `energy`."""
        return self.energy(start, end) / (end - start)

    def idle(self, start: float, end: float) -> float | None:
        """Return the watts of all that lies outside of a run, on average, or None for nothing.

        Errors are those of `energy`.
        """
        inside = self.energy(start, end)
        first, last = float(self.times[0]), float(self.times[-1])
        outside = (last - first) - (end - start)
        return (self._joules(first, last) - inside) / outside if outside > 0 else None

    def run(self, start: float, end: float, samples: int) -> RunPower:
        """Return what a run of some samples took.

        Raises
        ------
        ValueError
            Where the log doesn't cover the run, or has no reading in it.
        """
        joules, idle = self.energy(start, end), self.idle(start, end)
        readings = int(np.count_nonzero((self.times >= start) & (self.times <= end)))
        if not readings:
            raise ValueError(
                f"{self.path} must have a reading within the run's {end - start:.3g} s, but has "
                "none; run more samples, or let the meter log more often"
            )
        above = None if idle is None else (joules - idle * (end - start)) / samples
        return RunPower(
            meter=self.path,
            readings=readings,
            watts=joules / (end - start),
            joules_per_sample=joules / samples,
            idle_watts=idle,
            joules_per_sample_above_idle=above,
        )

    def _joules(self, start: float, end: float) -> float:
        inside = (self.times > start) & (self.times < end)
        times = np.concatenate([[start], self.times[inside], [end]])
        watts = np.interp(times, self.times, self.watts)
        return float(np.trapezoid(watts, times))


def read_until(path: Path, end: float, *, wait: float) -> MeterLog:
    """Read a log, and again until it has come to a time; what is missing then is for `energy`.

    Parameters
    ----------
    path
        As of `read_meter`, whose errors are raised.
    end
        Unix seconds.
    wait
        Seconds at most that its program may take to write down what it measured.
    """
    last = time.monotonic() + wait
    while True:
        log = read_meter(path)
        if log.times[-1] >= end or time.monotonic() >= last:
            return log
        time.sleep(0.1)


def read_meter(path: Path) -> MeterLog:
    """Read a power meter's log; a last line that isn't ended yet is left alone.

    Columns are told by their names, in whatever order and case; others are left alone.

    time, timestamp, seconds
        Unix seconds, or ISO 8601; without a time zone it is local time.
    power, watts, power_w, power_mw
        Watts, or milliwatts.
    voltage, volts, voltage_v, voltage_mv; and current, amps, current_a, current_ma
        Volts and amperes, or thousandths, in place of a power.

    Raises
    ------
    ValueError
        Where the file is no such log: its name, the line, the column and the value are said.
    OSError
        Where it can't be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} must be text in UTF-8: {error}") from None
    whole, end, _ = text.rpartition("\n")
    rows = _rows(path, whole + end)
    _, header = next(rows, (0, []))
    names = [name.strip().lower() for name in header]
    when, _ = _column(path, names, _TIMES)
    if any(name in _POWER for name in names):
        columns = [_column(path, names, _POWER)]
    else:
        columns = [_column(path, names, _VOLTAGE, also=_POWER), _column(path, names, _CURRENT)]
    times: list[float] = []
    watts: list[float] = []
    for line, row in rows:
        if len(row) != len(names):
            raise ValueError(
                f"{path}, line {line}: must have {len(names)} values as the header has names, not "
                f"{len(row)}"
            )
        now = _time(path, line, names[when], row[when].strip())
        if times and now <= times[-1]:
            raise ValueError(
                f"{path}, line {line}, column {names[when]}: times must rise, but "
                f"{row[when].strip()!r} isn't behind the one before"
            )
        power = 1.0
        for column, unit in columns:
            power *= unit * _number(path, line, names[column], row[column].strip())
        times.append(now)
        watts.append(power)
    if len(times) < 2:
        raise ValueError(f"{path} must have 2 readings or more, not {len(times)}")
    return MeterLog(path=str(path), times=np.array(times), watts=np.array(watts))


def _rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that aren't empty, each with its line."""
    first = text.partition("\n")[0]
    delimiter = next((sign for sign in _DELIMITERS if sign in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if any(value.strip() for value in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.line_num}: must be CSV: {error}") from None


def _column(
    path: Path, names: list[str], known: Names, also: Names | None = None
) -> tuple[int, float]:
    """Return the place of the one column that has one of some names, and its unit."""
    found = [index for index, name in enumerate(names) if name in known]
    if len(found) != 1:
        wanted = ", ".join([*known, *(also or ())])
        had = ", ".join(names[index] for index in found or range(len(names)))
        raise ValueError(
            f"{path}, header: must name exactly one column of {wanted}, not {had or 'nothing'}"
        )
    return found[0], known[names[found[0]]]


def _number(path: Path, line: int, column: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise ValueError(
            f"{path}, line {line}, column {column}: must be a number, such as 1.25, not {value!r}"
        )
    return number


def _time(path: Path, line: int, column: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        try:
            number = datetime.fromisoformat(value).timestamp()
        except (ValueError, OverflowError, OSError):
            number = float("nan")
    if not isfinite(number):
        raise ValueError(
            f"{path}, line {line}, column {column}: must be Unix seconds or ISO 8601, such as "
            f"2026-01-31T12:00:00.5+01:00, not {value!r}"
        )
    return number


def _said(seconds: float) -> str:
    """Return a time to be read, in UTC."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(" ", "milliseconds")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s"
