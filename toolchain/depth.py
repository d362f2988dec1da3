"""Room for Amaranth's recursion, which is as deep as its expressions are wide."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

DEPTH = 20_000
"""Enough for words of 1024 bits, whose scanners nest deepest."""


@contextmanager
def deep() -> Iterator[None]:
    """Let Python recurse at least `DEPTH` calls deep inside the block."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, DEPTH))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
