"""The finder sends the words that hold a spike, each segment's end, and nothing else."""

import random
from typing import Any

import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect
from plans import Shapes, everything, network
from segments import drawn, widest
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.plan.stage_plan import StagePlan
from somagate.hw.rtl.gather.finder import Finder
from somagate.hw.rtl.memory import RegisteredMemory
from stream_bench import Bench, Transfers, same


def stage(tables: Any, word_bits: int, **shape: Any) -> StagePlan:
    shapes = (StageShape(layers=len(tables.layers), lanes=4, update_lanes=2, **shape),)
    return Plan(tables=tables, shapes=shapes, word_bits=word_bits).stages[0]


ODD = network((3, 9, 37), [Shapes(channels=40, kernel=(5, 5))])
PLANS = {
    "one flag": stage(ODD, 16, flags=1),
    "three flags, one bit": stage(ODD, 16, flags=3),
    "four flags, four banks and planes": stage(everything(), 16, flags=4, banks=4),
    "whole segments": stage(ODD, 16, flags=8),
}


def draw_segment(plan: StagePlan, rng: random.Random) -> dict[str, int]:
    count = rng.randint(1, widest(plan))
    return drawn(plan, rng, count=count, addr=rng.randrange(count - 1, plan.map_words))


def found(plan: StagePlan, segment: dict[str, int], holds: list[bool]) -> list[dict[str, int]]:
    """Return what must be sent of a segment: its words with a spike, the last first."""
    whole = plan.word_bits // plan.grain - 1
    words = []
    for back in range(segment["words"] + 1):
        if not segment["empty"] and holds[segment["addr"] - back]:
            word = segment | {"addr": segment["addr"] - back, "words": 0}
            word |= {"first": segment["first"] if back == segment["words"] else 0}
            word |= {"final": segment["final"] if back == 0 else whole, "double": 0, "last": 0}
            words.append(word | {"back": back})
    # The last look is of the words that are left over.
    looks = segment["words"] // plan.shape.flags * plan.shape.flags
    ends = {name: segment[name] for name in ("double", "last")}
    if any(ends.values()):
        if not words or words[-1]["back"] < looks:
            words.append({"empty": 1} | ends)
        words[-1] |= ends
    return [{k: v for k, v in word.items() if k != "back"} for word in words]


def meaning(word: dict[str, int]) -> dict[str, int]:
    """Return a word; of an empty one only the ends mean anything."""
    if word["empty"]:
        return {name: word[name] for name in ("empty", "double", "last")}
    return word


def find(
    plan: StagePlan, segments: list[dict[str, int]], holds: list[bool], stalls: str
) -> tuple[Transfers, Transfers]:
    """Send segments, compare with the words that must come, and return both streams' transfers."""
    flags = plan.shape.flags
    init = [
        sum(holds[place - i] << i for i in range(flags) if place >= i)
        for place in range(plan.map_words)
    ]
    m = Module()
    m.submodules.dut = dut = Finder(plan)
    m.submodules.flags = memory = RegisteredMemory(width=flags, depth=plan.map_words, init=init)
    connect(m, dut.read, memory.read)
    wanted = [word for segment in segments for word in found(plan, segment, holds)]
    bench = Bench(m, stalls=stalls, seed=len(segments))
    taken = bench.send("segments", dut.segments, segments)
    output = bench.receive("words", dut.words, len(wanted))
    bench.run(8 * sum(segment["words"] + 2 for segment in segments) + 100)
    same("words", [meaning(word) for word in output.payloads], wanted)
    return taken, output


@pytest.mark.parametrize("density", [0, 0.1, 0.5, 1])
@pytest.mark.parametrize("name", PLANS)
def test_words_with_a_spike_come_and_ends(name: str, density: float, stalls: str) -> None:
    plan, rng = PLANS[name], random.Random(f"{name} {density} {stalls}")
    segments = [draw_segment(plan, rng) for _ in range(200)]
    segments[-1]["last"] = 1
    find(plan, segments, [rng.random() < density for _ in range(plan.map_words)], stalls)


def line(addr: int, words: int, last: int = 0) -> dict[str, int]:
    """Return a segment of whole words."""
    return {"addr": addr, "words": words - 1, "first": 0, "final": 15, "row": 0, "empty": 0,
            "memory": 0, "negate": 0, "double": 0, "last": last}  # fmt: skip


def test_the_latency_is_as_stated_and_a_look_without_a_spike_takes_one_cycle() -> None:
    plan = PLANS["three flags, one bit"]
    holds = [place in (5, 6, 20) for place in range(plan.map_words)]
    segments = [line(6, 3), line(12, 3), line(15, 6), line(20, 3), line(30, 3, last=1)]
    taken, output = find(plan, segments, holds, "none")
    assert taken.cycles == [0, 1, 2, 4, 5]  # of six words two looks are made
    # Two words of the first look; the others are behind the looks before them.
    first = Finder.latency
    assert output.cycles == [first, first + 1, first + 4, first + 5]
