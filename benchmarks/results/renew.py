"""A page of results with some rows measured anew, and all else as it was.

A *table* is a run of lines that begin with a bar: its header, a line of dashes, and a line for each
recipe, whose name is between the first two backticks. No two tables below one heading share one.
"""

from dataclasses import dataclass

_HEAD = 2
"""Lines of a table above its rows."""


@dataclass(kw_only=True)
class _Block:
    """Lines of a page below one heading: a table, or what is between tables."""

    heading: str
    lines: list[str]

    @property
    def is_table(self) -> bool:
        return bool(self.lines) and self.lines[0].startswith("|")

    @property
    def rows(self) -> dict[str, str]:
        """Each recipe's line."""
        if not self.is_table:
            return {}
        return {line.split("`")[1]: line for line in self.lines[_HEAD:]}


def renewed(page: str, part: str) -> str:
    """Return `page` with the rows of `part`, a page of some recipes, in place of its own.

    Raises
    ------
    ValueError
        Where a recipe of `part` has no row in `page`, or the columns have changed of a table that
        has other recipes too.
    """
    blocks = _blocks(page)
    for new in _blocks(part):
        if not new.rows:
            continue
        names, heading = new.rows.keys(), new.heading
        found = [old for old in blocks if old.heading == heading and names <= old.rows.keys()]
        if not found:
            raise ValueError(f"{heading!r} must have rows of {', '.join(names)}, but has none")
        (old,) = found
        kept = old.rows.keys() - names
        if kept and old.lines[:_HEAD] != new.lines[:_HEAD]:
            raise ValueError(
                f"{heading!r} must have the columns that it had, as {len(kept)} of its rows stay; "
                "renew all rows"
            )
        old.lines = [*new.lines[:_HEAD], *(old.rows | new.rows).values()]
    return "".join(line for block in blocks for line in block.lines)


def _blocks(page: str) -> list[_Block]:
    """Return the page in order, each table by itself."""
    blocks = [_Block(heading="", lines=[])]
    for line in page.splitlines(keepends=True):
        heading = line[3:].strip() if line.startswith("## ") else blocks[-1].heading
        if line.startswith("|") != blocks[-1].is_table or heading != blocks[-1].heading:
            blocks.append(_Block(heading=heading, lines=[]))
        blocks[-1].lines.append(line)
    return blocks
