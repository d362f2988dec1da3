"""The loader fills a source's buffers in turn, and overwrites no map that is still needed."""

import random
from typing import Any

import numpy as np
import pytest
from places import map_words, stored_words
from plans import everything, late, network
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.plan.stage_plan import StagePlan
from somagate.hw.rtl.maps.map_loader import Loader
from stream_bench import Bench

CHAIN = tuple(StageShape(layers=1, lanes=4, update_lanes=2, banks=2) for _ in range(4))
STAGES = Plan(tables=everything(), shapes=CHAIN, word_bits=16).stages
LATE = Plan(tables=late(), shapes=(StageShape(layers=1), StageShape(layers=1)), word_bits=8)
SOURCES = {
    "the input, values": (STAGES[0], "input", 2),
    "the input, far behind": (STAGES[3], "input", 5),
    "counts": (STAGES[1], "grouped", 2),
    "spikes": (STAGES[2], "joined", 2),
    "one word": (STAGES[3], "ring", 2),
    "one word alone": (Plan.single(network((3,), [])).stages[0], "input", 2),
    "seen late": (Plan.single(late(), word_bits=8).stages[0], "input", 2),
    "seen late in a chain": (LATE.stages[1], "a", 2),
}


class Reader:
    """Passes maps and frees their buffers at random, as soon as it may or much later."""

    def __init__(self, dut: Loader, seed: int, pace: float) -> None:
        self.dut, self.rng, self.pace = dut, random.Random(seed), pace

    async def run(self, ctx: Any) -> None:
        passed = released = 0
        advance = release = False
        async for _, _, available in ctx.tick().sample(self.dut.available):
            passed += advance
            released += release
            # What was seen available may just have been passed.
            advance = bool(available) and not advance and self.rng.random() < self.pace
            # The map at `base` may be freed while it is passed over without being read.
            early = bool(available) and released == passed
            release = (released < passed or early) and self.rng.random() < self.pace
            ctx.set(self.dut.advance, advance)
            ctx.set(self.dut.release, release)
            ctx.set(self.dut.may_write, self.pace == 1 or self.rng.random() < 0.7)


def draw(plan: StagePlan, name: str, count: int) -> list[Any]:
    low, high = plan.tables.range_of(name)
    shape = (count, *plan.tables.map_shapes[name])
    return list(np.random.default_rng(count).integers(low, high + 1, shape))


@pytest.mark.parametrize("pace", [0.02, 0.4, 1])
@pytest.mark.parametrize("name", SOURCES)
def test_maps_are_written_buffer_by_buffer(name: str, pace: float, stalls: str) -> None:
    plan, source, buffers = SOURCES[name]
    lags = plan.lags[source]
    copies = buffers + lags[-1]
    assert plan.map_buffers(source) == copies
    form, first = plan.map(source), plan.map_bases[source]
    maps = draw(plan, source, 8)
    dut = Loader(plan, source)
    bench = Bench(dut, stalls=stalls, seed=buffers)
    bench.add_process(Reader(dut, buffers, pace).run)
    words = [word for x in maps for word in map_words(plan, source, x)]
    taken = bench.send("words", dut.words, words)
    en, addr, data, may_write, available, base, advance, release = (
        bench.probe(signal)
        for signal in (
            dut.write.en, dut.write.addr, dut.write.data, dut.may_write, dut.available, dut.base,
            dut.advance, dut.release,
        )
    )  # fmt: skip
    assert dut.lags == lags[1:]
    late_bases = [bench.probe(dut.before[number]) for number, _ in enumerate(dut.lags)]
    bench.run(20 * len(words) + round(16 * 8 / pace) + 200)

    memory: dict[int, int] = {}
    written = passed = released = 0
    for cycle in range(len(en)):
        complete = written // form.words
        assert available[cycle] == (complete > passed)
        assert base[cycle] == first + passed % copies * form.words
        # Maps that were passed stay as long as they are seen, also those of the inference before.
        for lag, lies in zip(dut.lags, late_bases, strict=True):
            assert lies[cycle] == first + (passed - lag) % copies * form.words
            if lag <= passed and released <= passed:
                held = [memory[lies[cycle] + n] for n in range(form.words)]
                assert held == stored_words(plan, source, maps[passed - lag])
        if available[cycle] and released <= passed:
            lies = [memory[base[cycle] + n] for n in range(form.words)]
            assert lies == stored_words(plan, source, maps[passed])
        if en[cycle]:
            assert may_write[cycle] and cycle == taken.cycles[written]
            # The map in this buffer before is needed no more.
            assert written // form.words < released + buffers
            memory[addr[cycle]] = data[cycle]
            written += 1
        passed += advance[cycle]
        released += release[cycle]
    assert written == len(words)


def test_words_are_taken_in_every_cycle_while_a_buffer_is_free() -> None:
    plan, source, buffers = SOURCES["the input, far behind"]
    dut = Loader(plan, source)
    bench = Bench(dut, stalls="none")
    bench.set(dut.may_write, 1)
    words = [word for x in draw(plan, source, 5) for word in map_words(plan, source, x)]
    taken = bench.send("words", dut.words, words)
    ready, available = bench.probe(dut.words.ready), bench.probe(dut.available)
    bench.run(len(words) + 100)
    assert taken.cycles == list(range(len(words)))
    # The first map is available in the cycle after its last word; a sixth has no place.
    assert available.index(1) == len(words) // buffers
    assert not any(ready[len(words) :])
