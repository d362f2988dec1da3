"""How the benches of blocks stall where a test has many cases."""

from collections import Counter

import pytest
from stream_bench import STALLS

TURN = pytest.StashKey[int]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Number the cases of each test: 0 1 2, 1 2 0, 2 0 1, so out of step with a parameter."""
    seen: Counter[str] = Counter()
    for item in items:
        test = item.nodeid.partition("[")[0]
        item.stash[TURN] = (seen[test] + seen[test] // len(STALLS)) % len(STALLS)
        seen[test] += 1


@pytest.fixture
def stalls(request: pytest.FixtureRequest) -> str:
    """Return one of `STALLS`, in turn over the cases of a test.

    A test of few cases takes all three as a parameter of its own instead.
    """
    return STALLS[request.node.stash[TURN]]
