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
NO_STREAM = "none"
_SHOWN_CYCLES = 10


def write_waves(
    path: Path,
    verilog: str,
    ports: Ports,
    scenario: Scenario,
    *,
    cycle: int,
    lane: int | None,
    stream: str,
    tables: str,
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
    stream
        Of the transfer, or '' where one is missing.
    tables
        Hash of those that ran, which the save file tells.
    folder
        Where compiled models are kept.

    Returns
    -------
    The save file, which finds the waveform beside it by its name.
    """
    dump, save = wave_files(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    library = native_engine.build(_plainly_named(verilog), ports, folder, traced=True)
    window = (max(0, cycle - CYCLES_BEFORE), cycle + CYCLES_AFTER)
    native_engine.run(library, ports, scenario, trace=dump, window=window)
    with dump.open(encoding="utf-8") as file:
        signals = [(name, bits) for _, name, bits in declared(file) if "$" not in name]
    numbers = _numbers(_plainly_named(verilog))
    with save.open("w", encoding="utf-8") as file:
        gtkw = GTKWSave(file)
        gtkw.comment(f"tables {tables}", f"stream {stream or NO_STREAM}")
        gtkw.dumpfile(dump.name, abspath=False)
        gtkw.timestart(max(0, cycle - _SHOWN_CYCLES) * CYCLE)
        gtkw.zoom_markers(-6.0, marker=cycle * CYCLE + 2)
        gtkw.size(1500, 900)
        gtkw.signals_width(320)

        def trace(pattern: str) -> None:
            """Add the signals whose whole name, without its bits, matches."""
            for name, bits in signals:
                if re.fullmatch(pattern, name):
                    signed = bits and name.rsplit(".", 1)[-1] in numbers
                    gtkw.trace(name + bits, datafmt="signed" if signed else "hex")

        device = rf"{native_engine.WRAPPER}\.\w+"
        trace(rf"{device}\.(clk|rst)")
        streams = [*ports.observers, "output", *reversed(ports.sent)]
        for number, one in enumerate(sorted(streams, key=lambda one: one != stream)):
            with gtkw.group(one):
                trace(rf"{device}\.{one}__(valid|ready|payload(/.*)?)")
            if number:
                continue
            mine = "" if lane is None else rf"|sums__payload\({lane}\)|lane_{lane}\.[a-z]+(_\d+)?"
            where = _update([name for name, _ in signals], stream)
            with gtkw.group("update" if lane is None else f"update, lane {lane}"):
                trace(rf"{where}\.([a-z_]+__(valid|ready)|(layers|chunks)__payload/.*{mine})")
    return save


def wave_files(path: Path) -> tuple[Path, ...]:
    """Return the waveform and the save file of a path without suffix."""
    return tuple(path.with_name(f"{path.name}.{suffix}") for suffix in ("vcd", "gtkw"))


def _numbers(verilog: str) -> set[str]:
    """Return the names that are signed wherever they have several bits."""
    signed, plain = set[str](), set[str]()
    for match in re.finditer(
        r"^\s*(?:input|output|wire|reg)( signed)? \[\d+:\d+\] \\?(\S+?)(?:[ ;=]|$)",
        verilog,
        re.MULTILINE,
    ):
        (signed if match[1] else plain).add(match[2])
    return signed - plain


def _update(names: list[str], stream: str) -> str:
    """Return a pattern of the update that feeds an observation stream, or of any."""
    numbers = stream.split("_")[1:]
    replicas = any(".replica_0." in name for name in names)
    replica = rf".*\.replica_{numbers.pop(0)}\." if replicas and numbers else r".*\."
    stage = rf"stage_{numbers[0]}" if numbers else r"stage\w*"
    return rf"{replica}{stage}\.update"


def _plainly_named(verilog: str) -> str:
    """Return a text without the signs that GTKWave takes for scopes and for bits of a bus."""
    signs = str.maketrans(".[]:", "/()/")
    return re.sub(r"\\\S+ ", lambda name: name[0].translate(signs), verilog)


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
