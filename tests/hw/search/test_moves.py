"""What is tried beside a plan differs from it in one number."""

from dataclasses import asdict

import pytest
from plans import Shapes, network
from somagate.export.tables import Tables
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.search.moves import changed, smaller
from somagate.hw.search.wanted import WORD_BITS


@pytest.fixture(scope="module")
def tables() -> Tables:
    shapes = [Shapes(channels=8), Shapes(channels=8, source="l0")]
    return network((2, 9, 9), shapes, steps=2, classes=3)


@pytest.fixture(scope="module")
def plan(tables: Tables) -> Plan:
    shapes = (
        StageShape(layers=1, lanes=8, update_lanes=4, banks=2),
        StageShape(layers=2, lanes=6, update_lanes=2),
    )
    return Plan(tables=tables, shapes=shapes, word_bits=32)


def test_one_number_is_another(plan: Plan) -> None:
    for shapes, bits in changed(plan, WORD_BITS):
        assert sum(shape.layers for shape in shapes) == len(plan.tables.layers)
        if len(shapes) != len(plan.shapes):
            assert bits == plan.word_bits
            continue
        pairs = zip(shapes, plan.shapes, strict=True)
        differing = [
            {name for name, value in asdict(shape).items() if value != asdict(before)[name]}
            for shape, before in pairs
        ]
        numbers = differing[0] | differing[1]
        assert (bits != plan.word_bits) + bool(numbers) == 1
        assert len(numbers) <= 1 or numbers == {"lanes", "update_lanes"}


def test_every_number_goes_up_and_down(plan: Plan) -> None:
    layouts = list(changed(plan, WORD_BITS))
    firsts = {shapes[0] for shapes, _ in layouts if len(shapes) == 2}
    assert {shape.banks for shape in firsts} >= {1, 2, 4}
    assert {shape.lanes for shape in firsts} >= {4, 8, 16}
    assert {shape.update_lanes for shape in firsts} >= {2, 4, 8}
    assert {shape.tiles for shape in firsts} >= {1, 2}
    assert {bits for _, bits in layouts} == {16, 32, 64}
    assert {len(shapes) for shapes, _ in layouts} == {1, 2, 3}


def test_smaller_ones_have_nothing_that_is_more(plan: Plan) -> None:
    kept = [layout for layout in changed(plan, WORD_BITS) if smaller(plan, layout)]
    assert kept
    for shapes, bits in kept:
        assert bits <= plan.word_bits and len(shapes) <= len(plan.shapes)
    less = {bits for shapes, bits in kept if shapes == plan.shapes}
    assert less == {16}
