"""A stage runs all its layers, and takes the next input in while it works."""

import numpy as np
import pytest
from accelerate import must_equal_golden
from plans import Shapes, network
from somagate.export.neuron import Shift
from somagate.hw.plan import Plan
from somagate.hw.stage import Stage
from stream_bench import STALLS, Bench

LAYERS = [Shapes(channels=3, kernel=(2, 2)), Shapes(channels=5, kernel=(3, 3), source="l0")]


def a_plan(steps: int = 3) -> Plan:
    tables = network((2, 5, 5), LAYERS, steps=steps, store=Shift(bits=5, shift=1))
    return Plan(tables=tables, lanes=4, update_lanes=2, word_bits=8)


@pytest.mark.parametrize("stalls", STALLS)
def test_a_stage_equals_golden(stalls: str) -> None:
    plan = a_plan()
    x = np.random.default_rng(1).random((3, 4, 2, 5, 5)) < 0.3
    must_equal_golden(Stage(plan), plan, x.astype(int), stalls=stalls)


def test_two_maps_are_taken_in_while_the_first_is_at_work() -> None:
    """Nothing is observed, so no update ends, and no buffer is free again."""
    plan = a_plan()
    dut = Stage(plan)
    bench = Bench(dut, stalls="none")
    taken = bench.send("input", dut.input, [0] * 2 * plan.input_words)
    valid, ready = bench.probe(dut.input.valid), bench.probe(dut.input.ready)

    async def more(ctx):
        await ctx.tick().repeat(2 * plan.input_words + 5)
        ctx.set(dut.input.valid, 1)

    bench.add_process(more)
    bench.run(1000)
    assert taken.cycles == list(range(2 * plan.input_words))
    assert 1 in valid[2 * plan.input_words :]
    assert 1 not in ready[2 * plan.input_words :]


def test_the_next_map_comes_in_while_layers_are_at_work() -> None:
    plan = a_plan(steps=1)
    x = np.random.default_rng(2).random((1, 4, 2, 5, 5)) < 0.3
    dut = Stage(plan)
    bench = Bench(dut, stalls="none")
    words = [word for sample in range(4) for word in plan.pack_input(x[:, sample])]
    taken = bench.send("input", dut.input, words)
    updates = sum(d.updates for d in plan.descriptors)
    observe = bench.receive("observe", dut.observe, 4 * updates)
    bench.receive("output", dut.output, 4 * plan.classes)
    bench.run(5000)
    for sample in range(1, 4):
        # A map is in the memory before the inference before it is over.
        last_word = taken.cycles[(sample + 1) * plan.input_words - 1]
        assert last_word < observe.cycles[sample * updates - 1]
