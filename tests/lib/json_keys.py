"""The keys that the manual has for `--json`."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "json.md"


def documented(verb: str) -> set[str]:
    """Return the keys that the manual's page has for a verb."""
    rows = PAGE.read_text(encoding="utf-8").split("| --- | --- | --- |\n")[1].splitlines()
    found: set[str] = set()
    current = ""
    for row in rows:
        name, keys, _ = (cell.strip() for cell in row.strip("|").split("|"))
        current = name.strip("`") or current
        if current == verb:
            found |= set(re.findall(r"`(\w+)`", keys))
    return found
