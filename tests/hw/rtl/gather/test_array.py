"""The array adds weight rows exactly, and hands every position's sums over chunk by chunk."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from plans import a_stage, everything, neuron
from somagate.export.neuron import Activation
from somagate.export.synapse import Dense, weight_range
from somagate.export.tables import Input, Layer, Readout, Tables
from somagate.hw.plan.plan import Plan
from somagate.hw.plan.stage_plan import StagePlan
from somagate.hw.plan.weight_rows import pack, weight_code
from somagate.hw.rtl.gather.array import Array, BankSum, RowLayout, WeightMemory
from stream_bench import STALLS, Bench, Transfers

Rows = list[list[list[int]]]
"""Positions, their weight rows, and a weight a lane in each."""


def a_plan(
    lanes: int,
    update_lanes: int,
    *,
    inputs: int = 12,
    bits: int = 4,
    seed: int = 0,
    activation: Activation | None = None,
    **numbers: Any,
) -> StagePlan:
    """Return a plan of one dense layer; the sums of its `inputs` weights bound the accumulators."""
    low, high = weight_range(bits)
    values = np.random.default_rng(seed).integers(low, high + 1, (2 * lanes, inputs))
    values[0], values[1] = low, high
    group = Dense(source="input", weights=values if bits > 1 else values | 1, bits=bits)
    tables = Tables(
        name="sums",
        steps=1,
        input=Input(shape=(inputs,), activation=activation or Activation()),
        layers=(Layer(name="out", synapses=(group,), neuron=neuron(2 * lanes)),),
        readout=Readout(layer="out"),
    )
    return a_stage(tables, lanes=lanes, update_lanes=update_lanes, word_bits=32, **numbers)


def add(plan: StagePlan, positions: Rows, stalls: str) -> tuple[Transfers, Transfers]:
    """Send the rows, compare with the sums that must come, and return both streams' transfers."""
    rows = [
        {"weights": row, "last": number == len(position) - 1}
        for position in positions
        for number, row in enumerate(position)
    ]
    totals = [np.sum(position, axis=0).tolist() for position in positions]
    return must_sum(plan, rows, totals, stalls)


def must_sum(
    plan: StagePlan, rows: list[dict[str, Any]], totals: list[list[int]], stalls: str
) -> tuple[Transfers, Transfers]:
    """Send rows, compare with the totals of each position, and return both streams' transfers."""
    chunks = [
        total[first : first + plan.update_lanes]
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


@pytest.mark.parametrize(("lanes", "update_lanes"), LANES)
def test_sums_of_positions_of_every_length(lanes: int, update_lanes: int, stalls: str) -> None:
    plan, rng = a_plan(lanes, update_lanes), np.random.default_rng(lanes)
    lengths = [*range(1, 13), *rng.integers(1, 13, 30), *[1] * 10]
    add(plan, [rng.integers(-8, 8, (n, lanes)).tolist() for n in lengths], stalls)


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


@pytest.mark.parametrize(("lanes", "update_lanes"), [(4, 1), (4, 2), (12, 4), (8, 8)])
def test_sums_are_handed_over_early_in_a_stage_with_flags(
    lanes: int, update_lanes: int, stalls: str
) -> None:
    """So a position of one event takes as many cycles as it has chunks, and not one more."""
    plain = a_plan(lanes, update_lanes)
    shapes = (replace(plain.shape, flags=2),)
    plan = Plan(tables=plain.tables, shapes=shapes, word_bits=32).stages[0]
    rng = np.random.default_rng(lanes)
    lengths = [*[1] * 20, *rng.integers(1, 6, 30)]
    add(plan, [rng.integers(-8, 8, (n, lanes)).tolist() for n in lengths], stalls)
    chunks = lanes // update_lanes
    for one, each in ((plain, chunks + 1), (plan, chunks + (chunks == 1))):
        taken, _ = add(one, [[[1] * lanes]] * 20, "none")
        assert np.diff(taken.cycles[3:]).tolist() == [each] * 16


# Bit planes.

VALUES = {
    "counts": Activation(kind="count", bits=3),
    "bytes": Activation(kind="value", bits=8),
    "signed": Activation(kind="value", bits=4, signed=True),
    "a signed bit": Activation(kind="value", bits=1, signed=True),
}


@pytest.mark.parametrize("kind", VALUES)
def test_planes_add_up_to_the_products_of_values(kind: str, stalls: str) -> None:
    """Positions of values, as events: planes highest first, the top one of a sign subtracted."""
    activation, inputs = VALUES[kind], 5
    plan = a_plan(4, 2, inputs=inputs, bits=4, activation=activation)
    rng = np.random.default_rng(activation.bits)
    weights = rng.integers(-8, 8, (inputs, 4))
    weights[:, 0], weights[:, 1] = -8, 7
    planes = range(activation.bits - 1, -1, -1)
    rows: list[dict[str, Any]] = []
    totals = []
    for number in range(60):
        values = rng.integers(activation.low, activation.high + 1, inputs)
        if number < 3:
            values[:] = (activation.low, activation.high, 0)[number]
        totals.append((values @ weights).tolist())
        for plane in planes:
            spikes = np.flatnonzero(values >> plane & 1)
            # A plane without a spike is a null event, with weights of 0.
            found = [weights[i].tolist() for i in spikes] or [[0] * 4]
            for place, row in enumerate(found):
                ends = place == len(found) - 1
                rows.append(
                    {
                        "weights": row,
                        "last": int(ends and plane == 0),
                    }
                    | ({"double": int(ends and plane > 0)} if len(planes) > 1 else {})
                    | ({"negate": int(plane == planes[0])} if activation.signed else {})
                )
    must_sum(plan, rows, totals, stalls)


def test_only_planes_and_signs_have_flags() -> None:
    widths = {
        name: (row["double"].shape.width, row["negate"].shape.width)
        for name, activation in ({"spikes": Activation()} | VALUES).items()
        for row in [RowLayout(a_plan(4, 2, activation=activation))]
    }
    assert widths == {
        "spikes": (0, 0), "counts": (1, 0), "bytes": (1, 0), "signed": (1, 1),
        "a signed bit": (0, 1),
    }  # fmt: skip


# The weight memory.


def look_up(
    plan: StagePlan, bank: int, events: list[dict[str, int]], stalls: str
) -> tuple[Transfers, Transfers]:
    """Send events, compare with the rows of the bank, and return both streams' transfers."""
    dut = WeightMemory(plan, bank)
    bench = Bench(dut, stalls=stalls, seed=bank)
    taken = bench.send("events", dut.events, events)
    rows = bench.receive("rows", dut.rows, len(events))
    bench.run(8 * len(events) + 100)
    rows.must_be([answer(plan, bank, event) for event in events])
    return taken, rows


def answer(plan: StagePlan, bank: int, event: dict[str, int]) -> dict[str, Any]:
    """Return the row of an event; an unused lane of ±1 weights reads 1."""
    bits = sorted(plan.weights)[event["memory"]]
    row = plan.weights[bits][bank :: plan.banks][event["row"]]
    row = np.where(row < 0, -1, 1) if bits == 1 else row
    weights = [0] * plan.lanes if event["null"] else row.tolist()
    return {"weights": weights} | {name: event[name] for name in ("negate", "double", "last")}


def draw_events(plan: StagePlan, rng: np.random.Generator) -> list[dict[str, int]]:
    """Draw events that name every row of every memory, and more."""
    order = [
        (memory, row)
        for memory, rows in enumerate(plan.weights.values())
        for row in range(len(rows) // plan.banks)
    ]
    order += [order[i] for i in rng.integers(0, len(order), 60)]
    planes = max(d.planes for d in plan.descriptors) > 1
    return [
        {
            "memory": memory,
            "row": row,
            "null": int(rng.random() < 0.2),
            "last": int(rng.random() < 0.3),
            "negate": int(planes and rng.random() < 0.3),
            "double": int(planes and rng.random() < 0.3),
        }
        for memory, row in order
    ]


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 8])
def test_each_event_is_answered_with_its_weight_row(bits: int, stalls: str) -> None:
    plan, rng = a_plan(4, 2, bits=bits), np.random.default_rng(bits)
    taken, rows = look_up(plan, 0, draw_events(plan, rng), stalls)
    if stalls == "none":
        assert taken.cycles == list(range(len(rows.payloads)))
        assert rows.cycles == [cycle + WeightMemory.latency for cycle in taken.cycles]


@pytest.mark.parametrize("bank", range(4))
def test_each_width_and_each_bank_has_a_memory(bank: int, stalls: str) -> None:
    plan = a_stage(everything(), lanes=4, update_lanes=2, banks=4, word_bits=16)
    assert sorted(plan.weights) == [2, 3, 4, 8]
    look_up(plan, bank, draw_events(plan, np.random.default_rng(bank)), stalls)


def test_signs_and_wider_weights_lie_in_one_design() -> None:
    plan = a_stage(everything(), lanes=7, update_lanes=1)
    assert 1 in plan.weights and plan.weight_bits == 8
    look_up(plan, 0, draw_events(plan, np.random.default_rng(0)), "random")


@pytest.mark.parametrize("banks", [1, 2])
def test_rows_can_be_loaded(banks: int) -> None:
    """Every row of every memory is replaced before the events come."""
    plan = a_stage(everything(), lanes=7, update_lanes=1, banks=banks, word_bits=8, loadable=True)
    rng = np.random.default_rng(banks)
    other = a_stage(everything(seed=9), lanes=7, update_lanes=1, banks=banks, word_bits=8)
    assert {b: w.shape for b, w in other.weights.items()} == {
        b: w.shape for b, w in plan.weights.items()
    }
    bank = banks - 1
    dut = WeightMemory(plan, bank)
    events = draw_events(plan, rng)
    bench = Bench(dut, stalls="random")
    images = {bits: weight_code(other.weights[bits][bank::banks], bits) for bits in plan.weights}
    loads = [
        (getattr(dut, f"load_{bits}"), address, pack(row, bits))
        for bits, rows in images.items()
        for address, row in enumerate(rows.tolist())
    ]
    done: list[int] = []
    loaded = Transfers(name="loaded", cycles=done)

    async def load(ctx: Any) -> None:
        for port, address, data in loads:
            ctx.set(port.addr, address)
            ctx.set(port.data, data)
            ctx.set(port.en, (1 << len(port.en)) - 1)
            await ctx.tick()
            ctx.set(port.en, 0)
        done.append(0)

    bench.add_process(load)
    bench.send("events", dut.events, events, after=[(0, loaded, 1)])
    rows = bench.receive("rows", dut.rows, len(events))
    bench.run(10 * len(events) + len(loads) + 100)
    rows.must_be([answer(other, bank, event) for event in events])


@pytest.mark.parametrize(("bits", "rows", "wanted"), [
    (1, [[1, -1], [-1, -1]], [[0, 1], [1, 1]]),
    (2, [[1, -1], [0, -1]], [[1, -1], [0, -1]]),
    (8, [[127, -128]], [[127, -128]]),
])  # fmt: skip
def test_a_one_bit_weight_is_stored_as_its_sign(
    bits: int, rows: list[list[int]], wanted: list[list[int]]
) -> None:
    assert weight_code(np.array(rows), bits).tolist() == wanted


def test_packed_values_are_twos_complement_with_the_first_lowest() -> None:
    assert pack([-8, 7, 0, -1, 3], 4) == 0x3F078
    assert pack([], 4) == 0


# The sum over the banks.


@pytest.mark.parametrize("banks", [2, 4, 8])
def test_a_chunk_is_the_sum_over_all_banks(banks: int, stalls: str) -> None:
    plan = a_plan(4, 2, inputs=16, bits=8, banks=banks)
    rng = np.random.default_rng(banks)
    half = 1 << (plan.accumulator_bits - 1)
    wanted = rng.integers(-half, half, (200, 2))
    wanted[0], wanted[1] = -half, half - 1
    parts = rng.integers(-half // banks, half // banks, (banks, 200, 2))
    # What the last bank adds brings the sum to what is wanted, modulo the width.
    parts[-1] = (wanted - parts[:-1].sum(0) + half) % (2 * half) - half
    dut = BankSum(plan)
    bench = Bench(dut, stalls=stalls, seed=banks)
    taken = [bench.send(f"bank {n}", dut.banks[n], part.tolist()) for n, part in enumerate(parts)]
    sums = bench.receive("sums", dut.sums, 200)
    bench.run(20 * 200)
    sums.must_be(wanted.tolist())
    # A chunk is taken from all banks in the same cycle.
    assert all(bank.cycles == taken[0].cycles for bank in taken)
    if stalls == "none":
        assert taken[0].cycles == list(range(200))
        assert sums.cycles == [cycle + BankSum.latency for cycle in taken[0].cycles]
