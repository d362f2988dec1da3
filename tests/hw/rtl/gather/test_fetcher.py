"""The fetcher sends a segment's words, and a sieve those with spikes, with the ends they take."""

import random
from typing import Any

import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect
from plans import Shapes, a_stage, everything, network
from segments import drawn, widest
from somagate.hw.plan.stage_plan import StagePlan
from somagate.hw.rtl.gather.fetcher import Fetcher, Sieve
from somagate.hw.rtl.memory import RegisteredMemory
from stream_bench import Bench, Transfers, same

WORD_BITS = 16
PLAN = a_stage(
    network((3, 9, 37), [Shapes(channels=40, kernel=(5, 5))]),
    lanes=4,
    update_lanes=4,
    word_bits=WORD_BITS,
)
COARSE = a_stage(network((4, 9, 12), [Shapes(channels=8)]), lanes=4, word_bits=32)
BANKED = a_stage(everything(), lanes=4, update_lanes=2, banks=4, word_bits=16)
WIDE = a_stage(network((3, 9, 37), [Shapes(channels=8, kernel=(5, 5))]), lanes=4, word_bits=32)
WIDEST = a_stage(network((3, 9, 37), [Shapes(channels=8, kernel=(5, 5))]), lanes=4, word_bits=64)
PLANS = {
    "one bit": PLAN, "four bits": COARSE, "four banks and planes": BANKED,
    "one bit of 32": WIDE, "one bit of 64": WIDEST,
}  # fmt: skip


FINDS = ("none", "random")
"""How the consumer of a sieve stalls: it is a queue, which waits for no word."""


def test_the_plans_differ_in_grain_and_banks() -> None:
    numbers = [(plan.grain, plan.row_grain, plan.banks) for plan in PLANS.values()]
    assert numbers[:3] == [(1, 1, 1), (4, 4, 1), (4, 4, 4)]
    assert [(plan.word_bits // plan.grain) for plan in (WIDE, WIDEST)] == [32, 64]


def fetch(
    plan: StagePlan,
    segments: list[dict[str, int]],
    memory: list[int],
    stalls: str,
    seed: int = 0,
) -> tuple[Transfers, Transfers]:
    """Send segments, compare with the words that must come, and return both streams' transfers."""
    m = Module()
    m.submodules.dut = dut = Fetcher(plan)
    m.submodules.maps = maps = RegisteredMemory(
        width=plan.word_bits, depth=plan.map_words, init=memory
    )
    connect(m, dut.read, maps.read)
    wanted = words(plan, segments, memory)
    bench = Bench(m, stalls=stalls, seed=seed)
    taken = bench.send("segments", dut.segments, segments)
    output = bench.receive("words", dut.words, len(wanted))
    bench.run(8 * sum(segment["words"] + 2 for segment in segments) + 100)
    same("words", [word if word["bits"] else word | {"row": 0} for word in output.payloads], wanted)
    return taken, output


def words(
    plan: StagePlan, segments: list[dict[str, int]], memory: list[int]
) -> list[dict[str, int]]:
    """Return the words of some segments; of a word without bits the row means nothing."""
    sent = []
    units = plan.word_bits // plan.grain
    for segment in segments:
        for number in range(segment["words"] + 1):
            final_word = number == segment["words"]
            first = segment["first"] if number == 0 else 0
            final = segment["final"] if final_word else units - 1
            inside = (1 << (final + 1) * plan.grain) - (1 << first * plan.grain)
            bits = 0 if segment["empty"] else memory[segment["addr"] + number] & inside
            row = segment["row"] + number * plan.word_bits // plan.row_grain
            word = {"bits": bits, "row": row % (1 << plan.word_row_bits) if bits else 0}
            word |= {name: segment[name] for name in ("memory", "negate")}
            word |= {name: segment[name] if final_word else 0 for name in ("double", "last")}
            sent.append(word)
    return sent


def draw_segment(plan: StagePlan, rng: random.Random) -> dict[str, int]:
    count = rng.choice([1, 1, rng.randint(1, widest(plan))])
    return drawn(plan, rng, count=count, addr=rng.randrange(plan.map_words - count))


def draw_memory(plan: StagePlan, rng: random.Random, density: float) -> list[int]:
    return [
        sum((rng.random() < density) << bit for bit in range(plan.word_bits))
        for _ in range(plan.map_words)
    ]


@pytest.mark.parametrize("density", [0, 0.05, 0.5, 1])
@pytest.mark.parametrize("name", PLANS)
def test_the_words_of_segments_come_with_their_flags(
    name: str, density: float, stalls: str
) -> None:
    plan, rng = PLANS[name], random.Random(f"{density} {stalls}")
    segments = [draw_segment(plan, rng) for _ in range(300)]
    fetch(plan, segments, draw_memory(plan, rng, density), stalls)


@pytest.mark.parametrize("name", PLANS)
def test_spikes_outside_the_segment_are_masked(name: str, stalls: str) -> None:
    plan = PLANS[name]
    units = plan.word_bits // plan.grain
    segments = [
        {"addr": 3, "words": count, "first": first, "final": final, "row": first % 4, "empty": 0,
         "memory": 0, "negate": 0, "double": 0, "last": 1}
        for count in (0, 1)
        for first in range(units)
        for final in range(units)
        if count or first <= final
    ]  # fmt: skip
    fetch(plan, segments, [(1 << plan.word_bits) - 1] * plan.map_words, stalls)


def line(words: int) -> dict[str, int]:
    """Return a segment of whole words from the memory's start."""
    return {"addr": 0, "words": words - 1, "first": 0, "final": WORD_BITS - 1, "row": 0,
            "empty": 0, "memory": 0, "negate": 0, "double": 0, "last": 1}  # fmt: skip


def test_the_latency_is_as_stated_and_a_word_is_read_in_every_cycle() -> None:
    segments = [line(5), line(3), line(1), line(7)]
    taken, output = fetch(PLAN, segments, [1, 0] * (PLAN.map_words // 2), "none")
    first = taken.cycles[0] + Fetcher.latency
    assert output.cycles == list(range(first, first + 16))


# The sieve.


def sieve(
    plan: StagePlan, bank: int, sent: list[dict[str, int]], stalls: str
) -> tuple[Transfers, Transfers]:
    """Send words, compare with those that a bank must find, and return both streams' transfers."""
    wanted = found(plan, bank, sent)
    dut = Sieve(plan, bank)
    bench = Bench(dut, stalls=stalls, seed=len(sent))
    taken = bench.send("words", dut.words, sent)
    output = bench.receive("found", dut.found, len(wanted))
    bench.run(8 * len(sent) + 100)
    same("found", [meaning(word) for word in output.payloads], wanted)
    return taken, output


def meaning(word: dict[str, int]) -> dict[str, Any]:
    """Return a word; without bits only its ends mean anything."""
    return word if word["bits"] else word | {"row": None, "memory": None, "negate": None}


def found(plan: StagePlan, bank: int, sent: list[dict[str, int]]) -> list[dict[str, Any]]:
    """Return the words with spikes plane by plane; the last one, or an empty one, has the end."""
    passed: list[dict[str, Any]] = []
    plane: list[dict[str, Any]] = []
    for word in sent:
        mine = [word["bits"] >> bit & 1 for bit in range(bank, plan.word_bits, plan.banks)]
        bits = sum(spike << place for place, spike in enumerate(mine))
        ends = {"double": int(word["double"]), "last": int(word["last"])}
        if bits:
            plane.append(word | {"bits": bits, "double": 0, "last": 0})
        if any(ends.values()):
            plane = plane or [meaning(word | {"bits": 0})]
            plane[-1] |= ends
            passed += plane
            plane = []
    assert not plane, "the words end within a plane"
    return passed


def draw_words(plan: StagePlan, rng: random.Random, density: float, count: int) -> Any:
    """Draw words, most of them with few bits, that end with a position."""
    planes = max(d.planes for d in plan.descriptors) > 1
    sent = []
    for number in range(count):
        end = 3 if number == count - 1 else rng.randrange(6)
        sent.append(
            {
                "bits": sum((rng.random() < density) << bit for bit in range(plan.word_bits)),
                "row": rng.getrandbits(plan.word_row_bits),
                "memory": rng.randrange(len(plan.weights)),
                "negate": rng.randrange(2) if planes else 0,
                "double": int(end == 4 and planes),
                "last": int(end == 3),
            }
        )
    return sent


@pytest.mark.parametrize("stalls", FINDS)
@pytest.mark.parametrize("density", [0, 0.01, 0.05, 0.2, 1])
@pytest.mark.parametrize(
    ("name", "bank"), [("one bit", 0), *(("four banks and planes", n) for n in range(4))]
)
def test_words_with_spikes_come_and_the_last_one_takes_the_end(
    name: str, bank: int, density: float, stalls: str
) -> None:
    plan, rng = PLANS[name], random.Random(f"{density} {stalls}")
    sieve(plan, bank, draw_words(plan, rng, density, 400), stalls)


@pytest.mark.parametrize("stalls", FINDS)
def test_every_pattern_of_spikes_and_ends(stalls: str) -> None:
    """Any five words: empty or not, each ends nothing, a plane or the position; then an end."""
    rng = random.Random(7)
    sent = []
    for _ in range(600):
        for _ in range(5):
            end = rng.choice([None, None, "double", "last"])
            sent.append({"bits": rng.choice([0, 0, 16]), "end": end})
        sent.append({"bits": 0, "end": "last"})
    sieve(
        BANKED,
        0,
        [
            {"bits": word["bits"], "row": n % 4, "memory": n % len(BANKED.weights),
             "negate": n % 2, "double": int(word["end"] == "double"),
             "last": int(word["end"] == "last")}
            for n, word in enumerate(sent)
        ],
        stalls,
    )  # fmt: skip


@pytest.mark.parametrize("density", [0, 0.01, 0.05, 1])
def test_without_stalls_a_word_is_taken_in_every_cycle(density: float) -> None:
    rng = random.Random(3)
    taken, output = sieve(PLAN, 0, draw_words(PLAN, rng, density, 200), "none")
    assert taken.cycles == list(range(200))
    assert output.cycles[-1] == 200
    if density == 1:
        # A word waits for the one behind it, unless it is an end itself.
        assert output.cycles == list(range(1, 201))


def test_each_bank_has_every_fourth_bit() -> None:
    flags = {"memory": 0, "negate": 0, "double": 0, "last": 1}
    sent = [{"bits": 0x8421 << n & 0xFFFF, "row": n} | flags for n in range(4)]
    for bank in range(4):
        _, output = sieve(BANKED, bank, sent, "random")
        assert [word["bits"] for word in output.payloads] == [
            sum((word["bits"] >> 4 * place + bank & 1) << place for place in range(4))
            for word in sent
        ]
