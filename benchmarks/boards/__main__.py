"""Every board with one network on it: size, clock and whether the timing is met.

One command builds bitstreams as `somagate build` does, and prints one table:

    python -m benchmarks.boards

It writes boards.md, boards.json and the builds into a folder, and goes on where it was interrupted;
a board takes a minute or a few. It ends with 1 if a board can't be built, or is too slow for its
clock.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import somagate
import somagate.boards
import somagate.export
import somagate.hw
from somagate.boards.build import build
from somagate.boards.families.family import OpenFamily
from somagate.boards.flow import BuildError
from somagate.boards.registry import BOARDS
from somagate.export.tables import Tables
from somagate.hw.rtl.accelerator import Accelerator

from benchmarks.lib import output

OPEN = {name: b.family for name, b in BOARDS.items() if isinstance(b.family, OpenFamily)}
"""The devices of the boards that open tools build for."""
HEADER = ("board", "part", "logic", "block RAM", "fmax", "wanted", "timing")
RESOURCES = ("logic_cells", "block_rams")


def built(tables: Tables, name: str, out: Path) -> dict[str, Any]:
    """Return what a board's build reports, or the reason for which there is none as 'failed'."""
    design = somagate.design(tables, board=name)
    try:
        report = build(Accelerator(design.plan), BOARDS[name], out / "builds" / name)
    except BuildError as error:
        return {"device": OPEN[name].device, "failed": str(error)}
    return report.to_dict() | {"fmax_hz": report.fmax_hz}


def kept(name: str, out: Path) -> output.Kept:
    """Return what is kept of a board's builds."""
    family = OPEN[name]
    code = output.sources(
        *(somagate.boards, somagate.export, somagate.hw, sys.modules[__name__]),
        tools=("yosys", family.placer, family.packer[0]),
    )
    return output.Kept(out / "kept", code)


def row(name: str, found: dict[str, Any]) -> list[str]:
    """Return a board's line of the table."""
    if "failed" in found:
        return [name, found["device"], "", "", "", "", f"not built: {found['failed']}"]
    usage = [found["utilization"][resource] for resource in RESOURCES]
    return [
        *(name, found["device"]),
        *(f"{used['used']:,} of {used['available']:,}" for used in usage),
        *(f"{found[key] / 1e6:.1f} MHz" for key in ("fmax_hz", "clock_hz")),
        {"pass": "met", "fail": "NOT met"}[found["timing"]],
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the boards, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("boards", nargs="*", metavar="BOARD", help="some boards (default: all)")
    parser.add_argument("--tables", type=Path, default=Path("examples/digits.safetensors"))
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/boards"))
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    given = parser.parse_args(arguments)
    if unknown := sorted(set(given.boards) - set(OPEN)):
        parser.error(f"BOARD must be some of {', '.join(OPEN)}, not {', '.join(unknown)}")

    tables = Tables.load(given.tables)
    result = {}
    for name in given.boards or OPEN:
        of = {"board": name, "tables": tables.sha256}
        result[name] = kept(name, given.out).get(
            "board", of, lambda name=name: built(tables, name, given.out)
        )
    text = output.markdown(HEADER, [row(name, found) for name, found in result.items()])
    output.write(given.out, "boards", result, text, as_json=given.json)
    return int(any(found.get("timing") != "pass" for found in result.values()))


if __name__ == "__main__":
    sys.exit(main())
