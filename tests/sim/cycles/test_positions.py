"""Cycles of stages from the spikes of their positions are near those that are followed."""

from dataclasses import replace

import numpy as np
import pytest
from plans import Shapes, network, two_convolutions
from somagate.export.tables import Tables
from somagate.hw.plan.plan import Plan, StageShape
from somagate.sim.cycles.positions import PositionCycles
from somagate.sim.cycles.predict import predict
from somagate.sim.cycles.timing import TraceTiming
from somagate.sim.golden.random_trace import assumed_run


@pytest.fixture(scope="module")
def tables() -> Tables:
    return two_convolutions()


@pytest.mark.parametrize("activity", [0.02, 0.1, 0.4])
@pytest.mark.parametrize(
    ("lanes", "update", "banks", "word_bits", "flags"),
    [
        (16, 4, 1, 32, 0),
        (16, 8, 1, 16, 4),
        (32, 32, 4, 64, 0),
        (8, 1, 2, 8, 0),
        (32, 2, 1, 128, 0),
        (32, 16, 2, 16, 2),
    ],
)
def test_stages_take_about_what_following_them_says(
    tables: Tables, activity: float, lanes: int, update: int, banks: int, word_bits: int, flags: int
) -> None:
    shape = StageShape(layers=3, lanes=lanes, update_lanes=update, banks=banks, flags=flags)
    plan = Plan(tables=tables, shapes=(shape,), word_bits=word_bits)
    trace, x = assumed_run(tables, activity, batch=4)
    followed = sum(cycles.mean() for cycles in predict(plan, trace, x).layers.values())
    told = PositionCycles(tables, trace, x)(plan.stages[0])
    assert told == pytest.approx(followed, rel=0.15)


def test_more_spikes_take_longer(tables: Tables) -> None:
    plan = Plan.single(tables, lanes=32, update_lanes=32, word_bits=128)
    some = [PositionCycles(tables, *assumed_run(tables, share)) for share in (0.05, 0.2, 0.6)]
    cycles = [each(plan.stages[0]) for each in some]
    assert cycles[0] < cycles[1] < cycles[2]


def test_an_interval_is_what_one_more_sample_takes(tables: Tables) -> None:
    plan = Plan.single(tables, lanes=16)
    trace, x = assumed_run(tables, 0.1, batch=3)
    timing = TraceTiming(tables, trace, x)
    every = predict(plan, trace, x)
    interval, latency = timing.interval(plan), timing.latency(plan)
    assert interval is not None and latency is not None
    assert 2 * interval == pytest.approx(every.busy_cycles - every.cycles[0], abs=1)
    assert latency == pytest.approx(every.cycles[0], rel=0.1)


def test_one_sample_follows_itself(tables: Tables) -> None:
    plan = Plan.single(tables, lanes=16)
    trace, x = assumed_run(tables, 0.1)
    twice = TraceTiming(tables, trace, x)
    alone = predict(plan, trace, x)
    interval = twice.interval(plan)
    assert interval is not None and interval <= alone.busy_cycles
    assert twice.latency(plan) == float(alone.cycles[0])


def test_what_is_too_long_to_follow_is_told_of_stages_alone(tables: Tables) -> None:
    trace, x = assumed_run(tables, 0.1)
    timing = TraceTiming(tables, trace, x, exact=False)
    plan = Plan.single(tables, lanes=16)
    assert timing.interval(plan) is None and timing.latency(plan) is None
    assert timing.stage(plan.stages[0]) == PositionCycles(tables, trace, x)(plan.stages[0])


def test_held_sums_are_gathered_once() -> None:
    shapes = [Shapes(channels=16, padding=(1, 1))]
    moving = network((4, 16, 16), shapes, steps=8, classes=4)
    tables = replace(moving, input=replace(moving.input, constant=True))
    trace, x = assumed_run(tables, 0.3)
    told = PositionCycles(tables, trace, x)
    held, fresh = (
        told(Plan.single(tables, lanes=16, update_lanes=16, holds=holds).stages[0])
        for holds in (True, False)
    )
    assert held < 0.7 * fresh
    assert np.isfinite(held)
