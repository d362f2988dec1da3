"""`somagate doctor`: which tools are here, and how to get the others."""

import typer
from rich.table import Table

from .options import Json
from .output import NO, show, verb

SIMULATION = ("verilator", "g++", "make", "perl")
PLACEMENT = ("nextpnr-ice40", "icepack", "nextpnr-ecp5", "ecppack", "amaranth-boards")
NEEDS = {
    "train": ("torch", "scikit-learn"),
    "export": ("torch",),
    "generate": ("yosys",),
    "verify": ("yosys", *SIMULATION),
    "build": ("yosys", *PLACEMENT),
}
"""The tools without which a verb does not work; the verbs not named here need none."""


def doctor(json: Json = False) -> None:
    """Find every tool, native or wheel, with its version and the line that installs it.

    Exits with 1 if a verb lacks a tool.
    """
    with verb(json):
        from ..toolchain import tools

        found = {tool.name: tool for tool in tools.doctor()}
    lacking = {
        name: [tool for tool in needs if found[tool].kind == "missing"]
        for name, needs in NEEDS.items()
    }
    result = {
        "ready": not any(lacking.values()),
        "tools": [
            {
                "name": tool.name,
                "found": tool.kind,
                "version": tool.version,
                "command": list(tool.command),
                "problem": tool.problem,
                "needed_for": tool.needed_for,
                "install": tool.install,
            }
            for tool in found.values()
        ],
        "lacking": {name: needs for name, needs in lacking.items() if needs},
    }
    table = Table("tool", "found", "version", "needed for")
    missing = []
    for tool in found.values():
        absent = tool.kind == "missing"
        kind = f"[red]{tool.kind}[/red]" if absent else tool.kind
        table.add_row(tool.name, kind, tool.version, tool.needed_for)
        if absent:
            missing.append(f"{tool.name}: {tool.problem}; to get it: {tool.install}")
    verdicts = [f"{name} lacks {', '.join(needs)}" for name, needs in lacking.items() if needs]
    show(result, json, table, *missing, *(verdicts or ["Every verb has what it needs."]))
    if verdicts:
        raise typer.Exit(NO)
