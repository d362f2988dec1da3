import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from somagate.export.layer import Input, Layer
from somagate.export.neuron import Activation, Neuron, Shift
from somagate.export.readout import Readout
from somagate.export.synapse import Dense
from somagate.export.tables import Tables
from somagate.sim.golden.sums import Packing, group_sum, packing


def dense(weights, activation=None, mask=None):
    """Return the tables of one dense layer, and the layer."""
    weights = np.asarray(weights)
    channels, inputs = weights.shape
    layer = Layer(
        name="one",
        synapses=(Dense(source="input", weights=weights, bits=8),),
        neuron=Neuron(bias=[0] * channels, threshold=[1] * channels, store=Shift(bits=2, shift=0)),
        channel_mask=mask,
    )
    tables = Tables(
        name="net",
        steps=1,
        input=Input(shape=(inputs,), activation=activation or Activation()),
        layers=(layer,),
        readout=Readout(layer="one"),
    )
    return tables, layer


def form(*arguments):
    tables, layer = dense(*arguments)
    return packing(tables, layer, layer.synapses[0])


BYTES = Activation(kind="value", bits=8)


@pytest.mark.parametrize(
    ("weights", "activation", "dtype", "maps"),
    [
        (np.ones((1, 7), int), None, np.float32, 6),
        (np.ones((1, 100), int), None, np.float32, 3),
        # Two sums of 12 bits fit in the 24 bits of a float32, and two of 13 do not.
        (np.ones((1, 2047), int), None, np.float32, 2),
        (np.ones((1, 4095), int), None, np.float32, 1),
        (np.full((1, 518), 127), BYTES, np.float32, 1),
        (np.full((1, 519), 127), BYTES, np.float64, 1),
    ],
)
def test_a_packing_is_chosen_by_the_widest_sum(weights, activation, dtype, maps):
    found = form(weights, activation)
    assert (found.dtype, found.maps) == (np.dtype(dtype), maps)


def test_a_pruned_channel_does_not_widen_a_packing():
    weights = np.array([[1] * 600, [127] * 600])
    assert form(weights, BYTES, [True, False]).dtype == np.float32
    assert form(weights, BYTES).dtype == np.float64


@pytest.mark.parametrize("inputs", [1, 2, 3, 7, 15, 63, 100, 127, 128, 2047, 2048, 518, 519, 4096])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 13])
@pytest.mark.parametrize("activation", [None, BYTES, Activation(kind="value", bits=8, signed=True)])
def test_the_widest_sums_are_exact(inputs, count, activation):
    weights = np.stack([np.full(inputs, 127), np.full(inputs, -128), np.arange(inputs) % 3 - 1])
    tables, layer = dense(weights, activation)
    total = group_sum(tables, layer, layer.synapses[0], np.dtype(np.int64))
    low, high = tables.input.activation.low, tables.input.activation.high
    rng = np.random.default_rng(inputs)
    maps = rng.choice([low, high], (count, inputs)).astype(np.int16)
    maps[0], maps[-1] = low, high
    assert total(maps).tolist() == (maps.astype(np.int64) @ weights.T).tolist()


@settings(deadline=None)
@given(st.integers(2, 12), st.integers(1, 17), st.integers(0, 2**32 - 1))
def test_packing_and_unpacking_loses_nothing(bits, count, seed):
    maps = 1
    while (1 << (bits - 1)) * sum(1 << (index * bits) for index in range(maps + 1)) <= 2**24:
        maps += 1
    form = Packing(dtype=np.dtype(np.float32), maps=maps, bits=bits)
    half = 1 << (bits - 1)
    values = np.random.default_rng(seed).integers(-half, half, (count, 3))
    packed = form.pack(values)
    assert len(packed) == -(-count // maps)
    assert form.unpack(packed, count, np.dtype(np.int16)).tolist() == values.tolist()
