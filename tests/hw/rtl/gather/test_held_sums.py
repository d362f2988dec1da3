"""Held sums pass on in the first step, and come again in all others while nothing is added."""

import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import stream
from plans import network, neuron, weights
from somagate.export.synapse import Dense, Identity
from somagate.export.tables import Input, Layer, Readout, Tables
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.plan.stage_plan import StagePlan
from somagate.hw.rtl.gather.array import sum_layout
from somagate.hw.rtl.gather.held_sums import Currents
from stream_bench import Bench, Transfers


def tables(steps: int = 4, *, constant: bool = True) -> Tables:
    """Return layers of which 'a' and 'c' read the input alone, 'b' and 'out' do not."""
    rng = np.random.default_rng(0)

    def dense(name: str, source: str, inputs: int, outputs: int) -> Layer:
        group = Dense(source=source, weights=weights(rng, 4, outputs, inputs), bits=4)
        return Layer(name=name, synapses=(group,), neuron=neuron(outputs))

    two = Dense(source="input", weights=weights(rng, 4, 6, 6), bits=4)
    again = Layer(
        name="c",
        synapses=(two, Identity(source="input", weights=weights(rng, 3, 6), bits=3)),
        neuron=neuron(6),
    )
    layers = (
        dense("a", "input", 6, 5),
        dense("b", "a", 5, 3),
        again,
        dense("out", "c", 6, 2),
    )
    return Tables(
        name="held",
        steps=steps,
        input=Input(shape=(6,), constant=constant),
        layers=layers,
        readout=Readout(layer="out"),
    )


def a_plan(steps: int = 4, lanes: int = 4, update_lanes: int = 2, **changes: Any) -> StagePlan:
    shape = StageShape(layers=4, lanes=lanes, update_lanes=update_lanes, holds=True)
    return Plan(tables=tables(steps, **changes), shapes=(shape,), word_bits=8).stages[0]


def test_layers_that_read_a_constant_input_alone_are_held() -> None:
    plan = a_plan()
    assert plan.held == {"a", "c"}
    # Two lane groups of two chunks each; 'b' needs one, and none are held of it.
    assert [d.sum_chunks for d in plan.descriptors] == [4, 2, 4, 2]
    assert plan.held_words == 8


@pytest.mark.parametrize(
    "plan",
    [
        a_plan(steps=1),
        a_plan(constant=False),
        Plan.single(tables()).stages[0],
        Plan.single(network((3,), [])).stages[0],
    ],
    ids=["one step", "an input that changes", "not asked for", "by default"],
)
def test_nothing_is_held_without_need(plan: StagePlan) -> None:
    assert (plan.held, plan.held_words) == (frozenset(), 0)


@dataclass
class Run:
    """What a bench saw: every chunk sent, and each layer's cycles."""

    sums: Transfers
    fresh: Transfers
    starts: list[int] = field(default_factory=list)


def run(plan: StagePlan, inferences: int, stalls: str) -> tuple[Run, list[int]]:
    """Play the sequencer and the update, compare every chunk, and say where each layer starts."""
    rng = random.Random(inferences)
    half = 1 << (plan.accumulator_bits - 1)
    m = Module()
    m.submodules.dut = dut = Currents(plan)
    output = stream.Signature(sum_layout(plan)).create()
    gate = Signal()  # the update takes sums of a layer that was started
    m.d.comb += [
        output.payload.eq(dut.sums.payload),
        output.valid.eq(dut.sums.valid & gate),
        dut.sums.ready.eq(output.ready & gate),
    ]
    turns, fresh, wanted = [], [], []
    for _ in range(inferences):
        held: dict[str, list[list[int]]] = {}
        for step in range(plan.tables.steps):
            for d in plan.descriptors:
                count = d.sum_chunks
                replay = d.name in held
                if not replay:
                    chunks = [
                        [rng.randrange(-half, half) for _ in range(plan.update_lanes)]
                        for _ in range(count)
                    ]
                    fresh += chunks
                    if d.name in plan.held:
                        held[d.name] = chunks
                wanted += held[d.name] if replay else chunks
                turns.append((count, d.name in plan.held and not step, replay))
    bench = Bench(m, stalls=stalls, seed=inferences)
    sent = bench.send("fresh", dut.fresh, fresh)
    sums = bench.receive("sums", output, len(wanted))
    seen = Run(sums=sums, fresh=sent)
    first_chunks: list[int] = []

    async def play(ctx: Any) -> None:
        passed = 0
        for count, record, replay in turns:
            ctx.set(dut.record, record)
            ctx.set(dut.replay, replay)
            ctx.set(dut.chunks, count)
            await ctx.tick().repeat(1 if stalls == "none" else rng.randint(1, 5))
            ctx.set(dut.starts, 1)
            await ctx.tick()
            ctx.set(dut.starts, 0)
            ctx.set(gate, 1)
            first_chunks.append(passed)
            passed += count
            async for _, _, valid, ready in ctx.tick().sample(output.valid, output.ready):
                count -= valid & ready
                if not count:
                    break
            ctx.set(gate, 0)

    bench.add_process(play)
    bench.run(10 * len(wanted) + 20 * len(turns) + 100)
    sums.must_be(wanted)
    return seen, first_chunks


@pytest.mark.parametrize(
    ("lanes", "update_lanes"), [(1, 1), (2, 2), (4, 1), (4, 2), (8, 8), (8, 1)]
)
@pytest.mark.parametrize("steps", [2, 5])
def test_held_sums_come_in_every_step(
    steps: int, lanes: int, update_lanes: int, stalls: str
) -> None:
    run(a_plan(steps, lanes, update_lanes), 3, stalls)


def test_replayed_chunks_come_every_cycle() -> None:
    plan = a_plan(3, 8, 1)
    seen, first_chunks = run(plan, 2, "none")
    for first, count in zip(first_chunks, [8, 8, 8, 8] * 6, strict=True):
        cycles = seen.sums.cycles[first : first + count]
        assert cycles == list(range(cycles[0], cycles[0] + count))


def test_fresh_sums_pass_without_latency() -> None:
    plan = a_plan(2, 4, 2)
    seen, _ = run(plan, 1, "random")
    assert seen.sums.cycles[: len(seen.fresh.cycles[:12])] == seen.fresh.cycles[:12]
