"""Estimated resources against real syntheses; and what is said of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from plans import Shapes, everything, network
from somagate.boards.outofcontext import Wrapper
from somagate.export.tables import Tables
from somagate.hw.cost.part import PARTS
from somagate.hw.cost.resources import resources, terms
from somagate.hw.plan.memories import memories
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.rtl.accelerator import Accelerator

from benchmarks.hardware.synthesis import measure


def as_trained(tables: Tables) -> Tables:
    """Return tables whose thresholds and biases differ by channel; equal ones take no logic."""
    rng = np.random.default_rng(0)
    layers = []
    for layer in tables.layers:
        channels = len(layer.neuron.bias)
        bias, threshold = rng.integers(-20, 21, channels), rng.integers(10, 90, channels)
        layers.append(replace(layer, neuron=replace(layer.neuron, bias=bias, threshold=threshold)))
    return replace(tables, layers=tuple(layers))


CONVOLUTIONS = Plan.single(
    as_trained(
        network((2, 10, 10), [Shapes(channels=16, padding=(1, 1), pool=(2, 2)), Shapes(channels=8)])
    ),
    lanes=8,
    update_lanes=2,
    word_bits=16,
)
THREE = replace(
    Plan.single(as_trained(network((40,), [16])), lanes=8, update_lanes=4, loadable=True),
    replicas=3,
)
DENSE = Plan.single(as_trained(network((64,), [32])), lanes=16, update_lanes=4)


@pytest.mark.parametrize(
    ("plan", "name"),
    [
        *((CONVOLUTIONS, name) for name in ("ice40up5k", "lfe5u-85f", "gw2a-18")),
        (DENSE, "xc7a35t"),
        (THREE, "lfe5u-85f"),
    ],
)
def test_an_estimate_is_near_the_synthesis_and_its_block_rams_are_exact(
    plan: Plan, name: str, tmp_path: Path
) -> None:
    part = PARTS[name]
    real = measure(Wrapper(Accelerator(plan)), part.family, tmp_path)
    found = resources(plan, part)
    del real["blocks"]["wrapper"]
    logic, flip_flops = (sum(count[i] for count in real["blocks"].values()) for i in range(2))
    assert found.block_rams == sum(real["memories"].values())
    assert found.logic == pytest.approx(logic, rel=0.1)
    assert found.flip_flops == pytest.approx(flip_flops, rel=0.1)


def test_every_memory_of_the_memory_map_is_placed_once() -> None:
    shapes = (
        StageShape(layers=1, lanes=4, update_lanes=2, holds=True),
        StageShape(layers=3, lanes=4, update_lanes=4, banks=2),
    )
    plan = Plan(tables=everything(constant=True), shapes=shapes)
    found = resources(plan, PARTS["lfe5u-25f"])
    for number, stage in enumerate(plan.stages):
        placed = {
            memory.stored.name: (memory.stored.words, memory.stored.word_bits)
            for memory in found.memories
            if memory.stage == number
        }
        sizes = {m.name: (m.depth, m.word_bits) for m in memories(stage)}
        assert placed.items() <= sizes.items()
        assert sizes.keys() - placed.keys() <= {"weights_1_1", "parameters"}
    assert "currents" in found.blocks[0]
    assert "currents" not in found.blocks[1]


def test_more_lanes_take_more_and_all_kinds_of_plans_are_counted() -> None:
    part = PARTS["lfe5u-85f"]
    tables = everything()
    sizes = [
        resources(Plan.single(tables, lanes=lanes, update_lanes=2), part) for lanes in (2, 4, 8)
    ]
    assert sizes[0].logic < sizes[1].logic < sizes[2].logic
    assert sizes[0].flip_flops < sizes[1].flip_flops < sizes[2].flip_flops
    loadable = resources(Plan.single(tables, lanes=8, update_lanes=2, loadable=True), part)
    assert loadable.logic > sizes[2].logic
    assert loadable.blocks[0]["configurator"].logic > 0


SPRAM = replace(DENSE, shapes=(replace(DENSE.shapes[0], weight_memory="spram"),))


def test_block_rams_that_stand_for_large_ones_are_exact(tmp_path: Path) -> None:
    real = measure(Wrapper(Accelerator(SPRAM)), "ecp5", tmp_path)
    found = resources(SPRAM, PARTS["lfe5u-85f"])
    assert found.block_rams == sum(real["memories"].values())
    assert found.fits and "large_rams" not in found.counts


def test_the_identity_of_a_whole_chain_is_counted_once() -> None:
    shapes = tuple(StageShape(layers=1, lanes=8, update_lanes=4) for _ in range(2))
    found = [
        resources(replace(DENSE, shapes=shapes, loadable=loadable), PARTS["lfe5u-85f"])
        for loadable in (True, False)
    ]
    sizes = [
        (memory.stored.words, memory.stored.word_bits)
        for memory in found[0].memories
        if memory.stored.name == "identity"
    ]
    assert sizes == [(len(bytes.fromhex(2 * DENSE.tables.sha256)), 8)]
    assert "identity" not in {memory.stored.name for memory in found[1].memories}


def test_replicas_take_as_many_times_the_stages_and_what_surrounds_them() -> None:
    part = PARTS["lfe5u-85f"]
    one, three = (resources(replace(THREE, replicas=n), part) for n in (1, 3))
    assert (one.replicas, three.replicas) == (1, 3)
    assert one.shared == {} and set(three.shared) == {
        *("dealer", "collector", "broadcast", "configurator")
    }
    assert three.shared["configurator"] == one.blocks[0]["configurator"]
    assert set(three.blocks[0]) == set(one.blocks[0]) - {"configurator"}
    for name in ("logic", "flip_flops"):
        stage = sum(getattr(cells, name) for cells in three.blocks[0].values())
        shared = sum(getattr(cells, name) for cells in three.shared.values())
        assert three.counts[name].used == round(3 * stage + shared)
    once = [m.block_rams for m in three.memories if m.stage is None]
    each = [m.block_rams for m in three.memories if m.stage is not None]
    assert three.block_rams == sum(once) + 3 * sum(each)
    fixed = replace(THREE, loadable=False)
    assert set(resources(fixed, part).shared) == {"dealer", "collector"}


def test_each_tile_is_a_stage_and_the_first_has_the_join() -> None:
    part = PARTS["lfe5u-85f"]
    tables = network((2, 10, 10), [Shapes(channels=16, padding=(1, 1), pool=(2, 2)), 8])
    shapes = (StageShape(layers=1, lanes=8, tiles=3), StageShape(layers=2, lanes=8))
    found = resources(Plan(tables=tables, shapes=shapes), part)
    assert ["join" in blocks for blocks in found.blocks] == [True, False, False, False]
    names = [(m.stage, m.stored.name) for m in found.memories if m.stored.name == "maps"]
    assert [stage for stage, _ in names] == [0, 1, 2, 3]


def test_large_rams_above_one_another_are_joined_by_logic() -> None:
    """At 4 bits, 49 · 784 rows of two lanes, so three RAMs of 16,384 rows."""
    shape = StageShape(layers=2, lanes=2, update_lanes=2, weight_memory="spram")
    plan = Plan(tables=network((784,), [98]), shapes=(shape,))
    part = PARTS["ice40up5k"]
    assert resources(plan, part).counts["large_rams"].used == 3
    assert [stage["array"]["rows"] for stage in terms(plan, part)] == [2 * 2 * 4]


def test_what_a_part_has_too_little_of_is_said() -> None:
    plan = Plan.single(network((64,), [128, 128]), lanes=64, update_lanes=8, word_bits=64, banks=4)
    found = resources(plan, PARTS["ice40up5k"])
    assert not found.fits
    assert found.reasons == [
        f"{count.used:,} {count.name} are needed, but the Lattice iCE40UP5K has {count.available:,}"
        for count in found.counts.values()
        if count.used > count.available
    ]
    assert found.reasons[0].startswith(f"{found.logic:,} logic cells are needed")
    assert found.utilization["logic"] == found.logic / 5280
    assert resources(plan, PARTS["lfe5u-85f"]).reasons == []
