"""A ring goes from one map to the next with each step, each base its steps behind the first."""

from random import Random
from typing import Any

from plans import a_stage, late
from somagate.hw.rtl.maps.ring import Ring
from stream_bench import Bench


def test_each_base_is_of_a_map_so_many_steps_ago() -> None:
    plan = a_stage(late(), lanes=4, word_bits=8)
    first, words, count = plan.map_bases["a"], plan.map("a").words, plan.map_buffers("a")
    assert (words, count) == (2, 5)
    dut = Ring(plan, "a", plan.lags["a"])
    bench = Bench(dut, stalls="none")
    turns, bases = bench.probe(dut.turns), [bench.probe(base) for base in dut.bases]
    random = Random(0)

    async def turn(ctx: Any) -> None:
        async for _ in ctx.tick():
            ctx.set(dut.turns, random.random() < 0.6)

    bench.add_process(turn)
    bench.run(100)
    step = 0
    for cycle, turned in enumerate(turns):
        for lag, base in zip((0, 1, 4), bases, strict=True):
            assert base[cycle] == first + (step - lag) % count * words
        step += turned
    assert step > 2 * count


def test_rings_cost_their_bases_and_nothing_where_there_are_none() -> None:
    plan = a_stage(late(), lanes=4, word_bits=8)
    # 'a' is written, and read at three lags; the input is read at a second one; 'b' has two maps.
    assert Ring.terms(plan) == {"address": 5 * 5, "bases": 5}
    assert Ring.terms(a_stage(late(steps=2), lanes=4)) == {}
