"""The page docs/results.md, from what `results.py` measured."""

from typing import Any


def page(result: dict[str, Any]) -> str:
    """Return the page in Markdown."""
    return str(result)
