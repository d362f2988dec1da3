"""As many replicas as a part has room for."""

from dataclasses import replace

from plans import network
from somagate.hw.cost.part import PARTS
from somagate.hw.cost.resources import resources
from somagate.hw.plan.plan import MAX_REPLICAS, Plan
from somagate.hw.search.choice import has_room
from somagate.hw.search.repeat import most_replicas

SMALL, LARGE = PARTS["ice40up5k"], PARTS["lfe5u-85f"]


def test_one_more_would_not_fit() -> None:
    plan = Plan.single(network((64,), [32], steps=3, classes=10), lanes=32)
    for part in (SMALL, LARGE):
        found = most_replicas(plan, part, resources)
        assert 0 < found < MAX_REPLICAS
        assert has_room(resources(replace(plan, replicas=found), part))
        assert not has_room(resources(replace(plan, replicas=found + 1), part))


def test_no_more_than_are_asked_for() -> None:
    plan = Plan.single(network((64,), [32], steps=3, classes=10), lanes=16)
    assert most_replicas(plan, LARGE, resources, most=2) == 2
    assert most_replicas(plan, LARGE, resources, most=1) == 1


def test_what_does_not_fit_once_is_none() -> None:
    plan = Plan.single(network((784,), [385], steps=2, classes=10), lanes=64)
    assert most_replicas(plan, SMALL, resources) == 0
