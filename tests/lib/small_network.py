"""One small network whose samples get several classes: a convolution, a pool and a dense layer."""

import numpy as np
from somagate.export.neuron import Leak, Neuron, Shift
from somagate.export.synapse import Convolution, Dense
from somagate.export.tables import Input, Layer, Pool, Readout, Tables


def small_network(seed: int = 1) -> Tables:
    """Return the network: 3 time steps, input (2, 6, 6), 5 classes."""
    rng = np.random.default_rng(seed)

    def neuron(channels: int, threshold: int) -> Neuron:
        return Neuron(
            bias=rng.integers(-1, 2, channels),
            threshold=np.full(channels, threshold),
            store=Shift(bits=4, shift=1),
            leak=Leak(multiplier=np.array(3), shift=2),
        )

    hidden = Convolution(
        source="input", weights=rng.integers(-3, 4, (4, 2, 3, 3)), bits=3, padding=(1, 1)
    )
    output = Dense(source="hidden", weights=rng.integers(-3, 4, (5, 36)), bits=3)
    return Tables(
        name="small",
        steps=3,
        input=Input(shape=(2, 6, 6)),
        layers=(
            Layer(
                name="hidden",
                synapses=(hidden,),
                neuron=neuron(4, 4),
                pool=Pool(kind="max", size=(2, 2)),
            ),
            Layer(name="output", synapses=(output,), neuron=neuron(5, 3)),
        ),
        readout=Readout(layer="output"),
    )
