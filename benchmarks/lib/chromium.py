"""Chromium, headless, driven by Playwright, for the pages of `somagate.view`."""

import os
import shutil
from collections.abc import Iterator
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
