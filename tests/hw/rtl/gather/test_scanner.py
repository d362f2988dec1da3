"""The scanner makes one event of every set bit, lowest first, one a cycle."""

import random
from typing import Any

import pytest
from plans import a_stage, everything, network
from somagate.hw.plan.stage_plan import StagePlan
from somagate.hw.rtl.gather.scanner import Scanner
from stream_bench import STALLS, Bench, Transfers, same


def a_plan(word_bits: int) -> StagePlan:
    return a_stage(network((70,), [6]), lanes=2, update_lanes=2, word_bits=word_bits)


def scan(plan: StagePlan, words: list[dict[str, int]], stalls: str) -> tuple[Transfers, Transfers]:
    """Send words, compare with the events that must come, and return both streams' transfers."""
    wanted = events(plan, words)
    dut = Scanner(plan)
    bench = Bench(dut, stalls=stalls, seed=len(words))
    taken = bench.send("words", dut.words, words)
    output = bench.receive("events", dut.events, len(wanted))
    bench.run(6 * len(wanted) + 100)
    same("events", [e | {"row": 0} if e["null"] else e for e in output.payloads], wanted)
    return taken, output


def events(plan: StagePlan, words: list[dict[str, int]]) -> list[Any]:
    """Return every event; the row of a null event means nothing."""
    found: list[Any] = []
    row_bits = max(1, plan.weight_row_bits - (plan.banks.bit_length() - 1))
    for word in words:
        places = [bit for bit in range(plan.word_bits // plan.banks) if word["bits"] >> bit & 1]
        first = word["row"] * plan.row_grain // plan.banks
        rows = [(first + bit) % (1 << row_bits) for bit in places]
        common = {"memory": 0, "negate": 0, "double": 0} | {
            name: word[name] for name in ("memory", "negate") if name in word
        }
        found += [{"null": 0, "row": row, "last": 0} | common for row in rows]
        found += [] if rows else [{"null": 1, "row": 0} | common]
        # The word's last event has its end.
        found[-1] |= {"double": word.get("double", 0), "last": int(word["last"])}
    return found


def draw_word(plan: StagePlan, rng: random.Random, count: int, last: bool) -> dict[str, int]:
    bits = sum(1 << bit for bit in rng.sample(range(plan.word_bits // plan.banks), count))
    return {"bits": bits, "row": rng.getrandbits(plan.word_row_bits), "last": last}


@pytest.mark.parametrize("word_bits", [8, 16, 32, 64, 128])
def test_words_of_every_number_of_bits(word_bits: int, stalls: str) -> None:
    plan, rng = a_plan(word_bits), random.Random(f"{word_bits} {stalls}")
    counts = [*range(word_bits + 1), 0, 0, 1, 1, 0, word_bits, word_bits, 1]
    if word_bits <= 32:
        counts += [rng.randint(0, word_bits) for _ in range(60)]
    # A word without a bit comes only to end a position.
    words = [draw_word(plan, rng, n, last=not n or rng.random() < 0.5) for n in counts]
    scan(plan, words, stalls)


@pytest.mark.parametrize(("banks", "word_bits"), [(1, 8), (2, 8), (4, 16), (8, 8), (16, 16)])
def test_events_have_the_flags_of_their_word(banks: int, word_bits: int, stalls: str) -> None:
    """Down to one bit a bank."""
    plan = a_stage(everything(), lanes=2, update_lanes=2, banks=banks, word_bits=word_bits)
    rng = random.Random(banks)
    words = []
    for _ in range(200):
        count = rng.randint(0, word_bits // banks)
        end = rng.choice(["double", "last", "none"] if count else ["double", "last"])
        words.append(
            draw_word(plan, rng, count, end == "last")
            | {"double": int(end == "double"), "negate": rng.randrange(2),
               "memory": rng.randrange(len(plan.weights))}
        )  # fmt: skip
    scan(plan, words, stalls)


@pytest.mark.parametrize("stalls", STALLS)
def test_each_bit_and_each_pair_of_bits(stalls: str) -> None:
    plan = a_plan(16)
    words = [
        {"bits": 1 << low | 1 << high, "row": 3 * high, "last": high & 1}
        for high in range(16)
        for low in range(high + 1)
    ]
    scan(plan, words, stalls)


def test_without_stalls_one_event_comes_every_cycle_after_the_latency() -> None:
    plan, rng = a_plan(32), random.Random(1)
    counts = [1, 1, 2, 0, 32, 0, 1, 0, 0, 17, 1, 1, 3, 31]
    words = [draw_word(plan, rng, n, last=not n) for n in counts]
    taken, output = scan(plan, words, "none")
    first = taken.cycles[0] + Scanner.latency
    assert output.cycles == list(range(first, first + sum(max(n, 1) for n in counts)))
