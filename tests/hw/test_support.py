"""What the accelerator lacks is refused, every reason at once, word for word."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from plans import Shapes, network, neuron
from somagate.export.neuron import Activation, Ternary
from somagate.export.synapse import Identity
from somagate.export.tables import Input, Pool, Tables
from somagate.hw.plan import Plan
from somagate.hw.support import UnsupportedError, reasons, refuse

BASE = network((2, 4, 4), [Shapes(channels=2, kernel=(1, 1)), Shapes(channels=4, source="l0")])


def changed(index: int, **changes: Any) -> Tables:
    """Return the tables with one layer changed."""
    layers = list(BASE.layers)
    layers[index] = replace(layers[index], **changes)
    return replace(BASE, layers=tuple(layers))


def given(activation: Activation) -> Tables:
    return replace(BASE, input=Input(shape=BASE.input.shape, activation=activation))


GROUP = BASE.layers[0].synapses[0]
ONES = np.ones(2, int)
IDENTITY = Identity(source="input", weights=ONES, bits=2)

TWO_GROUPS = (
    "layer l0: synapses must be one group, not 2; merge them or put one in a layer of its own"
)
SPIKES = "use a rate-coded input or max pooling"
REFUSED = {
    "two groups": (
        changed(0, synapses=(GROUP, GROUP)),
        TWO_GROUPS,
    ),
    "recurrent": (
        changed(0, synapses=(GROUP, replace(GROUP, source="l0"))),
        f"{TWO_GROUPS}; layer l0: synapses must not be recurrent; unroll the recurrence or drop it",
    ),
    "counts in": (
        given(Activation(kind="count", bits=3)),
        f"layer l0: source 'input' must hold spikes, not 3-bit counts; {SPIKES}",
    ),
    "values in": (
        given(Activation(kind="value", bits=8, signed=True)),
        f"layer l0: source 'input' must hold spikes, not 8-bit values; {SPIKES}",
    ),
    "a one-bit count in": (
        given(Activation(kind="count", bits=1)),
        f"layer l0: source 'input' must hold spikes, not 1-bit counts; {SPIKES}",
    ),
    "sum pool": (
        changed(0, pool=Pool(kind="sum", size=(1, 1))),
        f"layer l1: source 'l0' must hold spikes, not 1-bit counts; {SPIKES}",
    ),
    "identity": (
        changed(0, synapses=(IDENTITY,)),
        "layer l0: an identity group must be a convolution; use a 1×1 convolution",
    ),
    "grouped convolution": (
        changed(0, synapses=(replace(GROUP, weights=GROUP.weights[:, :1], groups=2),)),
        "layer l0: convolution groups must be 1, not 2; expand the weights with zeros",
    ),
    "a pruned class": (
        changed(2, channel_mask=np.array([True, False])),
        "layer out: channel_mask must keep every class of the readout; prune other layers",
    ),
    "ternary": (
        changed(0, neuron=neuron(2, store=Ternary(level=ONES, boundary=ONES))),
        "layer l0: store must be Shift, not Ternary; use Shift(bits=2)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_there_is_refused_by_name(name: str) -> None:
    tables, message = REFUSED[name]
    with pytest.raises(UnsupportedError) as error:
        refuse(tables)
    assert str(error.value) == message
    assert isinstance(error.value, ValueError)
    with pytest.raises(UnsupportedError) as error:
        Plan(tables=tables)
    assert str(error.value) == message


def test_every_reason_of_every_layer_is_told_at_once() -> None:
    ternary = neuron(2, store=Ternary(level=ONES, boundary=ONES))
    layers = (
        replace(BASE.layers[0], synapses=(IDENTITY,), neuron=ternary),
        BASE.layers[1],
        replace(BASE.layers[2], channel_mask=np.array([False, True])),
    )
    with pytest.raises(UnsupportedError) as error:
        refuse(replace(BASE, layers=layers))
    assert str(error.value) == (
        "layer l0: an identity group must be a convolution; use a 1×1 convolution; "
        "layer l0: store must be Shift, not Ternary; use Shift(bits=2); "
        "layer out: channel_mask must keep every class of the readout; prune other layers"
    )


def test_what_is_there_is_not_refused() -> None:
    refuse(BASE)
    assert [reasons(BASE, layer) for layer in BASE.layers] == [[], [], []]
    everything = [
        Shapes(channels=3, kernel=(3, 2), stride=(2, 1), padding=(1, 2), pool=(2, 1)),
        Shapes(channels=3, kernel=(1, 1), source="l0", mask=[1, 0, 1], bits=1),
        7,
    ]
    refuse(network((2, 7, 6), everything))
