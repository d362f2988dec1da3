"""The picture of explored plans, of the digits: what the page of an exploration shows first."""

from pathlib import Path
from typing import Any

import somagate as sg

from benchmarks.lib.chromium import shot

NAME = "digits_plans"
"""Of the file."""
BOARDS = ("icebreaker", "ulx3s-85f")
POINTS, FOLLOWED, BITS = 400, 40, 6


def explored(folder: Path, tables: Path) -> Path:
    """Explore plans, and return the page."""
    loaded, page = sg.load(tables), folder / "plans.html"
    sg.explore(
        loaded, folder / "plans.sqlite", boards=BOARDS, data=sg.samples(loaded, "digits"),
        points=POINTS, exact=FOLLOWED, bits=BITS, page=page,
    )  # fmt: skip
    return page


def shoot(chromium: Any, page: Path) -> bytes:
    """Return the first section of an exploration's page as a PNG file."""
    return shot(chromium, page.as_uri(), "#points", ready="data-explored", size=(980, 1))
