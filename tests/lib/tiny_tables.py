"""Tiny tables on the bundled digits."""

from typing import Any

import numpy as np
from somagate.export.neuron import Neuron, Shift
from somagate.export.synapse import Convolution, Dense
from somagate.export.tables import Input, Layer, Pool, Readout, Tables


def tiny(seed: int = 0, **changes: Any) -> Tables:
    """A convolution, a pool and a dense readout on 8×8 digits, with random weights."""
    random = np.random.default_rng(seed)
    convolution = Layer(
        name="conv1",
        synapses=(
            Convolution(
                source="input", weights=random.integers(-2, 4, (4, 1, 3, 3)), bits=3, padding=1
            ),
        ),
        neuron=Neuron(
            bias=np.zeros(4, np.int32),
            threshold=np.full(4, 5, np.int32),
            store=Shift(bits=3, shift=1),
        ),
        pool=Pool(kind="max", size=(2, 2)),
    )
    dense = Layer(
        name="output",
        synapses=(Dense(source="conv1", weights=random.integers(-8, 8, (10, 64)), bits=4),),
        neuron=Neuron(
            bias=np.zeros(10, np.int32),
            threshold=None,
            reset="none",
            store=Shift(bits=10, shift=0),
        ),
    )
    settings = {
        "name": "tiny",
        "input": Input(shape=(1, 8, 8), encoding="rate", maximum=16),
        "steps": 4,
        "layers": (convolution, dense),
        "readout": Readout(layer="output", kind="potential"),
    }
    return Tables(**{**settings, **changes})
