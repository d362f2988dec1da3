"""The cycles that a search compares: near those of the exact prediction."""

from dataclasses import replace

import numpy as np
import pytest
from plans import Shapes, network
from somagate.export.tables import Tables
from somagate.hw.cost.rough_cycles import interval, latency, stage_cycles, transfers
from somagate.hw.plan.plan import Plan, StageShape
from somagate.sim.cycles.predict import predict
from somagate.sim.golden.activity import channel_rates
from somagate.sim.golden.random_trace import assumed_run


def convolutions() -> Tables:
    shapes = [
        Shapes(channels=16, padding=(1, 1), pool=(2, 2)),
        Shapes(channels=24, padding=(1, 1), source="l0"),
    ]
    return network((8, 12, 12), shapes, steps=3, classes=10)


@pytest.mark.parametrize(
    "shapes",
    [
        (StageShape(layers=3, lanes=8, update_lanes=2),),
        (StageShape(layers=3, lanes=16, update_lanes=4),),
        (StageShape(layers=3, lanes=16, update_lanes=1),),
        (StageShape(layers=3, lanes=8, update_lanes=4, banks=4),),
        (StageShape(layers=3, lanes=16, update_lanes=8, flags=4),),
        (StageShape(layers=3, lanes=24, update_lanes=8, flags=2),),
        (StageShape(layers=1, lanes=8), StageShape(layers=2, lanes=24, update_lanes=4, banks=2)),
    ],
)
@pytest.mark.parametrize("activity", [0.02, 0.05, 0.3])
def test_cycles_are_near_the_exact_ones(shapes: tuple[StageShape, ...], activity: float) -> None:
    tables = convolutions()
    plan = Plan(tables=tables, shapes=shapes)
    trace, x = assumed_run(tables, activity)
    rates = {name: float(a.mean()) for name, a in channel_rates(tables, trace, x).items()}
    exact = predict(plan, trace, x).layers
    for stage in plan.stages:
        found = stage_cycles(stage, rates)
        assert list(found) == list(stage.names)
        if len(plan.stages) > 1:
            continue  # what a stage waits for others counts there
        total = sum(int(exact[name][0]) for name in stage.names)
        assert sum(found.values()) * tables.steps == pytest.approx(total, rel=0.2)
    alone = predict(plan, trace, x).busy_cycles
    assert interval(plan, rates) <= 1.1 * alone
    assert latency(plan, rates) == pytest.approx(alone, rel=0.2)


def test_replicas_share_out_the_interval_and_no_latency() -> None:
    one = Plan.single(convolutions(), lanes=8, update_lanes=2)
    rates = dict.fromkeys(("input", "l0", "l1"), 0.2)
    four, most = replace(one, replicas=4), replace(one, replicas=64)
    assert interval(four, rates) == pytest.approx(interval(one, rates) / 4)
    assert latency(four, rates) == latency(one, rates)
    # The words come by one stream.
    assert interval(most, dict.fromkeys(rates, 0.0)) >= one.sample_words


def test_tiles_share_out_a_layer_s_cycles() -> None:
    shapes = tuple(StageShape(layers=1, lanes=8, update_lanes=2) for _ in range(3))
    one = Plan(tables=convolutions(), shapes=shapes)
    three = replace(one, shapes=(replace(shapes[0], tiles=3), *shapes[1:]))
    rates = dict.fromkeys(("input", "l0", "l1"), 0.2)
    whole = stage_cycles(one.stages[0], rates)["l0"]
    for tile in three.stages[:3]:
        assert stage_cycles(tile, rates)["l0"] == pytest.approx(whole / 3, rel=0.05)
    assert latency(three, rates) < latency(one, rates)
    trace, x = assumed_run(one.tables, 0.2)
    rates = {name: float(a.mean()) for name, a in channel_rates(one.tables, trace, x).items()}
    alone = predict(three, trace, x).busy_cycles
    assert latency(three, rates) == pytest.approx(alone, rel=0.2)


def test_words_and_chunks_are_those_that_are_followed() -> None:
    plan = Plan.single(network((1, 6, 6), [Shapes(channels=4)], steps=2), lanes=4, update_lanes=2)
    # Of each of 4×4 positions 3 kernel rows and 2 chunks, of the readout 64 bits and 2 chunks.
    assert transfers(plan) == pytest.approx(2 * (16 * (3 + 2) + (64 / 32 + 2)), rel=0.1)


def test_a_single_channel_keeps_one_bank_busy_alone() -> None:
    tables = network((1, 6, 6), [Shapes(channels=4)])
    cycles = [
        interval(Plan.single(tables, lanes=4, update_lanes=4, banks=banks), {"input": 1.0, "l0": 0})
        for banks in (1, 4)
    ]
    assert cycles[1] >= cycles[0]


def test_held_sums_are_gathered_once() -> None:
    from dataclasses import replace

    tables = network((8, 6, 6), [Shapes(channels=4)], steps=8)
    tables = replace(tables, input=replace(tables.input, constant=True))
    rates = {"input": 0.5, "l0": 0.0}
    cycles = []
    for holds in (False, True):
        shape = StageShape(layers=2, lanes=4, update_lanes=4, holds=holds)
        cycles.append(stage_cycles(Plan(tables=tables, shapes=(shape,)).stages[0], rates)["l0"])
    assert cycles[1] < cycles[0] / 4
    assert np.isfinite(cycles).all()
