"""The sequencer starts every layer of every time step in order, and never too early."""

import random

import pytest
from plans import Shapes, network
from somagate.hw.plan import Plan
from somagate.hw.sequencer import Sequencer
from somagate.hw.update import UpdateLayout
from somagate.hw.walker import WalkLayout
from stream_bench import STALLS, Bench

NETWORKS = {
    "one layer": [],
    "a chain": [Shapes(channels=4), 7],
    "the input is read again": [
        Shapes(channels=4),
        Shapes(channels=2, kernel=(1, 1), source="l0"),
        Shapes(channels=3, kernel=(2, 2), source="input"),
    ],
    "the input is read last": [Shapes(channels=4), Shapes(channels=2, source="input")],
}


class Surroundings:
    """Input buffers that fill in turns, and a map memory that is done at random."""

    def __init__(self, dut: Sequencer, seed: int, pace: float) -> None:
        self.dut = dut
        self.rng = random.Random(seed)
        self.pace = pace

    async def run(self, ctx):
        full, filling = 0, 0
        async for _, _, release in ctx.tick().sample(self.dut.release):
            assert not release & ~full, "a buffer was released that held no map"
            full &= ~release
            if not full >> filling & 1 and self.rng.random() < self.pace:
                full |= 1 << filling
                filling ^= 1
            ctx.set(self.dut.full, full)
            ctx.set(self.dut.written, self.rng.random() < self.pace)


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("pace", [0.05, 0.3, 1])
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("steps", [1, 2, 4, 5])
def test_layers_start_in_order_once_all_they_need_is_there(
    steps: int, name: str, pace: float, stalls: str
) -> None:
    plan = Plan(tables=network((2, 4, 4), NETWORKS[name], steps=steps), lanes=4, update_lanes=2)
    layers, inferences = len(plan.descriptors), 3
    maps = steps * inferences
    turns = [(n, layer) for n in range(maps) for layer in range(layers)]
    dut = Sequencer(plan)
    bench = Bench(dut, stalls=stalls, seed=steps)
    bench.add_process(Surroundings(dut, steps, pace).run)
    # One turn more, by whose start the last one asked for is all over.
    walks = bench.receive("walks", dut.walks, len(turns) + 1)
    updates = bench.receive("updates", dut.updates, len(turns) + 1)
    walking, updating, written, full, release = (
        bench.probe(s)
        for s in (dut.walks.valid, dut.updates.valid, dut.written, dut.full, dut.release)
    )
    state = [bench.probe(signal) for signal in (dut.layer, dut.first_step, dut.last_step)]
    bench.run(400 * len(turns) + 1000)

    assert walks.payloads[: len(turns)] == [
        WalkLayout.values(plan.descriptors[layer], n % 2) for n, layer in turns
    ]
    assert updates.payloads[: len(turns)] == [
        UpdateLayout.values(plan, layer) for _, layer in turns
    ]
    released = [(cycle, bits) for cycle, bits in enumerate(release) if bits]
    assert [bits for _, bits in released[:maps]] == [1 << n % 2 for n in range(maps)]

    over = 0  # the first cycle in which the turn before is over
    last_reader = max(n for n, d in enumerate(plan.descriptors) if d.source == "input")
    for turn, (n, layer) in enumerate(turns):
        start = min(walking.index(1, over), updating.index(1, over))
        taken = max(walks.cycles[turn], updates.cycles[turn])
        # Before a layer starts, the one before was taken and had written its map since.
        assert turn == 0 or 1 in written[over:start]
        if plan.descriptors[layer].source == "input":
            assert full[start - 1] >> n % 2 & 1, "the layer's input was not there"
        if layer == last_reader:
            assert released[n][0] >= walks.cycles[turn], "a buffer was released too early"
        expected = [layer, int(n % steps == 0), int(n % steps == steps - 1)]
        for cycle in range(start, taken + 1):
            assert [values[cycle] for values in state] == expected
        over = taken + 1
