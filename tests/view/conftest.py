"""One Chromium for the tests of a process."""

from collections.abc import Iterator

import pytest
from browser import Browser, started


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with started() as running:
        yield running
