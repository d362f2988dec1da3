from dataclasses import replace

import numpy as np
import pytest
from refusal import refused
from somagate.export.layer import Input, Layer, Pool
from somagate.export.neuron import Activation, Neuron, Shift
from somagate.export.readout import Readout
from somagate.export.synapse import Convolution, Dense

NEURON = Neuron(bias=[0, 0], threshold=[1, 1], store=Shift(bits=4, shift=0))
GROUP = Dense(source="input", weights=[[1, 1], [1, 1]], bits=2)
OWN = Dense(source="a", weights=[[1, 1], [1, 1]], bits=2)


@pytest.mark.parametrize(
    ("fields", "kind", "message"),
    [
        ({"shape": 3}, ValueError,
         "Input shape must be (channels, rows, columns) or (elements,), not 3"),
        ({"shape": (3, 3)}, ValueError,
         "Input shape must be (channels, rows, columns) or (elements,), not (3, 3)"),
        ({"shape": (3, 0, 3)}, ValueError, "Input shape must be 1…16777216, not 0"),
        ({"shape": (1, 1 << 24, 1 << 24)}, ValueError,
         ("Input shape must have at most 16777216 elements, not 281474976710656: "
          "1×16777216×16777216")),
        ({"activation": "spike"}, TypeError, "Input activation must be an Activation, not 'spike'"),
        ({"constant": 1}, TypeError, "Input constant must be a bool, not 1"),
        ({"encoding": "latency"}, ValueError,
         "Input encoding must be 'rate', 'direct' or 'frames', not 'latency'"),
        ({"maximum": 0}, ValueError, "Input maximum must be 1…65535, not 0"),
    ],
)  # fmt: skip
def test_an_input_is_refused(fields, kind, message):
    with refused(kind, message):
        Input(**({"shape": (2,)} | fields))


@pytest.mark.parametrize(("size", "area"), [(2, 4), ((1, 3), 3), (15, 225)])
def test_a_pool_covers_its_area(size, area):
    assert Pool(kind="sum", size=size).area == area


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "average"}, "Pool kind must be 'max' or 'sum', not 'average'"),
        ({"of": "sum"}, "Pool of must be 'spikes' or 'sums', not 'sum'"),
        ({"size": 16}, "Pool size rows must be 1…15, not 16"),
        ({"size": (1, 0)}, "Pool size columns must be 1…15, not 0"),
    ],
)
def test_a_pool_is_refused(fields, message):
    with refused(ValueError, message):
        Pool(**fields)


@pytest.mark.parametrize(
    ("pool", "kind", "bits"),
    [
        (None, "spike", 1),
        (Pool(kind="max", size=3), "spike", 1),
        (Pool(kind="sum", size=1), "count", 1),
        (Pool(kind="sum", size=2), "count", 3),
        (Pool(kind="sum", size=2, of="sums"), "spike", 1),
        (Pool(kind="sum", size=(1, 3)), "count", 2),
        (Pool(kind="sum", size=15), "count", 8),
    ],
)
def test_a_layer_shows_spikes_or_counts(pool, kind, bits):
    layer = Layer(name="a", synapses=(GROUP,), neuron=NEURON, pool=pool)
    assert layer.activation == Activation(kind=kind, bits=bits)


@pytest.mark.parametrize(
    ("pool", "spike_bits", "most", "bits"),
    [
        (None, 2, 3, 2),
        (Pool(kind="max", size=4), 3, 7, 3),
        (Pool(kind="sum", size=4), 3, 112, 7),
        (Pool(kind="sum", size=4, of="sums"), 8, 255, 8),
    ],
)
def test_a_map_counts_as_far_as_several_spikes_go(pool, spike_bits, most, bits):
    neuron = replace(NEURON, spike_bits=spike_bits)
    layer = Layer(name="a", synapses=(GROUP,), neuron=neuron, pool=pool)
    assert layer.most == most
    assert layer.activation == Activation(kind="count", bits=bits)


def test_a_pool_that_counts_too_far_is_refused():
    with refused(
        ValueError,
        "layer a: pool must count at most 255 spikes, not 279: take a smaller window, or fewer "
        "spike_bits",
    ):
        Layer(
            name="a", synapses=(GROUP,), neuron=replace(NEURON, spike_bits=5),
            pool=Pool(kind="sum", size=3),
        )  # fmt: skip


def test_a_mask_keeps_every_channel_unless_it_is_given():
    assert Layer(name="a", synapses=[GROUP], neuron=NEURON).kept.tolist() == [True, True]
    layer = Layer(name="a", synapses=(GROUP,), neuron=NEURON, channel_mask=[False, True])
    assert layer.kept.tolist() == [False, True]
    with pytest.raises(ValueError, match="read-only"):
        layer.kept[0] = True


@pytest.mark.parametrize(
    ("fields", "kind", "message"),
    [
        ({"name": "2"}, ValueError,
         "Layer name must be letters, digits and underscores, no digit first, not '2'"),
        ({"name": "input"}, ValueError,
         "Layer name must not be 'input', which is the network's input"),
        ({"synapses": ()}, TypeError,
         "layer a: synapses must be a tuple of synapse groups, not ()"),
        ({"synapses": 1}, TypeError, "layer a: synapses must be a tuple of synapse groups, not 1"),
        ({"synapses": (GROUP, 2)}, TypeError,
         "layer a: synapses must be a tuple of synapse groups, not hold 2"),
        ({"synapses": (OWN,)}, ValueError,
         "layer a: synapses must have a source besides the layer"),
        ({"neuron": None}, TypeError, "layer a: neuron must be a Neuron, not None"),
        ({"pool": 2}, TypeError, "layer a: pool must be a Pool or None, not 2"),
        ({"pool": Pool(), "synapses": (GROUP, OWN)}, ValueError,
         "layer a: a recurrent layer must have no pool; put the pool behind a layer of its own"),
        ({"channel_mask": [1, 0]}, ValueError,
         "layer a: channel_mask must be bool of shape (2,), not int64 of shape (2,)"),
        ({"channel_mask": [True]}, ValueError,
         "layer a: channel_mask must be bool of shape (2,), not bool of shape (1,)"),
        ({"channel_mask": [False, False]}, ValueError,
         "layer a: channel_mask must keep a channel, not none"),
    ],
)  # fmt: skip
def test_a_layer_is_refused(fields, kind, message):
    with refused(kind, message):
        Layer(**({"name": "a", "synapses": (GROUP,), "neuron": NEURON} | fields))


@pytest.mark.parametrize(
    ("fields", "kind", "message"),
    [
        ({"layer": None}, TypeError, "Readout layer must be a str, not None"),
        ({"kind": "rate"}, ValueError,
         "Readout kind must be 'count', 'potential' or 'first', not 'rate'"),
        ({"over": "mean"}, ValueError,
         "Readout over must be 'last', 'largest', 'sum' or 'every', not 'mean'"),
        ({"over": "sum"}, ValueError,
         ("Readout over must be 'last' for kind 'count', not 'sum'; only potentials are taken over "
          "time")),
        ({"voters": 0}, ValueError, "Readout voters must be 1…65535, not 0"),
        ({"kind": "first", "voters": 2}, ValueError,
         "Readout voters must be 1 for kind 'first', not 2"),
    ],
)  # fmt: skip
def test_a_readout_is_refused(fields, kind, message):
    with refused(kind, message):
        Readout(**({"layer": "a"} | fields))


def test_any_form_of_synapses_makes_a_layer():
    conv = Convolution(source="input", weights=np.ones((2, 1, 1, 1), int), bits=1)
    assert Layer(name="a", synapses=[conv, GROUP, OWN], neuron=NEURON).synapses == (
        conv,
        GROUP,
        OWN,
    )
