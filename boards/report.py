"""What a build made: a report of its size, its speed and its ingredients, as JSON.

All of it follows from the inputs: no dates, no paths, no run times.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import flow
from .families.family import OpenFamily

REPORT = "report.json"
_SUFFIX = re.compile(
    r"[$_](SB|TRELLIS|CCU2C|LUT[1-4]|PFUMX|L6MUX21|MULT18X18D|DP16KD|DFF|ALU|MUX2|\$glb_)"
)
"""Where synthesis goes on a name with the cells that it made of it."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """How much of a resource the design takes.

    Attributes
    ----------
    used, available
        Cells.
    """

    used: int
    available: int


@dataclass(frozen=True, kw_only=True)
class MappedMemory:
    """What one memory of the design became.

    Attributes
    ----------
    name
        Its place in the design.
    words, word_bits
        Its depth and width, as synthesis sees it.
    kind
        'block_rams', 'large_rams', 'lut_rams', or 'logic' where it fell to look-up tables and,
        if it is ever written, to flip-flops.
    written
        False for a table that is only read.
    cells
        How many cells of that kind; 0 for logic.
    """

    name: str
    words: int
    word_bits: int
    kind: str
    written: bool
    cells: int


@dataclass(frozen=True, kw_only=True)
class Clock:
    """One clock's timing after routing.

    Attributes
    ----------
    fmax_hz
        The highest frequency at which every path of it settles in time.
    constraint_hz
        What it has to reach.
    """

    fmax_hz: int
    constraint_hz: int

    @property
    def passed(self) -> bool:
        """Whether it is fast enough."""
        return self.fmax_hz >= self.constraint_hz


@dataclass(frozen=True, kw_only=True)
class BuildReport:
    """One build.

    Attributes
    ----------
    target
        The board's name, or 'out of context'.
    device
        The part.
    tables_sha256
        Of the tables built in, or '' if the design holds none.
    seed
        Of the placement that was kept.
    synthesis
        The command and its options.
    tools
        Versions by name.
    clock_hz
        The gateware's clock.
    settings
        What else the caller chose.
    utilization
        By resource.
    cells
        Cells of the netlist by type.
    memories
        Every memory.
    clocks
        By net.
    critical_path
        The slowest path: where it starts, where it ends, and how long it takes in ns.
    bitstream
        The file's name in the output folder, or '' if there is none.
    bitstream_sha256
        Of its contents, or ''.
    """

    target: str
    device: str
    tables_sha256: str
    seed: int
    synthesis: str
    tools: Mapping[str, str]
    clock_hz: int
    settings: Mapping[str, int]
    utilization: Mapping[str, Usage]
    cells: Mapping[str, int]
    memories: tuple[MappedMemory, ...]
    clocks: Mapping[str, Clock]
    critical_path: str
    bitstream: str
    bitstream_sha256: str

    @property
    def passed(self) -> bool:
        """Whether every clock is fast enough."""
        return all(clock.passed for clock in self.clocks.values())

    @property
    def fmax_hz(self) -> int:
        """The highest frequency of the slowest clock, by its constraint."""
        slowest = min(self.clocks.values(), key=lambda clock: clock.fmax_hz / clock.constraint_hz)
        return slowest.fmax_hz

    @property
    def flip_flop_memories(self) -> tuple[MappedMemory, ...]:
        """The written memories that are flip-flops, though most of them were meant not to be."""
        return tuple(m for m in self.memories if m.kind == "logic" and m.written)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return {**asdict(self), "timing": "pass" if self.passed else "fail"}

    def save(self, folder: Path) -> None:
        """Write ``report.json``."""
        text = json.dumps(self.to_dict(), indent=2, sort_keys=True)
        (folder / REPORT).write_text(text + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read(family: OpenFamily, folder: Path, **known: Any) -> BuildReport:
    """Return the report of what the tools left in a folder, and of what is known besides."""
    statistics = json.loads((folder / flow.STATISTICS).read_text(encoding="utf-8"))
    placement = json.loads((folder / flow.PLACEMENT).read_text(encoding="utf-8"))
    cells = statistics["design"]["num_cells_by_type"]
    cells = {name: cells[name] for name in sorted(cells) if not name.startswith("$")}
    clocks = {_plain(name): clock for name, clock in placement["fmax"].items()}
    return BuildReport(
        device=family.device,
        utilization=_utilization(family, placement["utilization"], cells),
        cells=cells,
        memories=_memories(family, folder),
        clocks={
            name: Clock(
                fmax_hz=round(clocks[name]["achieved"] * 1e6),
                constraint_hz=round(clocks[name]["constraint"] * 1e6),
            )
            for name in sorted(clocks)
        },
        critical_path=_critical_path(placement["critical_paths"]),
        **known,
    )


def _memories(family: OpenFamily, folder: Path) -> tuple[MappedMemory, ...]:
    """Return what became of every memory, in order of their names."""
    mapped = flow.cells(folder / flow.MAPPED)
    unmapped = flow.cells(folder / flow.UNMAPPED)
    found = []
    for name, cell in sorted(flow.cells(folder / flow.MEMORIES).items()):
        kinds = [family.memories[c["type"]] for n, c in mapped.items() if n.startswith(f"{name}.")]
        parameters = (cell["parameters"][key] for key in ("SIZE", "WIDTH", "WR_PORTS"))
        words, word_bits, write_ports = (int(value, 2) for value in parameters)
        found.append(
            MappedMemory(
                name=name,
                words=words,
                word_bits=word_bits,
                kind="logic" if name in unmapped else kinds[0],
                written=write_ports > 0,
                cells=len(kinds),
            )
        )
    return tuple(found)


def _utilization(
    family: OpenFamily, counts: Mapping[str, Any], cells: Mapping[str, int]
) -> dict[str, Usage]:
    """Return how much of each resource is used, by our names for them."""
    usage = {
        name: Usage(
            used=sum(counts[kind]["used"] for kind in theirs.split()),
            available=sum(counts[kind]["available"] for kind in theirs.split()),
        )
        for name, theirs in family.utilization.items()
    }
    if "flip_flops" not in usage:
        # iCE40's logic cell is a look-up table and a flip-flop, and nextpnr counts the cells.
        used = sum(count for name, count in cells.items() if name.startswith(family.flip_flops))
        usage["flip_flops"] = Usage(used=used, available=usage["logic_cells"].available)
    return dict(sorted(usage.items()))


def _critical_path(paths: list[Any]) -> str:
    """Return the slowest path from a clock to itself: its two ends and its delay."""
    steps = [path["path"] for path in paths if path["from"] == path["to"]]
    delays_ns = [sum(step["delay"] for step in path) for path in steps]
    if not steps:
        return ""
    delay_ns, path = max(zip(delays_ns, steps, strict=True), key=lambda pair: pair[0])
    start, end = path[0]["from"]["cell"], path[-1]["to"]["cell"]
    return f"{_plain(start)} to {_plain(end)}, {delay_ns:.2f} ns"


def _plain(name: str) -> str:
    """Return the design's own name in that of a net or a cell of the netlist."""
    return _SUFFIX.split(name.removeprefix("$glbnet$"))[0]
