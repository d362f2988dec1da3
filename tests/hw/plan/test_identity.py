"""The hash of a shape is that of all a configuration stream depends on, and of nothing else."""

from dataclasses import replace

import numpy as np
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


def test_other_tables_of_the_same_shape_have_the_same_hash() -> None:
    other = network((2, 5, 5), [6], seed=3)
    assert other.sha256 != TABLES.sha256
    assert shape_sha256(plan(tables=other)) == shape_sha256(plan())
    assert len(bytes.fromhex(shape_sha256(plan()))) == 32


def test_a_bitstream_from_before_masks_of_negative_potentials_has_the_same_hash() -> None:
    assert shape_sha256(plan()) == (
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
