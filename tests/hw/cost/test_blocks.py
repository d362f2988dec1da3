"""Blocks are there where a stage has them."""

from plans import a_plan, everything, late, network
from somagate.hw.cost.blocks import memory_terms, stage_blocks
from somagate.hw.cost.part import PARTS
from somagate.hw.cost.resources import resources
from somagate.hw.plan.plan import Plan, StageShape

ALWAYS = {
    *("sequencer", "loader", "walker", "fetcher", "queue", "scanner", "array", "update", "stage")
}


def test_a_stage_has_what_its_layers_need() -> None:
    shapes = (StageShape(layers=1, holds=True), StageShape(layers=3))
    first, last = Plan(tables=everything(constant=True), shapes=shapes).stages
    assert stage_blocks(first, 1).keys() == ALWAYS | {"currents", "pool", "packer"}
    assert stage_blocks(last, 0).keys() == ALWAYS | {"pool", "packer", "readout"}
    spram = (StageShape(layers=1, weight_memory="spram"),)
    for given in ({"loadable": True}, {"shapes": spram}, {"loadable": True, "shapes": spram}):
        (alone,) = a_plan(network((4,), []), **given).stages
        assert stage_blocks(alone, 0).keys() == ALWAYS | {"readout", "configurator"}


def test_flags_are_a_block_and_a_memory() -> None:
    tables = network((2, 5, 5), [6])
    shapes = [(StageShape(layers=2, lanes=4, flags=flags),) for flags in (0, 4)]
    without, having = (Plan(tables=tables, shapes=shape) for shape in shapes)
    assert stage_blocks(having.stages[0], 0).keys() - stage_blocks(without.stages[0], 0).keys() == {
        "finder"
    }
    for part in PARTS.values():
        less, more = resources(without, part), resources(having, part)
        assert more.logic > less.logic and more.flip_flops > less.flip_flops
        assert more.block_rams == less.block_rams + 1


def test_a_memory_in_logic_has_its_bits_and_one_in_block_ram_its_rows() -> None:
    part = PARTS["ice40up5k"]
    assert memory_terms(part, width=0, depth=9, written=True, block=True) == {}
    assert memory_terms(part, width=3, depth=2, written=True, block=False) == {
        "written_bits": 6, "written_width": 3
    }  # fmt: skip
    # A block RAM has 2,048 words at most, so twice as many are two of them, one above the other.
    for depth, rows in ((2048, 0), (4096, 2)):
        assert memory_terms(part, width=2, depth=depth, written=True, block=True) == {"rows": rows}


def test_maps_that_are_seen_late_are_a_block() -> None:
    assert "ring" in stage_blocks(a_plan(late()).stages[0], 0)
    assert "ring" not in stage_blocks(a_plan(late(steps=2)).stages[0], 0)
    for part in PARTS.values():
        assert resources(a_plan(late()), part).blocks[0]["ring"].flip_flops > 20
