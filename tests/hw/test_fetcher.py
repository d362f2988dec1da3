"""The fetcher sends the words that hold spikes, and the end of a position with the last of them."""

import random
from typing import Any

import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect
from plans import Shapes, network
from somagate.hw.fetcher import Fetcher
from somagate.hw.memory import RegisteredMemory
from somagate.hw.plan import Plan
from somagate.hw.walker import row_bits
from stream_bench import STALLS, Bench, Transfers, same

WORD_BITS = 16
PLAN = Plan(
    tables=network((3, 9, 37), [Shapes(channels=40, kernel=(5, 5))]),
    lanes=4,
    update_lanes=4,
    word_bits=WORD_BITS,
)
ROW_WORDS = PLAN.maps["input"].row_words


def fetch(
    segments: list[dict[str, int]], memory: list[int], stalls: str, seed: int = 0
) -> tuple[Transfers, Transfers]:
    """Send segments, compare with the words that must come, and return both streams' transfers."""
    m = Module()
    m.submodules.dut = dut = Fetcher(PLAN)
    m.submodules.maps = maps = RegisteredMemory(width=WORD_BITS, depth=PLAN.map_words, init=memory)
    connect(m, dut.read, maps.read)
    wanted = words(segments, memory)
    bench = Bench(m, stalls=stalls, seed=seed)
    taken = bench.send("segments", dut.segments, segments)
    output = bench.receive("words", dut.words, len(wanted))
    bench.run(8 * sum(segment["words"] + 2 for segment in segments) + 100)
    same("words", [meaning(word) for word in output.payloads], wanted)
    return taken, output


def words(segments: list[dict[str, int]], memory: list[int]) -> list[Any]:
    """Return the words of a list of segments that ends with the end of a position."""
    sent: list[Any] = []
    position: list[Any] = []
    for segment in segments:
        for number in range(segment["words"] + 1):
            first = segment["first"] if number == 0 else 0
            final = segment["final"] if number == segment["words"] else WORD_BITS - 1
            inside = (1 << (final + 1)) - (1 << first)
            bits = 0 if segment["empty"] else memory[segment["addr"] + number] & inside
            row = (segment["row"] + number * WORD_BITS) % (1 << row_bits(PLAN))
            if bits:
                position.append([bits, row, False])
        if segment["last"]:
            position = position or [[0, None, False]]
            position[-1][2] = True
            sent += [tuple(word) for word in position]
            position = []
    assert not position
    return sent


def meaning(word: dict[str, int]) -> Any:
    """Return a word as `words` has it; of a word without bits the row means nothing."""
    return word["bits"], word["row"] if word["bits"] else None, bool(word["last"])


def draw_segment(rng: random.Random, last: bool) -> dict[str, int]:
    count = rng.choice([1, 1, 2, 3, rng.randint(1, ROW_WORDS)])
    first, final = rng.randrange(WORD_BITS), rng.randrange(WORD_BITS)
    if count == 1 and first > final:
        first, final = final, first
    empty = last and rng.random() < 0.3
    return {
        "addr": rng.randrange(PLAN.map_words - count),
        "words": 0 if empty else count - 1,
        "first": first,
        "final": final,
        "row": rng.getrandbits(row_bits(PLAN)),
        "empty": empty,
        "last": last,
    }


def draw_memory(rng: random.Random, density: float) -> list[int]:
    return [
        sum((rng.random() < density) << bit for bit in range(WORD_BITS))
        for _ in range(PLAN.map_words)
    ]


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("density", [0, 0.01, 0.05, 0.2, 1])
def test_words_with_spikes_come_and_the_last_one_ends_the_position(
    density: float, stalls: str
) -> None:
    rng = random.Random(f"{density} {stalls}")
    segments = []
    for _ in range(150):
        count = rng.randint(1, 5)
        segments += [draw_segment(rng, last=n == count - 1) for n in range(count)]
    fetch(segments, draw_memory(rng, density), stalls)


@pytest.mark.parametrize("stalls", STALLS)
def test_every_place_of_the_last_spike_carries_the_end(stalls: str) -> None:
    """Positions of three segments of two words, with spikes in every subset of the six words."""
    memory = [0] * PLAN.map_words
    memory[1] = 1 << 7
    segments = []
    for subset in range(64):
        for number in range(3):
            pair = subset >> (2 * number) & 3
            # Words 0 and 2…: empty; 1: a spike. (0, 1), (1, 2), (2, 3) have the spikes wanted.
            memory[10 * (pair + 1)], memory[10 * (pair + 1) + 1] = (
                (pair & 1) << 15, (pair >> 1) << 0
            )  # fmt: skip
            segments.append(
                {"addr": 10 * (pair + 1), "words": 1, "first": 15, "final": 0,
                 "row": 64 * number, "empty": 0, "last": number == 2}
            )  # fmt: skip
    fetch(segments, memory, stalls)


@pytest.mark.parametrize("stalls", STALLS)
def test_spikes_outside_the_segment_are_masked(stalls: str) -> None:
    memory = [(1 << WORD_BITS) - 1] * PLAN.map_words
    segments = [
        {"addr": 3, "words": count, "first": first, "final": final, "row": first, "empty": 0,
         "last": 1}
        for count in (0, 1)
        for first in range(WORD_BITS)
        for final in range(WORD_BITS)
        if count or first <= final
    ]  # fmt: skip
    fetch(segments, memory, stalls)


def line(words: int, last: bool = True) -> dict[str, int]:
    """A segment of whole words from the memory's start."""
    return {"addr": 0, "words": words - 1, "first": 0, "final": WORD_BITS - 1, "row": 0,
            "empty": 0, "last": last}  # fmt: skip


@pytest.mark.parametrize(("words", "empty"), [(1, 0), (5, 0), (2, 1), (5, 3), (5, 4)])
def test_the_latency_is_as_stated(words: int, empty: int) -> None:
    """The first word waits for the one behind it, and so for each empty word in between."""
    memory = [1] + [0] * empty + [1] * (PLAN.map_words - 1 - empty)
    taken, output = fetch([line(words)], memory, "none")
    assert output.cycles[0] - taken.cycles[0] == Fetcher.latency + empty


def test_a_word_is_read_in_every_cycle() -> None:
    memory = [1] * PLAN.map_words
    _, output = fetch([line(5), line(3, last=False), line(1, last=False), line(7)], memory, "none")
    assert output.cycles == list(range(output.cycles[0], output.cycles[0] + 16))


def test_empty_words_cost_only_their_read() -> None:
    rng = random.Random(5)
    memory = draw_memory(rng, 0.01)
    segments = [line(rng.randint(1, ROW_WORDS)) for _ in range(40)]
    taken, output = fetch(segments, memory, "none")
    reads = sum(segment["words"] + 1 for segment in segments)
    assert output.cycles[-1] - taken.cycles[0] == Fetcher.latency + reads - 1
