"""The configurator writes every row of the stream to its memory, once."""

import random
from typing import Any

import pytest
from plans import a_stage, everything, network
from somagate.hw.config import Configurator, Target, row_words, targets
from stream_bench import STALLS, Bench, Transfers

MEMORIES = [
    Target(name="one", width=1, depth=2),
    Target(name="word", width=32, depth=300),
    Target(name="wide", width=33, depth=17),
    Target(name="widest", width=200, depth=1000),
    Target(name="row", width=64, depth=1),
]


def test_a_target_says_what_a_row_takes() -> None:
    assert [(t.words, t.address_bits) for t in MEMORIES] == [
        (1, 1), (1, 9), (2, 5), (7, 10), (2, 1)
    ]  # fmt: skip


def test_a_row_is_its_place_and_then_its_data_lowest_word_first() -> None:
    assert row_words(3, 0x12345, 0xAABBCCDD_11223344, 3) == [
        0x0301_2345, 0x1122_3344, 0xAABB_CCDD, 0
    ]  # fmt: skip


def test_every_memory_of_a_stage_is_a_target() -> None:
    plan = a_stage(everything(), lanes=8, update_lanes=2, banks=2, word_bits=16, loadable=True)
    found = targets(plan)
    widths = sorted(plan.weights)
    assert [t.name for t in found] == [
        *(f"weights_{bits}_{bank}" for bits in widths for bank in range(2)), "parameters", "groups"
    ]  # fmt: skip
    for target in found[:-2]:
        bits = int(target.name.split("_")[1])
        assert (target.width, target.depth) == (8 * bits, len(plan.weights[bits]) // 2)
    parameters, groups = found[-2:]
    assert (parameters.width, parameters.depth) == (
        2 * plan.parameter_bits, len(plan.parameter_words)
    )  # fmt: skip
    # One bit a lane group, all layers together: 1 + 1 + 1 + 1.
    assert (groups.width, groups.depth) == (32, 1)


def test_groups_beyond_32_take_more_rows_and_no_memory_has_one() -> None:
    plan = a_stage(network((1,), [40]), lanes=1, update_lanes=1, loadable=True)
    found = {target.name: target.depth for target in targets(plan)}
    assert found == {"weights_4_0": 120, "parameters": 42, "groups": 2}
    plan = a_stage(network((1,), [], classes=1), lanes=1, update_lanes=1, loadable=True)
    assert {t.name: t.depth for t in targets(plan)} == {
        "weights_4_0": 2, "parameters": 2, "groups": 1
    }  # fmt: skip


Row = tuple[int, int, int]
"""Number of the memory, address, data."""


def configure(rows: list[Row], stalls: str) -> Transfers:
    """Send rows, compare with what is written, and return the stream's transfers."""
    dut = Configurator(MEMORIES)
    bench = Bench(dut, stalls=stalls, seed=len(rows))
    words = [
        word for n, address, data in rows for word in row_words(n, address, data, MEMORIES[n].words)
    ]
    taken = bench.send("config", dut.config, words)
    ports = [getattr(dut, f"write_{number}") for number in range(len(MEMORIES))]
    seen = [[bench.probe(s) for s in (port.en, port.addr, port.data)] for port in ports]
    bench.run(8 * len(words) + 100)
    written: list[Row] = []
    for cycle in range(len(seen[0][0])):
        for number, (en, addr, data) in enumerate(seen):
            if en[cycle]:
                written.append((number, addr[cycle], data[cycle]))
    assert written == rows
    return taken


def draw(rng: random.Random, count: int) -> list[Row]:
    numbers = [rng.randrange(len(MEMORIES)) for _ in range(count)]
    return [
        (n, rng.randrange(MEMORIES[n].depth), rng.getrandbits(MEMORIES[n].width)) for n in numbers
    ]


@pytest.mark.parametrize("stalls", STALLS)
def test_rows_are_written_in_the_order_in_which_they_come(stalls: str) -> None:
    configure(draw(random.Random(stalls), 150), stalls)


@pytest.mark.parametrize("number", range(len(MEMORIES)))
def test_the_first_and_the_last_row_of_each_memory(number: int) -> None:
    ones = (1 << MEMORIES[number].width) - 1
    last = MEMORIES[number].depth - 1
    rows = [(number, 0, ones), (number, last, 0), (number, 0, 0), (number, last, ones)]
    configure(rows, "random")


def test_a_row_takes_one_cycle_more_than_its_words() -> None:
    rows = draw(random.Random(1), 30)
    taken = configure(rows, "none")
    cycle, expected = 0, []
    for number, _, _ in rows:
        expected += range(cycle, cycle + 1 + MEMORIES[number].words)
        cycle = expected[-1] + 2
    assert taken.cycles == expected


def test_words_of_memories_that_are_not_there_are_passed_over() -> None:
    """Such a header has no data: a stream for another accelerator writes nothing wrong."""
    dut = Configurator(MEMORIES)
    bench = Bench(dut, stalls="random")
    bench.send("config", dut.config, [99 << 24, 255 << 24 | 5])
    enabled: list[Any] = [bench.probe(getattr(dut, f"write_{n}").en) for n in range(len(MEMORIES))]
    bench.run(200)
    assert not any(any(en) for en in enabled)
