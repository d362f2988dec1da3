from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from networks import cases
from own_nets import train
from somagate.export.neuron import Activation, Leak, Neuron, Shift
from somagate.export.synapse import Dense
from somagate.export.tables import Input, Layer, Readout, Tables
from somagate.export.torch_net import exported, network
from somagate.sim.golden import run

torch.set_num_threads(1)


def compare(net, tables, x):
    """Compare every spike, the answer, and the tables that come of the network."""
    trace, again = run(tables, x, potentials=True), run(exported(net), x, potentials=True)
    x = torch.from_numpy(np.ascontiguousarray(x))
    with torch.no_grad():
        for name, (spikes, _) in net.activities(x).items():
            found = np.zeros_like(trace.spikes[name]) if spikes is None else spikes.numpy()
            assert np.array_equal(found, trace.spikes[name]), name
            assert np.array_equal(again.spikes[name], trace.spikes[name]), name
            assert np.array_equal(again.potentials[name], trace.potentials[name]), name
        answers = net(x).numpy()
        assert answers.shape == trace.output.shape
        last = answers[:, -1] if answers.ndim == 3 else answers
        assert np.array_equal(last.argmax(1), trace.prediction)


@settings(max_examples=250, deadline=None)
@given(cases())
def test_a_network_of_any_tables_fires_as_golden_does(case):
    tables, x = case
    compare(network(tables), tables, x)


@settings(max_examples=30, deadline=None)
@given(cases())
def test_trained_further_it_still_does(case):
    tables, x = case
    net = network(tables)
    before = exported(net)
    if net(torch.from_numpy(np.ascontiguousarray(x))).shape[1] > 1:
        try:
            train(net, torch.from_numpy(np.ascontiguousarray(x)), 2)
        except RuntimeError as error:  # nothing that is trained leads to the output
            assert "does not require grad" in str(error)
    after = exported(net)
    assert [layer.name for layer in after.layers] == [layer.name for layer in before.layers]
    compare(net, after, x)


def one_layer(**changes):
    neuron = Neuron(bias=[0, 0], threshold=[5, 7], store=Shift(bits=4, shift=1), **changes)
    layer = Layer(
        name="fc", neuron=neuron, synapses=(Dense(source="input", weights=[[3], [-4]], bits=4),)
    )
    return Tables(
        name="small", steps=4, input=Input(shape=(1,)), layers=(layer,),
        readout=Readout(layer="fc"), source={"framework": "none"},
    )  # fmt: skip


def test_all_that_training_can_change_is_a_parameter():
    net = network(one_layer(leak=Leak(multiplier=np.array([6, 7]), shift=3)))
    names = {name for name, value in net.named_parameters() if value.requires_grad}
    assert names == {
        "layers.0.synapses.0.weight", "layers.0.synapses.0.quantizer.step",
        "layers.0.neurons.theta", "layers.0.neurons.beta", "layers.0.neurons.leak",
    }  # fmt: skip
    assert not net.training


def test_the_proof_of_the_source_does_not_outlive_training():
    assert exported(network(one_layer())).source is None


def test_weights_have_the_size_of_new_ones():
    (layer,) = network(one_layer()).layers
    assert layer.synapses[0].weight.flatten().tolist() == [0.75, -1.0]


def test_sums_beyond_float64_are_refused():
    small = one_layer(leak=Leak(multiplier=np.array(32767), shift=15), gain=15)
    wide = Dense(source="input", weights=np.full((2, 300), 127), bits=8)
    tables = replace(
        small,
        input=Input(shape=(300,), activation=Activation(kind="count", bits=8)),
        layers=(replace(small.layers[0], synapses=(wide,)),),
    )
    reach = (300 * 127 * 255 << 15) + (7 << 1)
    with pytest.raises(ValueError) as caught:
        network(tables)
    assert str(caught.value) == (
        "layer fc: sums times the leak must be below 2**53, which torch's float64 holds, not reach "
        f"{reach} · 2**15; take fewer bits of weights or of the leak"
    )


def test_sums_that_are_equal_in_integers_are_equal() -> None:
    """A class's voters are added before they become floats."""
    weights = [[1], [6], [3], [4], [2], [5]]
    neuron = Neuron(bias=[0] * 6, threshold=None, store=Shift(bits=12, shift=0), reset="none")
    layer = Layer(
        name="fc", neuron=neuron, synapses=(Dense(source="input", weights=weights, bits=4),)
    )
    tables = Tables(
        name="ties", steps=5, layers=(layer,),
        input=Input(shape=(1,), activation=Activation(kind="count", bits=2, signed=False)),
        readout=Readout(layer="fc", kind="potential", over="sum", voters=2),
    )  # fmt: skip
    answers = network(tables)(torch.randint(0, 4, (5, 20, 1)))
    assert answers.shape == (20, 3)
    assert torch.equal(answers, answers[:, :1].expand(20, 3))
