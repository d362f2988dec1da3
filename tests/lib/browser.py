"""Pages in a real browser: Chromium, headless, driven by Playwright.

A page that is opened by `Browser.page` fails its test where it writes an error to the console,
throws, or asks for anything but its own file or 127.0.0.1.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest

from benchmarks.lib.chromium import MISSING, find, running

Scheme = Literal["light", "dark"]

PHONE, DESK = 390, 1280
"""Widths in CSS pixels."""


@dataclass
class Seen:
    """What a page did that it must not."""

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


class Browser:
    """A running Chromium."""

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium

    @contextmanager
    def page(
        self, address: str, *, width: int = DESK, height: int = 900, scheme: Scheme = "light"
    ) -> Iterator[Any]:
        """Open an address, and yield Playwright's page; behind the block it must have behaved."""
        seen = Seen()
        context = self._chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on(
            "console",
            lambda told: told.type in ("error", "warning") and seen.errors.append(told.text),
        )
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("websocket", lambda socket: seen.requests.append(socket.url))
        try:
            page.goto(address)
            yield page
            outside = [url for url in seen.requests if not near(url)]
            assert outside == [], f"the page asked for {outside}"
            assert seen.errors == [], f"the console says {seen.errors}"
        finally:
            context.close()


def near(url: str) -> bool:
    """Whether an address is a file, data of the page itself, or on this machine."""
    parts = urlsplit(url)
    return parts.scheme in ("file", "data", "blob", "about") or parts.hostname == "127.0.0.1"


@contextmanager
def started() -> Iterator[Browser]:
    """Start a Chromium, or skip the test where there is none."""
    if find() is None:
        if os.environ.get("SOMAGATE_BROWSER_NEEDED"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with running() as chromium:
        yield Browser(chromium)


def drawn(page: Any) -> None:
    """Wait until all figures of a page from a file are drawn."""
    page.wait_for_selector("html[data-drawn=yes]", state="attached")


def until(page: Any, expression: str, argument: Any = None, seconds: float = 20.0) -> None:
    """Wait until JavaScript is true of a page, which may forbid the polling of Playwright."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression, argument):
        assert time.monotonic() < end, f"not true after {seconds} s: {expression}"
        page.wait_for_timeout(20)


def sideways(page: Any) -> int:
    """Return by how many CSS pixels a page is wider than what it is shown in."""
    width: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width


def findings(page: Any) -> list[str]:
    """Return what axe-core finds serious or critical, each with the elements."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {[node['html'][:200] for node in one['nodes'][:3]]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
