"""A stage runs its layers on maps that come from outside, and hands on those that others need."""

from typing import Any

import numpy as np
import pytest
from accelerate import deadline_cycles, must_have_observed, results
from places import map_words
from plans import EVERYTHING, Shapes, everything, network
from somagate.export.neuron import Shift
from somagate.export.tables import Tables
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.rtl.gather.array import Array, WeightMemory
from somagate.hw.rtl.gather.fetcher import Fetcher
from somagate.hw.rtl.gather.scanner import Scanner
from somagate.hw.rtl.observe import ObserveLayout
from somagate.hw.rtl.stage import Stage
from somagate.hw.rtl.update.update import Update
from somagate.sim.golden import golden, pools
from somagate.sim.golden.trace import Trace
from stream_bench import STALLS, Bench, Transfers, same


def source_maps(tables: Tables, trace: Trace, x: Any, name: str) -> Any:
    """Return a source's maps as the next layers see them, (steps, batch, channels, …)."""
    if name == "input":
        return x[:1] if tables.input.constant else x
    return pools.pooled(tables.layer(name).spike_pool, trace.spikes[name])


def stage_words(plan: Plan, trace: Trace, x: Any, name: str) -> list[int]:
    """Return the words of all maps of a source, sample by sample."""
    maps = source_maps(plan.tables, trace, x, name)
    samples = range(x.shape[1])
    stage = plan.stages[0]
    return [w for s in samples for step in maps[:, s] for w in map_words(stage, name, step)]


def run_stage(
    plan: Plan, number: int, x: Any, exports: tuple[str, ...], *, stalls: str, seed: int = 0
) -> dict[str, Transfers]:
    """Feed one stage with golden's maps, and compare all that comes out of it."""
    stage, tables = plan.stages[number], plan.tables
    trace = golden.run(tables, x, potentials=True)
    batch = x.shape[1]
    dut = Stage(stage, ObserveLayout(plan), exports)
    bench = Bench(dut, stalls=stalls, seed=seed)
    seen = {}
    for name in stage.external:
        words = stage_words(plan, trace, x, name)
        seen[name] = bench.send(name, getattr(dut, f"source_{name}"), words)
    wanted = {name: stage_words(plan, trace, x, name) for name in exports}
    for name in exports:
        seen[name] = bench.receive(name, getattr(dut, f"map_{name}"), len(wanted[name]))
    due = batch * tables.steps * sum(d.updates for d in stage.descriptors)
    seen["observe"] = bench.receive("observe", dut.observe, due)
    reads_out = tables.readout.layer in stage.names
    if reads_out:
        seen["results"] = bench.receive("results", dut.results, batch * plan.classes)
    bench.run(deadline_cycles(plan, batch))
    for name in exports:
        seen[name].must_be(wanted[name])
    if reads_out:
        same("results", seen["results"].payloads, list(results(trace)))
    else:
        assert not hasattr(dut, "results")
    must_have_observed(plan, trace, tables, [seen["observe"]], stages=[number])
    return seen


CHAIN = (
    StageShape(layers=1, lanes=4, update_lanes=2, banks=2),
    StageShape(layers=2, lanes=2, update_lanes=1),
    StageShape(layers=1, lanes=3, update_lanes=1),
)
EXPORTS = [("grouped",), ("ring",), ()]


def draw(samples: int, *, constant: bool = False, steps: int = 3) -> Any:
    rng = np.random.default_rng(samples)
    x = rng.integers(-4, 4, (steps, samples, *EVERYTHING))
    x = np.where(rng.random(x.shape) < 0.4, x, 0)
    return np.broadcast_to(x[:1], x.shape).copy() if constant else x


@pytest.mark.parametrize("number", range(3))
def test_a_stage_of_a_chain_equals_golden(number: int, stalls: str) -> None:
    plan = Plan(tables=everything(), shapes=CHAIN, word_bits=16)
    assert [stage.external for stage in plan.stages] == [
        ("input",), ("input", "grouped"), ("input", "ring")
    ]  # fmt: skip
    run_stage(plan, number, draw(2), EXPORTS[number], stalls=stalls)


def test_a_stage_may_hand_on_every_map_whether_it_reads_it_or_not() -> None:
    plan = Plan.single(everything(), lanes=4, update_lanes=4, word_bits=32)
    run_stage(plan, 0, draw(2), ("grouped", "joined", "ring", "out"), stalls="random")


@pytest.mark.parametrize("stalls", STALLS)
def test_a_constant_input_comes_once_and_its_sums_are_held(stalls: str) -> None:
    shapes = (StageShape(layers=4, lanes=4, update_lanes=2, holds=True),)
    plan = Plan(tables=everything(constant=True), shapes=shapes, word_bits=16)
    assert plan.stages[0].held == {"grouped"}
    run_stage(plan, 0, draw(3, constant=True), (), stalls=stalls)


# Work at the same time.

LAYERS = [Shapes(channels=3, kernel=(2, 2)), Shapes(channels=5, kernel=(3, 3), source="l0")]


def a_plan(steps: int = 3) -> Plan:
    tables = network((2, 5, 5), LAYERS, steps=steps, store=Shift(bits=5, shift=1))
    return Plan.single(tables, lanes=4, update_lanes=2, word_bits=8)


def test_two_maps_are_taken_in_while_the_first_is_at_work() -> None:
    """Nothing is observed, so no update ends, and no buffer is free again."""
    plan = a_plan()
    dut = Stage(plan.stages[0], ObserveLayout(plan))
    bench = Bench(dut, stalls="none")
    source = dut.source_input
    taken = bench.send("input", source, [0] * 2 * plan.input_words)
    valid, ready = bench.probe(source.valid), bench.probe(source.ready)

    async def more(ctx: Any) -> None:
        await ctx.tick().repeat(2 * plan.input_words + 5)
        ctx.set(source.valid, 1)

    bench.add_process(more)
    bench.run(1000)
    assert taken.cycles == list(range(2 * plan.input_words))
    assert 1 in valid[2 * plan.input_words :]
    assert 1 not in ready[2 * plan.input_words :]


def test_the_next_map_comes_in_while_layers_are_at_work() -> None:
    plan = a_plan(steps=1)
    x = (np.random.default_rng(2).random((1, 4, 2, 5, 5)) < 0.3).astype(int)
    seen = run_stage(plan, 0, x, (), stalls="none")
    updates = sum(d.updates for d in plan.descriptors)
    for sample in range(1, 4):
        # A map is in the memory before the inference before it is over.
        last_word = seen["input"].cycles[(sample + 1) * plan.input_words - 1]
        assert last_word < seen["observe"].cycles[sample * updates - 1]


def test_the_first_layer_of_the_next_step_is_added_up_while_the_last_one_is_updated() -> None:
    """The readout waits for its observer, and the array goes on with the next time step."""
    tables = network((8,), [12], steps=6, classes=12)
    plan = Plan.single(tables, lanes=12, update_lanes=1, word_bits=8)
    x = np.ones((6, 1, 8), int)
    seen = run_stage(plan, 0, x, (), stalls="none")
    cycles = np.array(seen["observe"].cycles).reshape(6, 2, 12)
    # One after the other, a first layer's sums would take longer than these alone.
    blocks = (Fetcher, Scanner, WeightMemory, Array, Update)
    gaps = cycles[1:, 0, 0] - cycles[:-1, 1, -1]
    assert (gaps < sum(block.latency for block in blocks)).all()
