"""The hash of a shape is that of all a configuration stream depends on, and of nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from plans import Shapes, a_plan, late, network, with_neurons
from somagate.export.neuron import Current, Shift
from somagate.export.tables import Pool, Tables
from somagate.hw.plan.identity import shape_sha256
from somagate.hw.plan.loadable import targets
from somagate.hw.plan.plan import Plan, StageShape

TABLES = network((2, 5, 5), [6])


def plan(**numbers: object) -> Plan:
    single = {} if "shapes" in numbers else {"lanes": 4, "update_lanes": 2}
    return a_plan(**{"tables": TABLES, "loadable": True} | single | numbers)


def pooled(kind: str, of: str) -> Tables:
    """Return tables with a pool."""
    tables = network((2, 5, 5), [Shapes(kernel=(1, 1), pool=(2, 2))])
    layer = replace(tables.layers[0], pool=Pool(kind=kind, size=(2, 2), of=of))
    return replace(tables, layers=(layer, *tables.layers[1:]))


def wide() -> Tables:
    """Return tables whose first layer has rows."""
    return network((2, 5, 5), [Shapes()])


def test_other_tables_of_the_same_shape_have_the_same_hash() -> None:
    other = network((2, 5, 5), [6], seed=3)
    assert other.sha256 != TABLES.sha256
    assert shape_sha256(plan(tables=other)) == shape_sha256(plan())
    assert len(bytes.fromhex(shape_sha256(plan()))) == 32


@pytest.mark.parametrize(
    ("tables", "sha256"),
    [
        (
            network((50,), [6]),
            "cbea1e8a0855ce992a5dcdd7a64a40966667fe8a7179464ceccfd6b2030c7d41",
        ),
        (
            network((2, 5, 5), [Shapes()]),
            "aee6dd3f40d3cd9d46644343c0113648cb694960d4d2ff12820dbb3601c3865e",
        ),
    ],
)
def test_a_bitstream_from_before_flat_inputs_has_the_same_hash(tables: Tables, sha256: str) -> None:
    assert shape_sha256(plan(tables=tables)) == sha256


def test_one_whose_input_lay_in_rows_has_another_hash() -> None:
    assert shape_sha256(plan()) != (
        "f43749eaf1dcb4196425c1f594fc9e3dffb8d60bace3ef9f4c644e4c1c684fbe"
    )


def test_every_other_plan_has_another() -> None:
    spram = StageShape(layers=2, lanes=4, update_lanes=2, weight_memory="spram")
    plans = [
        plan(),
        plan(lanes=2),
        plan(update_lanes=4),
        plan(banks=2),
        plan(word_bits=16),
        plan(shapes=(spram,)),
        plan(shapes=(StageShape(layers=2, lanes=4, update_lanes=2, ahead=3),)),
        plan(shapes=(StageShape(layers=2, lanes=4, update_lanes=2, flags=4),)),
        plan(shapes=(StageShape(layers=2, lanes=4, update_lanes=2, flags=3),)),
        plan(tables=replace(TABLES, steps=3)),
        plan(tables=network((2, 5, 5), [5])),
        plan(tables=network((2, 5, 5), [6], reset="none")),
        plan(tables=network((2, 5, 5), [6], mask_negative=True)),
        plan(tables=network((2, 5, 5), [6], gain=1)),
        plan(tables=network((2, 5, 5), [6], spike_bits=2)),
        plan(tables=network((2, 5, 5), [6], current=Current(store=Shift(bits=4, shift=0)))),
        plan(tables=network((2, 5, 5), [6], current=Current(store=Shift(bits=5, shift=0)))),
        plan(tables=with_neurons(TABLES, l0={"lower_bound": [-9] * 6})),
        plan(tables=with_neurons(TABLES, l0={"lower_bound": [-8] * 6})),
        plan(tables=pooled("max", "spikes")),
        plan(tables=pooled("max", "sums")),
        plan(tables=pooled("sum", "sums")),
        replace(plan(), replicas=2),
        plan(shapes=(StageShape(layers=1), StageShape(layers=1)), tables=wide()),
        plan(shapes=(StageShape(layers=1, tiles=2), StageShape(layers=1)), tables=wide()),
        replace(plan(), orders={"l0": (1, 0, 2, 3, 4, 5)}),
    ]
    assert len({shape_sha256(p) for p in plans}) == len(plans)


def test_where_only_its_own_tables_can_be_loaded_they_belong_to_the_shape() -> None:
    spram = StageShape(layers=2, lanes=4, update_lanes=2, weight_memory="spram")
    layer = TABLES.layers[0]
    bias = replace(layer.neuron, bias=np.array([1, 0, 0, 0, 0, 0]))
    other = replace(TABLES, layers=(replace(layer, neuron=bias), TABLES.layers[1]))
    own, theirs = (plan(tables=t, loadable=False, shapes=(spram,)) for t in (TABLES, other))
    assert targets(own.stages[0]) == targets(theirs.stages[0])
    assert shape_sha256(own) != shape_sha256(theirs)


def test_a_delay_is_part_of_the_shape() -> None:
    base = late()
    layer = base.layers[1]
    sooner = (layer.synapses[0], layer.synapses[1], replace(layer.synapses[2], delay=0))
    other = replace(base, layers=(base.layers[0], replace(layer, synapses=sooner)))
    assert shape_sha256(plan(tables=other)) != shape_sha256(plan(tables=base))
