"""What `waves` wrote, read again to be drawn: the signals of a save file around its marker.

By lines, as Verilator's names of scopes are none to pyvcd's reader.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from .waves import CYCLE, declared

BEFORE, AFTER = 96, 32
"""Cycles that are read around the marker's."""

_TOP = "bench.somagate."
_SIGNED = 0x400  # of GTKWave's flags


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
        """Return bits as they are written: a signed number, or hexadecimal digits."""
        if not self.signed:
            return f"{value:x}"
        return str(value - (value >> (self.bits - 1) << self.bits))


@dataclass(frozen=True, kw_only=True)
class Waves:
    """Signals around the cycle of a difference.

    Attributes
    ----------
    path
        The save file, which GTKWave opens.
    cycle
        Of the transfer that shows the difference.
    first, last
        Cycles that are read.
    signals
        In the save file's order.
    """

    path: Path
    cycle: int
    first: int
    last: int
    signals: tuple[Signal, ...]


def read(path: Path) -> Waves:
    """Read a save file of `waves.write_waves`, and the waveform beside it.

    Raises
    ------
    ValueError
        Where it is no save file of a difference, or the waveform holds none of its signals.
    OSError
        Where a file can't be read.
    """
    group, dump, marker = "", "", -1
    wanted: dict[str, tuple[str, str, bool]] = {}
    signed = False
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if match := re.fullmatch(r'\[dumpfile\] "(.+)"', line):
            dump = match[1]
        elif match := re.match(r"\*-?\d+\.\d+ (\d+) ", line):
            marker = int(match[1])
        elif line.startswith("@"):
            signed = bool(int(line[1:], 16) & _SIGNED)
        elif line.startswith("-"):
            group = line[1:]
        elif match := re.fullmatch(r"([\w./()]+)(\[\d+:\d+\])?", line):
            wanted[match[1]] = group, match[1].removeprefix(_TOP), signed
    if not dump or marker < 0 or not wanted:
        raise ValueError(
            f"{path} must be a save file that verify --waves wrote, with a waveform, a marker and "
            "signals; it lacks one of them"
        )
    cycle = marker // CYCLE
    first, last = max(0, cycle - BEFORE), cycle + AFTER
    found = _signals(path.with_name(dump), wanted, first, last)
    if not found:
        raise ValueError(f"{path.with_name(dump)} must hold the signals of {path}; it holds none")
    return Waves(path=path, cycle=cycle, first=first, last=last, signals=tuple(found))


def _signals(
    dump: Path, wanted: dict[str, tuple[str, str, bool]], first: int, last: int
) -> list[Signal]:
    """Return the wanted signals of a VCD file over some cycles, in the order of `wanted`."""
    changes: dict[str, list[tuple[float, int]]] = {}
    codes: dict[str, tuple[str, int]] = {}
    with dump.open(encoding="utf-8", errors="replace") as file:
        for code, name, bits in declared(file):
            if name in wanted:
                width = int(bits[1:].split(":")[0]) + 1 if bits else 1
                codes[name] = code, width
                changes[code] = []
        time = 0.0
        for line in file:
            if line[0] == "#":
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
            number = int(value, 2) if set(value) <= {"0", "1"} else 0
            if time <= first:
                seen[:] = [(float(first), number)]
            elif not seen or seen[-1][1] != number:
                seen.append((time, number))
    return [
        Signal(
            group=wanted[name][0], name=wanted[name][1], bits=codes[name][1],
            signed=wanted[name][2], times=tuple(t for t, _ in changes[codes[name][0]]),
            values=tuple(v for _, v in changes[codes[name][0]]),
        )
        for name in wanted
        if name in codes and changes[codes[name][0]]
    ]  # fmt: skip
