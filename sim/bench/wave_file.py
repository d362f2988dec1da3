"""What `waves` wrote, read again to be drawn: the signals of a save file around its marker.

By lines, as Verilator's names of scopes are none to pyvcd's reader.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from .waves import CYCLE, NO_STREAM, declared

BEFORE, AFTER = 96, 32
"""Cycles that are read around the marker's."""

_TOP = "bench.somagate."
_SIGNED = 0x400  # of GTKWave's flags
_LONGEST_LINE = 100_000


@dataclass(frozen=True, kw_only=True)
class Signal:
    """A signal over the cycles that are read.

    Attributes
    ----------
    group
        In which the save file has it: a stream, or 'update, lane 3'.
    name
        Within the accelerator, without its bits.
    bits
        Its width.
    signed
        Whether it is read as a signed number.
    times
        Where it takes each of its values, in cycles; the first where the cycles start.
    values
        The bits that it takes, as an integer from 0.
    """

    group: str
    name: str
    bits: int
    signed: bool
    times: tuple[float, ...]
    values: tuple[int, ...]

    def at(self, time: float) -> int:
        """Return the bits at a time, in cycles."""
        return self.values[max(0, bisect_right(self.times, time) - 1)]

    def text(self, value: int) -> str:
        """Return bits as they are written: a signed number, or a hexadecimal one from 10."""
        if not self.signed:
            return str(value) if value < 10 else f"0x{value:x}"
        return str(value - (value >> (self.bits - 1) << self.bits))


@dataclass(frozen=True, kw_only=True)
class Waves:
    """Signals around the cycle of a difference.

    Attributes
    ----------
    path
        The save file, which GTKWave opens.
    tables
        Hash of those that ran.
    stream
        Of the transfer that shows the difference, or '' where one is missing.
    cycle
        Of the transfer that shows the difference.
    first, last
        Cycles that are read.
    signals
        In the save file's order.
    """

    path: Path
    tables: str
    stream: str
    cycle: int
    first: int
    last: int
    signals: tuple[Signal, ...]


def read(path: Path) -> Waves:
    """Read a save file of `waves.write_waves`, and the waveform beside it.

    Raises
    ------
    ValueError
        Where it is no such file, or the waveform isn't beside it, is no VCD file, ends before the
        marker, or holds none of the signals.
    OSError
        Where a file can't be read.
    """
    told, wanted = _saved(path)
    if not {"dump", "marker", "tables", "stream"} <= set(told) or not wanted:
        raise ValueError(
            f"{path} must be a save file that verify --waves wrote, with its tables, a waveform, a "
            "marker and signals; it lacks some of them"
        )
    dump = path.with_name(Path(told["dump"]).name)
    if not dump.is_file():
        raise ValueError(f"{path} must have its waveform beside it, {dump}, which is not there")
    cycle = int(told["marker"]) // CYCLE
    first, last = max(0, cycle - BEFORE), cycle + AFTER
    found = _signals(dump, wanted, first, cycle, last)
    if not found:
        raise ValueError(f"{dump} must hold the signals of {path}; it holds none")
    return Waves(
        path=path, tables=told["tables"],
        stream="" if told["stream"] == NO_STREAM else told["stream"],
        cycle=cycle, first=first, last=last, signals=tuple(found),
    )  # fmt: skip


_LINES = {
    "tables": r"\[\*\] tables ([0-9a-f]{64})",
    "stream": r"\[\*\] stream (\w+)",
    "dump": r'\[dumpfile\] "(.+)"',
    "marker": r"\*-?\d+\.\d+ (\d{1,12}) .*",
}
"""What a save file says of itself, besides its signals."""


def _saved(path: Path) -> tuple[dict[str, str], dict[str, tuple[str, str, bool]]]:
    """Return what a save file says, and of each signal its group, its name, and its sign."""
    told: dict[str, str] = {}
    wanted: dict[str, tuple[str, str, bool]] = {}
    group, signed = "", False
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        for name, pattern in _LINES.items():
            if match := re.fullmatch(pattern, line):
                told.setdefault(name, match[1])
        if match := re.fullmatch(r"@([0-9a-f]{1,8})", line):
            signed = bool(int(match[1], 16) & _SIGNED)
        elif line.startswith("-"):
            group = line[1:]
        elif match := re.fullmatch(r"([\w./()]+)(\[\d+:\d+\])?", line):
            wanted[match[1]] = group, match[1].removeprefix(_TOP), signed
    return told, wanted


def _signals(
    dump: Path, wanted: dict[str, tuple[str, str, bool]], first: int, cycle: int, last: int
) -> list[Signal]:
    """Return the wanted signals of a VCD file over some cycles, in the order of `wanted`."""
    changes: dict[str, list[tuple[float, int]]] = {}
    codes: dict[str, tuple[str, int]] = {}
    with dump.open(encoding="utf-8", errors="replace") as file:
        lines = iter(lambda: file.readline(_LONGEST_LINE), "")
        for code, name, bits in declared(lines):
            if name in wanted:
                width = int(bits[1:].split(":")[0]) + 1 if bits else 1
                codes[name] = code, width
                changes[code] = []
        time = 0.0
        for line in lines:
            if line[0] == "#":
                if not line[1:].strip().isdecimal():
                    raise ValueError(f"{dump} must be a VCD file, but has a time {line[1:21]!r}")
                time = int(line[1:]) / CYCLE
                if time > last + 1:
                    break
                continue
            value, _, code = line[1:].rstrip().partition(" ") if line[0] == "b" else (
                line[0], "", line[1:].rstrip()
            )  # fmt: skip
            seen = changes.get(code)
            if seen is None:
                continue
            number = int(value, 2) if value and set(value) <= {"0", "1"} else 0
            if time <= first:
                seen[:] = [(float(first), number)]
            elif not seen or seen[-1][1] != number:
                seen.append((time, number))
    if changes and time < cycle:
        raise ValueError(
            f"{dump} must reach cycle {cycle}, that of the marker, not end in {time:g}"
        )
    return [
        Signal(
            group=wanted[name][0], name=wanted[name][1], bits=codes[name][1],
            signed=wanted[name][2], times=tuple(t for t, _ in changes[codes[name][0]]),
            values=tuple(v for _, v in changes[codes[name][0]]),
        )
        for name in wanted
        if name in codes and changes[codes[name][0]]
    ]  # fmt: skip
