"""The configurator writes every row of the stream to its memory, once."""

import gc
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from plans import a_stage, everything, network
from refusal import refused
from somagate.hw.plan.loadable import END, Target, memory_words, targets
from somagate.hw.rtl.configurator import Configurator
from stream_bench import STALLS, Bench, Transfers

MEMORIES = [
    Target(name="one", width=1, depth=2),
    Target(name="word", width=32, depth=300),
    Target(name="wide", width=33, depth=17),
    Target(name="widest", width=200, depth=66),
    Target(name="row", width=64, depth=1),
]


def test_a_target_says_what_a_row_takes() -> None:
    assert [(t.words, t.address_bits) for t in MEMORIES] == [
        (1, 1), (1, 9), (2, 5), (7, 7), (2, 1)
    ]  # fmt: skip


def test_a_memory_is_its_number_and_last_row_and_then_its_rows_lowest_word_first() -> None:
    target = Target(name="", width=65, depth=3)
    assert memory_words(3, target, [0xAABBCCDD_11223344, 1 << 64]) == [
        0x0300_0002, 0, 0, 0, 0, 0, 1, 0x1122_3344, 0xAABB_CCDD, 0
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
    # One bit a lane group, all layers together: 1 + 1 + 1 + 1; and the time steps.
    assert (groups.width, groups.depth) == (32, 2)


def test_weights_alone_are_targets_where_only_they_have_to_be_loaded() -> None:
    stage = a_stage(everything(), word_bits=16)
    assert targets(stage) == []
    loaded = targets(replace(stage, shape=replace(stage.shape, weight_memory="spram")))
    assert [t.name for t in loaded] == [f"weights_{bits}" for bits in stage.weights]
    assert [t.depth for t in loaded] == [len(rows) for rows in stage.weights.values()]


def test_groups_beyond_32_take_more_rows_and_no_memory_has_one() -> None:
    plan = a_stage(network((1,), [40]), lanes=1, update_lanes=1, loadable=True)
    found = {target.name: target.depth for target in targets(plan)}
    assert found == {"weights_4": 120, "parameters": 42, "groups": 3}
    plan = a_stage(network((1,), [], classes=1), lanes=1, update_lanes=1, loadable=True)
    assert {t.name: t.depth for t in targets(plan)} == {
        "weights_4": 2, "parameters": 2, "groups": 2
    }  # fmt: skip


Block = tuple[int, list[int]]
"""Number of a memory, and all of its rows."""


def written_by(blocks: list[Block]) -> list[Any]:
    """Return what is written: number, (address, word of the row), data."""
    return [
        (number, (address, slot), rows[address] >> 32 * slot & 0xFFFF_FFFF)
        for number, rows in blocks
        for address in reversed(range(len(rows)))
        for slot in range(MEMORIES[number].words)
    ]


def configure(blocks: list[Block], stalls: str) -> Transfers:
    """Send memories, compare with what is written, and return the stream's transfers."""
    dut = Configurator(MEMORIES)
    bench = Bench(dut, stalls=stalls, seed=len(blocks))
    words = [word for n, rows in blocks for word in memory_words(n, MEMORIES[n], rows)]
    taken = bench.send("config", dut.config, words)
    ports = [getattr(dut, f"write_{number}") for number in range(len(MEMORIES))]
    seen = [[bench.probe(s) for s in (port.en, port.addr, port.data)] for port in ports]
    flags = [bench.probe(signal) for signal in (dut.refused, dut.finished)]
    bench.run(8 * len(words) + 100)
    written: list[Any] = []
    for cycle in range(len(seen[0][0])):
        for number, (en, addr, data) in enumerate(seen):
            if en[cycle]:
                slot = en[cycle].bit_length() - 1
                assert en[cycle] == 1 << slot
                word = data[cycle] >> 32 * slot & 0xFFFF_FFFF
                written.append((number, (addr[cycle], slot), word))
    assert written == written_by(blocks)
    assert not any(map(any, flags))
    return taken


def draw(rng: random.Random, numbers: Sequence[int]) -> list[Block]:
    return [
        (n, [rng.getrandbits(MEMORIES[n].width) for _ in range(MEMORIES[n].depth)]) for n in numbers
    ]


@pytest.mark.parametrize("stalls", STALLS)
def test_memories_are_written_word_by_word_in_the_order_in_which_they_come(stalls: str) -> None:
    configure(draw(random.Random(stalls), [1, 3, 0, 4, 4, 2, 0]), stalls)


def test_every_word_takes_one_cycle() -> None:
    taken = configure(draw(random.Random(1), [0, 2, 4, 0]), "none")
    assert taken.cycles == list(range((1 + 2) + (1 + 2 * 17) + (1 + 2) + (1 + 2)))


@pytest.mark.parametrize(
    "header",
    [len(MEMORIES) << 24, 254 << 24, *(n << 24 | m.depth for n, m in enumerate(MEMORIES)),
     1 << 24 | 298, 4 << 24 | 1 << 23, END << 24 | 1],
)  # fmt: skip
def test_from_a_memory_that_is_not_there_on_nothing_is_written(header: int) -> None:
    dut = Configurator(MEMORIES)
    bench = Bench(dut, stalls="none")
    after = memory_words(0, MEMORIES[0], [1, 1])
    sent = bench.send("config", dut.config, [*after, header, *after, END << 24, 0])
    ports = [getattr(dut, f"write_{n}") for n in range(len(MEMORIES))]
    enabled = [bench.probe(port.en) for port in ports]
    refused, finished = bench.probe(dut.refused), bench.probe(dut.finished)
    bench.run(200)
    assert [sum(en) for en in enabled] == [2, 0, 0, 0, 0]
    first = refused.index(1)
    assert first == sent.cycles[len(after)] + 1 and all(refused[first:])
    assert not any(finished)


def test_the_end_of_the_stream_is_told_once_and_another_may_follow() -> None:
    dut = Configurator(MEMORIES)
    bench = Bench(dut, stalls="random")
    block = memory_words(0, MEMORIES[0], [1, 1])
    words = [*block, END << 24, 5, *block, END << 24, END << 24]
    sent = bench.send("config", dut.config, words)
    writes = bench.probe(dut.write_0.en)
    finished = bench.probe(dut.finished)
    bench.run(200)
    assert [cycle for cycle, value in enumerate(finished) if value] == [
        sent.cycles[len(block) + 1] + 1, sent.cycles[-1] + 1
    ]  # fmt: skip
    assert sum(writes) == 4


@pytest.mark.filterwarnings("ignore:.*created but never used")
def test_more_memories_than_have_a_number_are_refused() -> None:
    with refused(ValueError, "Configurator memories must be at most 255, not 256"):
        Configurator([MEMORIES[0]] * 256)
    gc.collect()
