"""Tables of figures, and records that print as tables."""

import io
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table

WIDTH = 120
"""Columns of a text that no terminal limits."""


def grid(*headers: str, left: int = 1, caption: str | None = None) -> Table:
    """Return an empty table: the first `left` columns hold words, the others numbers."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, caption=caption)
    table.caption_justify = "left"
    for index, header in enumerate(headers):
        table.add_column(header, justify="left" if index < left else "right", no_wrap=index == 0)
    return table


def text(lines: Sequence[RenderableType]) -> str:
    """Return tables and sentences as plain text of at most `WIDTH` columns; sentences don't wrap.

    Nothing is taken for markup, so a name may hold any character.
    """
    file = io.StringIO()
    console = Console(file=file, width=WIDTH, highlight=False, color_system=None)
    for line in lines:
        console.print(line, soft_wrap=isinstance(line, str), markup=not isinstance(line, str))
    return file.getvalue().rstrip("\n")


class Shown(ABC):
    """A record that prints as tables and sentences."""

    @abstractmethod
    def shown(self) -> list[RenderableType]:
        """Return what is printed, from top to bottom: rich's tables, and strings."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it; docs/json.md says what the keys mean."""

    def __str__(self) -> str:
        """Return what the command line prints."""
        return text(self.shown())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show a notebook what the command line prints; `repr` stays whole, for a debugger."""
        printer.text(str(self))
