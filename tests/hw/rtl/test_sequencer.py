"""The sequencer starts every layer of every time step in order, and never too early."""

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from plans import Shapes, a_stage, everything, late, network
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.plan.stage_plan import StagePlan
from somagate.hw.rtl.gather.walk_layout import WalkLayout
from somagate.hw.rtl.sequencer import Sequencer, distance
from somagate.hw.rtl.update.update_layout import UpdateLayout
from stream_bench import Bench

NETWORKS: dict[str, list[Any]] = {
    "one layer": [],
    "a chain": [Shapes(channels=4), 7],
    "the input is read again": [
        Shapes(channels=4),
        Shapes(channels=2, kernel=(1, 1), source="l0"),
        Shapes(channels=3, kernel=(2, 2), source="input"),
    ],
    "the input is read last": [Shapes(channels=4), Shapes(channels=2, source="input")],
    "layers side by side": [Shapes(channels=4), Shapes(channels=2, source="input"), 3],
    "a layer further back": [
        Shapes(channels=4, kernel=(1, 1)),
        Shapes(channels=2, source="input"),
        Shapes(channels=2, source="l0"),
    ],
}


def plans(name: str, steps: int) -> StagePlan:
    if name in NETWORKS:
        return a_stage(network((2, 4, 4), NETWORKS[name], steps=steps), lanes=4, update_lanes=2)
    if name == "late":
        return a_stage(late(steps=steps), lanes=4, update_lanes=2)
    if name == "recurrent":
        return a_stage(everything(steps=steps), lanes=4, update_lanes=2)
    if name == "held":
        tables = everything(steps=steps, constant=True)
        shapes = (StageShape(layers=4, lanes=4, update_lanes=2, holds=True),)
        return Plan(tables=tables, shapes=shapes).stages[0]
    shapes = (StageShape(layers=1, lanes=4), StageShape(layers=3, lanes=4, update_lanes=2))
    return Plan(tables=everything(steps=steps), shapes=shapes).stages[1]


class Surroundings:
    """Two buffers for each map from outside, and a map memory that is done at random."""

    def __init__(self, dut: Sequencer, seed: int, pace: float) -> None:
        self.dut, self.rng, self.pace = dut, random.Random(seed), pace

    async def run(self, ctx: Any) -> None:
        count = len(self.dut.available)
        came, passed, freed = [0] * count, [0] * count, [0] * count
        ports = (self.dut.advance, self.dut.release)
        async for _, _, advance, release in ctx.tick().sample(*ports):
            for i in range(count):
                passed[i] += advance >> i & 1
                freed[i] += release >> i & 1
                assert passed[i] <= came[i], "a map was passed that is not there"
                assert freed[i] <= came[i], "a map was freed that is not there"
                came[i] += came[i] - freed[i] < 2 and self.rng.random() < self.pace
            ctx.set(self.dut.available, sum((came[i] > passed[i]) << i for i in range(count)))
            ctx.set(self.dut.written, self.rng.random() < self.pace)


@pytest.mark.parametrize("pace", [0.05, 0.3, 1])
@pytest.mark.parametrize("name", [*NETWORKS, "recurrent", "late", "held", "second stage"])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_layers_start_in_order_once_all_they_need_is_there(
    steps: int, name: str, pace: float, stalls: str
) -> None:
    plan = plans(name, steps)
    inferences = 3
    maps = steps * inferences
    turns = [(n, layer) for n in range(maps) for layer in range(plan.count)]
    walked = [
        not (plan.names[layer] in plan.held and n % steps) for n, layer in turns
    ]  # held sums are not added up again
    dut = Sequencer(plan)
    bench = Bench(dut, stalls=stalls, seed=steps)
    bench.add_process(Surroundings(dut, steps, pace).run)
    # One turn more, by whose start the last one asked for is all over.
    walks = bench.receive("walks", dut.walks, sum(walked) + 1)
    updates = bench.receive("updates", dut.updates, len(turns) + 1)
    names = ["available", "advance", "release", "written", "starts"]
    walk_state = ["walk_index", "walk_first_step", "walk_odd_step"]
    state = ["index", "first_step", "last_step", "odd_step", "record", "replay"]
    more = ["turns", "walk_turns"] if plan.rings else []
    seen = {n: bench.probe(getattr(dut, n)) for n in names + walk_state + state + more}
    walking, updating = bench.probe(dut.walks.valid), bench.probe(dut.updates.valid)
    bench.run(800 * len(turns) + 1000)

    layout = WalkLayout(plan)
    due = [layer for (_, layer), there in zip(turns, walked, strict=True) if there]
    got = [{**w, "source": w["source"][: len(plan.descriptors[n].sources)]}
           for w, n in zip(walks.payloads, due, strict=False)]  # fmt: skip
    assert got == [layout.layers[layer] for layer in due]
    assert updates.payloads[: len(turns)] == [
        UpdateLayout.values(plan, layer) for _, layer in turns
    ]

    # When each layer was started, and over: of the update when its maps were written too.
    finished: list[int] = []
    update_starts: list[int] = []
    for number in range(len(turns)):
        update_starts.append(updating.index(1, finished[-1] + 1 if finished else 0))
        finished.append(seen["written"].index(1, updates.cycles[number] + 1))
    walk_starts: list[int | None] = []
    walk_ends: list[int] = []
    over, number = -1, 0
    for there in walked:
        if there:
            walk_starts.append(walking.index(1, over + 1))
            over = walks.cycles[number]
            number += 1
        else:
            walk_starts.append(None)
        walk_ends.append(over)

    for turn, (n, layer) in enumerate(turns):
        d, start = plan.descriptors[layer], walk_starts[turn]
        if start is not None:
            for source in d.sources:
                if source.name in plan.names:
                    back = layer - plan.names.index(source.name) + source.lag * plan.count
                    # The map was written in the cycle before the walk starts, or earlier.
                    assert turn < back or finished[turn - back] < start, (name, d.name, source.name)
                else:
                    bit = plan.external.index(source.name)
                    assert seen["available"][start - 1] >> bit & 1, "the layer's input is not there"
            # No more than one layer before is unfinished.
            assert turn < 2 or finished[turn - 2] < start
            waits = sum(int(n % steps < wait) << i for i, wait in enumerate((1, *plan.waits)))
            expected = [layer, waits, n % 2]
            for cycle in range(start, walk_ends[turn] + 1):
                assert [seen[s][cycle] for s in walk_state] == expected
            assert start < update_starts[turn] + 1
        # `starts` pulses in the cycle before the update starts.
        assert update_starts[turn] > (finished[turn - 1] if turn else -1)
        assert seen["starts"][update_starts[turn] - 1]
        held = d.name in plan.held
        expected = [
            layer, int(n % steps == 0), int(n % steps == steps - 1), n % 2,
            int(held and not n % steps), int(held and n % steps > 0),
        ]  # fmt: skip
        for cycle in range(update_starts[turn] - 1, finished[turn] + 1):
            assert [seen[s][cycle] for s in state] == expected
    assert sum(seen["starts"][: finished[-1] + 1]) == len(turns)
    if plan.rings:
        last = plan.count - 1
        ends = [finished[turn] for turn, (_, layer) in enumerate(turns) if layer == last]
        assert [cycle for cycle, pulse in enumerate(seen["turns"]) if pulse][: len(ends)] == ends
        overs = [walk_ends[turn] for turn, (_, layer) in enumerate(turns) if layer == last]
        pulses = [cycle for cycle, pulse in enumerate(seen["walk_turns"]) if pulse]
        assert pulses[: len(overs)] == overs

    # A map is passed when the step's last layer was walked, and free when that was updated.
    for bit, source in enumerate(plan.external):
        once = source == "input" and plan.tables.input.constant
        lasts = [turn for turn, (n, layer) in enumerate(turns)
                 if layer == plan.count - 1 and (not once or n % steps == steps - 1)]  # fmt: skip
        passes, frees = (
            [cycle for cycle, bits in enumerate(seen[s]) if bits >> bit & 1]
            for s in ("advance", "release")
        )
        for turn, passed, freed in zip(lasts, passes, frees, strict=False):
            assert walk_ends[turn] <= passed
            assert freed == finished[turn]
        assert len(frees[: len(lasts)]) == len(passes[: len(lasts)]) == len(lasts)


def test_the_walker_is_ahead_where_a_layer_does_not_read_the_one_before() -> None:
    """The updates take long here: the walker has started the next layer in the meantime."""
    plan = plans("layers side by side", 3)
    dut = Sequencer(plan)
    # l1 reads the input alone, so it may start while l0 is updated, and so may l0 after `out`.
    assert [distance(plan, n) for n in range(plan.count)] == [2, 2, 1, 1]
    recurrent = Sequencer(plans("recurrent", 3))
    assert [distance(recurrent.plan, n) for n in range(4)] == [2, 1, 1, 1]
    assert [distance(plans("late", 6), n) for n in range(2)] == [2, 2]
    alone = Sequencer(plans("a layer further back", 3))
    assert [distance(alone.plan, n) for n in range(4)] == [2, 2, 2, 1]
    for ahead, wanted in ((3, [3, 3, 1, 1]), (4, [4, 4, 1, 1])):
        shapes = (replace(plan.shape, ahead=ahead),)
        further = Plan(tables=plan.tables, shapes=shapes).stages[0]
        assert [distance(further, n) for n in range(plan.count)] == wanted
        assert further.buffers == {"input": ahead}
    for some in (recurrent, alone):
        bench = Bench(some, stalls="none")
        bench.add_process(Surroundings(some, 0, 1).run)
        bench.receive("walks", some.walks, 1)
        bench.run(100)

    bench = Bench(dut, stalls="none")
    bench.add_process(Surroundings(dut, 1, 1).run)
    walks = bench.receive("walks", dut.walks, 8)
    updates = bench.receive("updates", dut.updates, 8, stalls="lazy")
    bench.run(400)
    ahead = np.array(updates.cycles[:8]) - np.array(walks.cycles[:8])
    assert (ahead >= 0).all()


def test_nothing_starts_before_the_input_is_there() -> None:
    """Between inferences the update is at rest, so that parameters can be loaded."""
    plan = plans("a chain", 1)
    dut = Sequencer(plan)
    bench = Bench(dut, stalls="none")
    walking, updating, starts = (
        bench.probe(s) for s in (dut.walks.valid, dut.updates.valid, dut.starts)
    )
    bench.set(dut.written, 1)

    async def later(ctx: Any) -> None:
        await ctx.tick().repeat(50)
        ctx.set(dut.available, 1)

    bench.add_process(later)
    bench.receive("walks", dut.walks, 3)
    bench.receive("updates", dut.updates, 3)
    bench.run(200)
    assert walking.index(1) == updating.index(1) - 1 == starts.index(1)
    assert walking.index(1) == 51


def test_a_layer_is_offered_its_latency_after_its_start() -> None:
    plan = plans(next(iter(NETWORKS)), 1)
    dut = Sequencer(plan)
    bench = Bench(dut, stalls="none")
    bench.add_process(Surroundings(dut, 1, 1).run)
    bench.receive("walks", dut.walks, 1)
    bench.receive("updates", dut.updates, 1)
    starts, updating = bench.probe(dut.starts), bench.probe(dut.updates.valid)
    bench.run(1000)
    assert updating.index(1) == starts.index(1) + Sequencer.latency
