"""The benchmarks' networks: tables and inputs made of seeds, so that nothing has to be trained."""

from typing import Any

import numpy as np
from somagate.export.neuron import Activation, Leak, Neuron, Shift
from somagate.export.synapse import Convolution, Dense
from somagate.export.tables import Input, Layer, Pool, Readout, Tables

STEPS = 4


def convolution(rows: int = 16, *, steps: int = STEPS, value_bits: int = 0) -> Tables:
    """Return the reference: 3x3, 32 to 32 channels, a 2x2 max pool, and 10 classes.

    Weights have 4 bits, potentials 3. The input are spikes, or unsigned values of `value_bits`.
    """
    rng = np.random.default_rng(1)
    leak = Leak(multiplier=1, shift=1)
    activation = Activation(kind="value", bits=value_bits) if value_bits else Activation()
    weights = rng.integers(-7, 8, (32, 32, 3, 3))
    biases, thresholds = rng.integers(-20, 20, 32), rng.integers(30, 60, 32)
    hidden = Layer(
        name="conv",
        synapses=(Convolution(source="input", weights=weights, bits=4, padding=1),),
        neuron=Neuron(bias=biases, threshold=thresholds, leak=leak, store=Shift(bits=3, shift=4)),
        pool=Pool(),
    )
    last = Layer(
        name="readout",
        synapses=(
            Dense(source="conv", weights=rng.integers(-7, 8, (10, 8 * rows * rows)), bits=4),
        ),
        neuron=Neuron(bias=[0] * 10, threshold=[100] * 10, leak=leak, store=Shift(bits=3, shift=4)),
    )
    return Tables(
        name="convolution",
        steps=steps,
        input=Input(shape=(32, rows, rows), activation=activation),
        layers=(hidden, last),
        readout=Readout(layer="readout", kind="count"),
    )


def dense(inputs: int, hidden: int, classes: int, *, steps: int) -> Tables:
    """Return `inputs`-`hidden`-`classes`, 4-bit weights, 6-bit potentials; 0 hidden for none."""
    rng = np.random.default_rng(2)
    sizes = [inputs, *([hidden] if hidden else []), classes]
    layers = []
    for number, (before, after) in enumerate(zip(sizes, sizes[1:], strict=False)):
        neuron = Neuron(
            bias=[0] * after,
            threshold=[60 if number == 0 else 40] * after,
            reset="subtract",
            amount=[60 if number == 0 else 40] * after,
            leak=Leak(multiplier=15, shift=4),
            store=Shift(bits=6, shift=2),
        )
        source = layers[-1].name if layers else "input"
        weights = rng.integers(-7, 8, (after, before))
        synapses = (Dense(source=source, weights=weights, bits=4),)
        layers.append(Layer(name=f"dense{number}", synapses=synapses, neuron=neuron))
    return Tables(
        name="dense",
        steps=steps,
        input=Input(shape=(inputs,)),
        layers=tuple(layers),
        readout=Readout(layer=layers[-1].name, kind="count"),
    )


def spikes(tables: Tables, rate: float, samples: int, *, seed: int = 0) -> Any:
    """Return random spikes, (steps, samples, *input shape), of which `rate` are 1."""
    rng = np.random.default_rng(seed)
    return (rng.random((tables.steps, samples, *tables.input.shape)) < rate).astype(np.int8)


def values(tables: Tables, zeros: float, samples: int, *, seed: int = 0) -> Any:
    """Return random unsigned values like those behind a ReLU, of which `zeros` are 0.

    What is not 0 is the half of a normal distribution, whose largest of a thousand is the largest
    value.
    """
    rng = np.random.default_rng(seed)
    shape = (tables.steps, samples, *tables.input.shape)
    most = (1 << tables.input.activation.bits) - 1
    drawn = np.clip(np.ceil(np.abs(rng.normal(0, most / 3.3, shape))), 1, most)
    return np.where(rng.random(shape) < zeros, 0, drawn).astype(np.int16)
