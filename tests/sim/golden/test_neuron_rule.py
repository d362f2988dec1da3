import numpy as np
import pytest
from somagate.export.layer import Input, Layer
from somagate.export.neuron import Leak, Neuron, Shift
from somagate.export.readout import Readout
from somagate.export.synapse import Dense
from somagate.export.tables import Tables
from somagate.sim.golden.neuron_rule import rule


def laid(inputs=10, **fields):
    layer = Layer(
        name="one",
        synapses=(Dense(source="input", weights=np.full((1, inputs), 100), bits=8),),
        neuron=Neuron(
            **({"bias": [0], "threshold": [1], "store": Shift(bits=8, shift=0)} | fields)
        ),
    )
    tables = Tables(
        name="net",
        steps=1,
        input=Input(shape=(inputs,)),
        layers=(layer,),
        readout=Readout(layer="one"),
    )
    return rule(tables, layer)


@pytest.mark.parametrize(
    ("fields", "dtype"),
    [
        ({}, np.int16),
        # The state reaches 128, the sum 1000; one more than 31638 of bias leaves 16 bits.
        ({"bias": [31638]}, np.int16),
        ({"bias": [31639]}, np.int32),
        ({"leak": Leak(multiplier=[255], shift=8)}, np.int16),
        ({"leak": Leak(multiplier=[256], shift=8)}, np.int16),
        ({"leak": Leak(multiplier=[256], shift=9)}, np.int32),
        ({"leak": Leak(multiplier=[29], shift=8, at="store")}, np.int16),
        ({"leak": Leak(multiplier=[30], shift=8, at="store")}, np.int32),
        ({"store": Shift(bits=16, shift=0)}, np.int32),
        ({"store": Shift(bits=16, shift=15)}, np.int32),
        ({"reset": "subtract", "amount": [-(2**31)]}, np.int64),
    ],
)
def test_a_rule_is_as_narrow_as_its_widest_intermediate_value(fields, dtype):
    found = laid(**fields)
    assert found.dtype == dtype
    arrays = (found.bias, found.threshold, found.multiplier, found.low, found.high)
    assert all(array.dtype == dtype for array in arrays)


def test_a_leak_that_does_not_leak_is_never_computed():
    assert laid().leak_at == "never"
    assert laid(leak=Leak(multiplier=[8], shift=3, at="store")).leak_at == "never"
    assert laid(leak=Leak(multiplier=[7], shift=3, at="store")).leak_at == "store"


def test_a_threshold_out_of_reach_is_the_nearest_that_fits():
    assert laid(threshold=[2**31 - 1]).threshold.tolist() == [2**15 - 1]
    assert laid(threshold=[-(2**31)]).threshold.tolist() == [-(2**15) + 1]
