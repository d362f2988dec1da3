"""The array adds weight rows exactly, and hands every position's sums over chunk by chunk."""

import numpy as np
import pytest
from plans import neuron
from somagate.export.synapse import Dense, weight_range
from somagate.export.tables import Input, Layer, Readout, Tables
from somagate.hw.array import Array, WeightMemory, pack
from somagate.hw.plan import Plan
from stream_bench import STALLS, Bench, Transfers

Rows = list[list[list[int]]]
"""Positions, their weight rows, and a weight a lane in each."""


def a_plan(
    lanes: int, update_lanes: int, *, inputs: int = 12, bits: int = 4, seed: int = 0
) -> Plan:
    """Return a plan of one dense layer; the sums of its `inputs` weights bound the accumulators."""
    low, high = weight_range(bits)
    values = np.random.default_rng(seed).integers(low, high + 1, (2 * lanes, inputs))
    values[0], values[1] = low, high
    group = Dense(source="input", weights=values if bits > 1 else values | 1, bits=bits)
    return Plan(
        tables=Tables(
            name="sums",
            steps=1,
            input=Input(shape=(inputs,)),
            layers=(Layer(name="out", synapses=(group,), neuron=neuron(2 * lanes)),),
            readout=Readout(layer="out"),
        ),
        lanes=lanes,
        update_lanes=update_lanes,
        word_bits=32,
    )


def add(plan: Plan, positions: Rows, stalls: str) -> tuple[Transfers, Transfers]:
    """Send the rows, compare with the sums that must come, and return both streams' transfers."""
    rows = [
        {"weights": row, "last": number == len(position) - 1}
        for position in positions
        for number, row in enumerate(position)
    ]
    totals = [np.sum(position, axis=0) for position in positions]
    chunks = [
        total[first : first + plan.update_lanes].tolist()
        for total in totals
        for first in range(0, plan.lanes, plan.update_lanes)
    ]
    dut = Array(plan)
    bench = Bench(dut, stalls=stalls, seed=len(rows))
    taken = bench.send("rows", dut.rows, rows)
    sums = bench.receive("sums", dut.sums, len(chunks))
    bench.run(8 * (len(rows) + len(chunks)) + 100)
    sums.must_be(chunks)
    return taken, sums


LANES = [(1, 1), (2, 1), (4, 2), (8, 1), (6, 2), (12, 4), (16, 4), (8, 8)]


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(("lanes", "update_lanes"), LANES)
def test_sums_of_positions_of_every_length(lanes: int, update_lanes: int, stalls: str) -> None:
    plan, rng = a_plan(lanes, update_lanes), np.random.default_rng(lanes)
    lengths = [*range(1, 13), *rng.integers(1, 13, 30), *[1] * 10]
    add(plan, [rng.integers(-8, 8, (n, lanes)).tolist() for n in lengths], stalls)


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("bits", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("inputs", [1, 7, 8, 9, 16])
def test_no_sum_overflows_at_the_extremes(inputs: int, bits: int, stalls: str) -> None:
    """All weights lowest or highest with every spike, in turns, so that nothing is left over."""
    plan = a_plan(4, 2, inputs=inputs, bits=bits)
    low, high = weight_range(bits)
    lowest, highest = [[low] * 4] * inputs, [[high] * 4] * inputs
    mixed = [[low, high, low, high]] * inputs
    width = plan.accumulator_bits
    assert -(1 << (width - 1)) <= inputs * low and inputs * high < 1 << (width - 1)
    positions = [lowest, lowest, highest, lowest, mixed, highest, highest, mixed, mixed, lowest]
    add(plan, positions, stalls)


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(("lanes", "update_lanes"), [(4, 4), (4, 2), (4, 1)])
def test_positions_of_one_event_follow_each_other(
    lanes: int, update_lanes: int, stalls: str
) -> None:
    plan = a_plan(lanes, update_lanes)
    add(plan, [[[n % 8 - lane for lane in range(lanes)]] for n in range(60)], stalls)


@pytest.mark.parametrize("stalls", STALLS)
def test_a_null_event_gives_a_position_of_zeros(stalls: str) -> None:
    plan = a_plan(4, 2)
    zero, one = [0] * 4, [1, -2, 3, -4]
    add(plan, [[zero], [one], [zero], [zero], [one, one], [zero]], stalls)


def test_the_latency_is_as_stated_and_one_chunk_comes_a_cycle() -> None:
    plan = a_plan(8, 2)
    taken, sums = add(plan, [[[1] * 8] * 5], "none")
    first = taken.cycles[-1] + Array.latency
    assert sums.cycles == list(range(first, first + 4))


def test_a_position_longer_than_its_chunks_never_waits() -> None:
    plan = a_plan(8, 2)  # four chunks
    taken, _ = add(plan, [[[1] * 8] * n for n in (5, 6, 5, 5, 12, 5)], "none")
    assert taken.cycles == list(range(5 + 6 + 5 + 5 + 12 + 5))


# The weight memory.


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_each_event_is_answered_with_its_weight_row(bits: int, stalls: str) -> None:
    plan, rng = a_plan(4, 2, bits=bits), np.random.default_rng(bits)
    order = [*range(len(plan.weights)), *rng.integers(0, len(plan.weights), 100)]
    events = [
        {"row": row, "null": int(rng.random() < 0.2), "last": int(rng.random() < 0.3)}
        for row in order
    ]
    dut = WeightMemory(plan)
    bench = Bench(dut, stalls=stalls, seed=bits)
    taken = bench.send("events", dut.events, events)
    rows = bench.receive("rows", dut.rows, len(events))
    bench.run(8 * len(events))
    rows.must_be(
        [
            {
                "weights": [0] * 4 if e["null"] else plan.weights[e["row"]].tolist(),
                "last": e["last"],
            }
            for e in events
        ]
    )
    if stalls == "none":
        assert taken.cycles == list(range(len(events)))
        assert rows.cycles == [cycle + WeightMemory.latency for cycle in taken.cycles]


def test_packed_values_are_twos_complement_with_the_first_lowest() -> None:
    assert pack([-8, 7, 0, -1, 3], 4) == 0x3F078
    assert pack([], 4) == 0
