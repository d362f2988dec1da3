"""Chromium, headless, driven by Playwright, for the pages of `somagate.view`."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
VARIABLE = "SOMAGATE_BROWSER"
MISSING = (
    "no Chromium is found: install one, on Debian or Ubuntu with `sudo apt-get install chromium`, "
    f"or say where it is with {VARIABLE}=PATH"
)
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def find() -> str | None:
    """Return where a Chromium is, or None."""
    named = os.environ.get(VARIABLE)
    if named:
        return shutil.which(named)
    return next((path for path in map(shutil.which, NAMES) if path), None)


def shot(
    chromium: Any,
    address: str,
    element: str,
    *,
    ready: str,
    size: tuple[int, float],
    act: Callable[[Any], None] = lambda page: None,
) -> bytes:
    """Return an element of a page as a PNG file.

    Parameters
    ----------
    chromium
        Playwright's browser.
    address
        Of the page.
    element
        What is taken, as a selector.
    ready
        An attribute of the page's root that is 'yes' once all is drawn.
    size
        Width of the window in CSS pixels, and pixels of the picture in one of them.
    act
        Called with the page before it is taken.
    """
    width, scale = size
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme="light", device_scale_factor=scale
    )
    try:
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector(f"html[{ready}=yes]", state="attached")
        act(page)
        taken: bytes = page.locator(element).screenshot()
        return taken
    finally:
        context.close()


@contextmanager
def running() -> Iterator[Any]:
    """Start a Chromium, and yield Playwright's browser.

    Raises
    ------
    FileNotFoundError
        Where none is found; the message says how to get one.
    """
    path = find()
    if path is None:
        raise FileNotFoundError(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield chromium
        finally:
            chromium.close()
