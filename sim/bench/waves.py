"""A waveform of the first difference, and a GTKWave save file that opens there."""

import re
from collections.abc import Iterator
from pathlib import Path

from vcd.gtkw import GTKWSave

from . import native_engine
from .ports import Ports
from .scenario import Scenario

CYCLES_BEFORE = 5_000
CYCLES_AFTER = 200
"""How much of the run a waveform holds at most, so that it can be opened."""

CYCLE = 10  # time units: native.cpp dumps at the start of a cycle and in its middle, at the edge
_SHOWN_CYCLES = 10
_NUMBERS = r"(potentials\(\d+\)|/value|sums__payload\(\d+\)|[a-z]_\d+|lane_\d+\.(acc|u|v))$"
"""Signals that are signed numbers."""


def write_waves(
    path: Path,
    verilog: str,
    ports: Ports,
    scenario: Scenario,
    *,
    cycle: int,
    lane: int | None,
    folder: Path,
) -> Path:
    """Play a scenario again, and write the cycles around one as a VCD file.

    Parameters
    ----------
    path
        Of the files, without a suffix: '.vcd' and '.gtkw' are added.
    verilog, ports, scenario
        As they were simulated.
    cycle
        Of the transfer that shows the difference; the marker lies in it, before its clock edge.
    lane
        Of the update in that transfer, or None where it was no observation.
    folder
        Where compiled models are kept.

    Returns
    -------
    The save file, which finds the waveform beside it by its name.
    """
    dump, save = path.with_name(f"{path.name}.vcd"), path.with_name(f"{path.name}.gtkw")
    path.parent.mkdir(parents=True, exist_ok=True)
    library = native_engine.build(_plainly_named(verilog), ports, folder, traced=True)
    window = (max(0, cycle - CYCLES_BEFORE), cycle + CYCLES_AFTER)
    native_engine.run(library, ports, scenario, trace=dump, window=window)
    with dump.open(encoding="utf-8") as file:
        signals = [(name, bits) for _, name, bits in declared(file) if "$" not in name]
    with save.open("w", encoding="utf-8") as file:
        gtkw = GTKWSave(file)
        gtkw.dumpfile(dump.name, abspath=False)
        gtkw.timestart(max(0, cycle - _SHOWN_CYCLES) * CYCLE)
        gtkw.zoom_markers(-6.0, marker=cycle * CYCLE + 2)
        gtkw.size(1500, 900)
        gtkw.signals_width(320)
        device = rf"{native_engine.WRAPPER}\.\w+"
        _trace(gtkw, signals, rf"{device}\.(clk|rst)")
        for stream in (*ports.observers, "output", *reversed(ports.sent)):
            with gtkw.group(stream):
                _trace(gtkw, signals, rf"{device}\.{stream}__(valid|ready|payload(/.*)?)")
        mine = "" if lane is None else rf"|sums__payload\({lane}\)|lane_{lane}\.[a-z]+(_\d+)?"
        with gtkw.group("update" if lane is None else f"update, lane {lane}"):
            _trace(
                gtkw,
                signals,
                rf".*\.update\.([a-z_]+__(valid|ready)|(layers|chunks)__payload/.*{mine})",
            )
    return save


def _plainly_named(verilog: str) -> str:
    """Return a text without the signs that GTKWave takes for scopes and for bits of a bus."""
    signs = str.maketrans(".[]:", "/()/")
    return re.sub(r"\\\S+ ", lambda name: name[0].translate(signs), verilog)


def _trace(gtkw: GTKWSave, signals: list[tuple[str, str]], pattern: str) -> None:
    """Add the signals whose whole name, without its bits, matches."""
    for name, bits in signals:
        if re.fullmatch(pattern, name):
            signed = re.search(_NUMBERS, name)
            gtkw.trace(name + bits, datafmt="signed" if signed and bits else "hex")


def declared(lines: Iterator[str]) -> Iterator[tuple[str, str, str]]:
    """Yield the code, the full name and the bits, '[7:0]' or '', of all that a VCD file declares.

    It ends behind the declarations.
    """
    scopes: list[str] = []
    for line in lines:
        if match := re.match(r"\s*\$scope \w+ (\S+) \$end", line):
            scopes.append(match[1])
        elif re.match(r"\s*\$upscope", line):
            scopes.pop()
        elif match := re.match(r"\s*\$var \w+ \d+ (\S+) (\S+)(?: (\[\d+:\d+\]))? \$end", line):
            yield match[1], ".".join([*scopes, match[2]]), match[3] or ""
        elif "$enddefinitions" in line:
            return
