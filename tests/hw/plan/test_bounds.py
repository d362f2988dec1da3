"""Every width of a stage is enough for all that can occur."""

from dataclasses import replace

import numpy as np
import pytest
from plans import a_stage, branched, everything, network, with_neurons
from somagate.export.neuron import Leak, Shift
from somagate.export.synapse import weight_range
from somagate.export.tables import Readout, Tables

TABLES = branched()


def test_widths_hold_the_extremes_of_every_layer() -> None:
    plan = a_stage(TABLES)
    low = min(TABLES.accumulator_bounds(layer.name)[0].min() for layer in TABLES.layers)
    high = max(TABLES.accumulator_bounds(layer.name)[1].max() for layer in TABLES.layers)
    half = 1 << (plan.accumulator_bits - 1)
    assert -half <= low and high < half
    assert low < -half // 2 or high >= half // 2, "a bit less would do"
    low, high = plan.bounds.update
    assert low == min(TABLES.update_bounds(layer.name)[0].min() for layer in TABLES.layers)
    assert high == max(TABLES.update_bounds(layer.name)[1].max() for layer in TABLES.layers)
    half = 1 << (plan.update_bits - 1)
    assert -half <= low and high < half
    assert low < -half // 2 or high >= half // 2, "a bit less would do"


def test_zero_is_always_within_the_bounds_of_u() -> None:
    """An unused lane's u is 0, whatever the biases are."""
    tables = network((2,), [], store=Shift(bits=2, shift=0))
    up = with_neurons(tables, out={"bias": [1000, 2000], "threshold": [0, 0]})
    down = with_neurons(tables, out={"bias": [-1000, -2000], "threshold": [0, 0]})
    assert a_stage(up).bounds.update[0] == 0
    assert a_stage(down).bounds.update[1] == 0


@pytest.mark.parametrize(("steps", "bits"), [(1, 2), (3, 3), (4, 4), (7, 4), (8, 5), (255, 9)])
def test_a_count_holds_the_number_of_steps(steps: int, bits: int) -> None:
    plan = a_stage(network((3,), [], steps=steps, classes=4))
    assert (plan.readout_bits, plan.classes) == (bits, 4)


def test_a_potential_is_read_out_as_it_is_stored() -> None:
    tables = network((3,), [], steps=9)
    cell = replace(
        tables.layers[0].neuron, threshold=None, reset="none", store=Shift(bits=11, shift=3)
    )
    layer = replace(tables.layers[0], neuron=cell)
    answer = Readout(layer="out", kind="potential")
    tables = replace(tables, layers=(layer,), readout=answer)
    assert a_stage(tables).readout_bits == 11


def test_a_count_of_a_count_readout_has_a_sign_and_the_potential_none_added() -> None:
    plan = a_stage(everything(steps=7))
    assert (plan.readout_bits, plan.classes) == (4, 3)


def test_what_rounds_u_early_is_within_its_bounds() -> None:
    """Half a stored LSB, 512, lies in the bias: 8 + 7 · 1024 + 512 needs one bit more."""
    tables = network((1,), [], store=Shift(bits=4, shift=10))
    group = replace(tables.layers[0].synapses[0], weights=np.array([[8 - 1], [0]]), bits=4)
    layer = replace(tables.layers[0], synapses=(group,))
    tables = replace(tables, layers=(layer,))
    assert a_stage(tables).bounds.update == (-8 << 10, (7 << 10) + 7 + 512)
    late = with_neurons(tables, out={"leak": Leak(multiplier=1, shift=1, at="store")})
    assert a_stage(late).bounds.update == (-8 << 10, (7 << 10) + 7)


def extremes(tables: Tables, sign: int) -> Tables:
    """Return tables with the largest weights that their widths have, all of one sign."""
    layers = []
    for layer in tables.layers:
        groups = []
        for group in layer.synapses:
            low, high = weight_range(group.bits)
            value = high if sign > 0 else low
            groups.append(replace(group, weights=np.full_like(group.weights, value)))
        layers.append(replace(layer, synapses=tuple(groups)))
    return replace(tables, layers=tuple(layers))


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_loadable_stage_holds_whatever_weights_add_up_to(sign: int) -> None:
    tables = everything()
    plan = a_stage(tables, lanes=4, loadable=True)
    other = a_stage(extremes(tables, sign), lanes=4)
    assert other.accumulator_bits <= plan.accumulator_bits
    assert other.update_bits <= plan.update_bits
    for name in plan.names:
        low, high = other.tables.accumulator_bounds(name)
        total = plan.bounds.largest_sums[plan.names.index(name)]
        assert -total <= low.min() and high.max() <= total
    # Not by much: the same weights, and the bias that an accumulator could hold.
    assert plan.accumulator_bits <= a_stage(tables, lanes=4).accumulator_bits + 2


def test_a_loadable_stage_rounds_u_within_its_bounds_too() -> None:
    """The bias is what reaches farthest here, and half a stored LSB lies on top of it."""
    tables = network((1,), [], store=Shift(bits=4, shift=6), seed=3)
    for bias in (400, 560, 567, 568, 569, 600, 1050):
        cell = with_neurons(tables, out={"bias": [bias, 0]})
        low, high = cell.update_bounds("out")
        plan = a_stage(cell, loadable=True)
        assert plan.bounds.update[1] >= int(high.max()) + 32, bias
        assert plan.bounds.update[0] <= int(low.min())
