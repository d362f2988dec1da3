"""Which tools are here, and how to get the others."""

from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from .shown import Shown
from .toolchain import tools

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


@dataclass(frozen=True, kw_only=True)
class Health(Shown):
    """What is here, and what is missing.

    Attributes
    ----------
    tools
        Every tool, found or not.
    """

    tools: tuple[tools.Tool, ...]

    @property
    def lacking(self) -> dict[str, list[str]]:
        """By verb, the tools that it lacks; verbs that lack none are left out."""
        missing = {tool.name for tool in self.tools if tool.kind == "missing"}
        lacking = {
            verb: [name for name in needs if name in missing] for verb, needs in NEEDS.items()
        }
        return {verb: names for verb, names in lacking.items() if names}

    @property
    def ready(self) -> bool:
        """Whether every verb has its tools."""
        return not self.lacking

    def shown(self) -> list[RenderableType]:
        """Return a row a tool, how to get what is missing, and the verdicts."""
        table = Table("tool", "found", "version", "needed for")
        missing = []
        for tool in self.tools:
            absent = tool.kind == "missing"
            table.add_row(
                tool.name, Text(tool.kind, style="red" if absent else ""), tool.version,
                tool.needed_for,
            )  # fmt: skip
            if absent:
                missing.append(f"{tool.name}: {tool.problem}; to get it: {tool.install}")
        verdicts = [f"{verb} lacks {', '.join(names)}" for verb, names in self.lacking.items()]
        return [table, *missing, *(verdicts or ["Every verb has what it needs."])]

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return {
            "ready": self.ready,
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
                for tool in self.tools
            ],
            "lacking": self.lacking,
        }


def doctor() -> Health:
    """Find every tool, native or wheel, with its version and the line that installs it."""
    return Health(tools=tuple(tools.doctor()))
