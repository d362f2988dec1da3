"""The update takes sums and sends chunks, each neuron at its place and in time."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from plans import a_stage
from somagate.export.neuron import Leak, Neuron, Ternary
from somagate.export.tables import Pool
from somagate.hw.plan.stage_plan import StagePlan
from somagate.hw.rtl.update.update import Update
from somagate.hw.rtl.update.update_layout import UpdateLayout
from stream_bench import Bench
from updates import LEAKS, STORES, TERNARY, WORD_LIMIT, a_cell, a_layer, a_plan, update


@pytest.mark.parametrize(
    ("lanes", "update_lanes"), [(1, 1), (2, 2), (3, 1), (4, 1), (4, 4), (8, 2), (8, 8), (16, 4)]
)
def test_groups_tails_pools_and_masks_keep_every_neuron_at_its_place(
    lanes: int, update_lanes: int, stalls: str
) -> None:
    cell = a_cell("subtract", LEAKS["load by a channel"], STORES["typical"])
    mask = np.array([True, False, True, True, False])
    layers = [
        a_layer("plain", cell),
        a_layer("pooled", cell, seed=1, pool=Pool(size=(2, 1))),
        a_layer("masked", cell, seed=2, pool=Pool(size=(1, 3)), channel_mask=mask),
    ]
    update(a_plan(layers, lanes, update_lanes, rows=4), stalls)


def test_the_first_step_finds_every_potential_at_zero() -> None:
    """One step an inference: whatever the memory holds, no potential is ever seen."""
    cell = a_cell("none", LEAKS["never"], STORES["exact"])
    plan = a_plan([a_layer("a", cell)])
    alone = a_stage(replace(plan.tables, steps=1), lanes=4, update_lanes=2)
    update(alone, "random", inferences=4)


@pytest.mark.parametrize("bits", [1, 3])
def test_the_latency_is_as_stated_and_one_chunk_comes_a_cycle(bits: int) -> None:
    cell = a_cell(
        "zero", LEAKS["never"], STORES["typical"], threshold=[WORD_LIMIT - 1] * 5, spike_bits=bits
    )
    plan = a_plan([a_layer("a", cell)], lanes=8)
    dut = Update(plan)
    bench = Bench(dut, stalls="none")
    bench.send("layers", dut.layers, [UpdateLayout.values(plan, 0)])
    sums = bench.send("sums", dut.sums, [[0, 0]] * 4 * 8)
    output = bench.receive("chunks", dut.chunks, 3 * 8)
    bench.run(200)
    # Three of the four chunks of a lane group hold channels.
    used = [cycle for number, cycle in enumerate(sums.cycles) if number % 4 < 3]
    assert Update.latency_of(plan) == Update.latency + bits - 1
    assert output.cycles == [cycle + Update.latency_of(plan) for cycle in used]
    assert sums.cycles == list(range(sums.cycles[0], sums.cycles[0] + 32))


# Loaded at run time.

LOADED = [
    a_cell("subtract", LEAKS["load by a channel"], STORES["typical"]),
    a_cell("zero", LEAKS["store by a channel"], STORES["saturating"], mask_negative=True),
    a_cell("none", Leak(), TERNARY["typical"]),
]
OTHER = [
    a_cell(
        "subtract", Leak(multiplier=[1, 2, 3, 4, 5], shift=3), STORES["typical"],
        bias=[9, -9, 300, 0, 1], threshold=[800, -500, 1, 1500, 99], amount=[-9, 9, 99, 999, 0],
    ),
    a_cell(
        "zero", Leak(multiplier=[1, 9, 3, 16, 5], shift=4, at="store"), STORES["saturating"],
        bias=[700, -700, 1, 0, 1], threshold=[70, 60, 1, 9000, 99], mask_negative=True,
    ),
    a_cell(
        "none", Leak(), Ternary(level=[1, 2, 3, 4, 999], boundary=[1000, 2, 3, 4, 5]),
        bias=[-5, 0, 0, 0, 0], threshold=[1, 1, 2, 3, -4],
    ),
]  # fmt: skip


def loadable(cells: Sequence[Neuron], seed: int, lanes: int, update_lanes: int) -> StagePlan:
    layers = [a_layer(f"layer{n}", cell, seed=seed + n) for n, cell in enumerate(cells)]
    layers[1] = replace(layers[1], pool=Pool(size=(2, 2)))
    mask = np.array([True, False, True, True, True])
    layers[2] = replace(layers[2], channel_mask=mask)
    return a_plan(layers, lanes, update_lanes, loadable=True)


@pytest.mark.parametrize(("lanes", "update_lanes"), [(1, 1), (2, 2), (4, 2), (4, 4), (2, 1)])
def test_parameters_can_be_loaded(lanes: int, update_lanes: int, stalls: str) -> None:
    plan = loadable(LOADED, 0, lanes, update_lanes)
    update(plan, stalls, loaded=loadable(OTHER, 5, lanes, update_lanes))


@pytest.mark.parametrize(
    ("lanes", "update_lanes"), [(1, 1), (2, 2), (4, 2), (4, 4), (2, 1), (8, 2)]
)
def test_channels_that_are_not_kept_stay_silent_and_empty_lane_groups_are_skipped(
    lanes: int, update_lanes: int, stalls: str
) -> None:
    plan = loadable(LOADED, 0, lanes, update_lanes)
    masks = {
        "layer0": np.array([False, False, True, False, False]),
        "layer1": np.array([True, True, True, False, False]),
        "layer2": np.array([False, False, False, False, False]),
    }
    other = loadable(OTHER, 5, lanes, update_lanes)
    fired = update(plan, stalls, loaded=other, masks=masks)
    assert fired["layer0"][:, 2].any() and not fired["layer2"].any()
