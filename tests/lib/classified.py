"""A small network of a source, and samples whose labels are mostly its own answers."""

from typing import Any

import numpy as np
from somagate.imports.graph import Linear, Network, Neuron, Node, Origin
from somagate.imports.importing import ImportSettings
from somagate.imports.lower import lower
from somagate.imports.proof import answer
from somagate.imports.reference import run


def network(decay: float = 0.5) -> Network:
    """Return two dense layers, 'hidden' and 'last', whose numbers have to be rounded."""
    rng = np.random.default_rng(3)

    def leaky() -> Neuron:
        return Neuron(threshold=np.array(1.0), decay=np.array(decay), comparator=">")

    nodes = (
        Node(name="fc1", op=Linear(weight=rng.normal(0.05, 0.4, (12, 8))), sources=("input",)),
        Node(name="hidden", op=leaky(), sources=("fc1",)),
        Node(name="fc2", op=Linear(weight=rng.normal(0.05, 0.5, (4, 12))), sources=("hidden",)),
        Node(name="last", op=leaky(), sources=("fc2",)),
    )
    origin = Origin(framework="snntorch", version="1.0.0")
    return Network(input_shape=(8,), nodes=nodes, origin=origin)


def wanted(source: Network, samples: int = 80, **settings: Any) -> ImportSettings:
    """Return spikes of 10 steps, their density that of the sample, and the source's answers."""
    rng = np.random.default_rng(4)
    x = (rng.random((10, samples, 8)) < rng.random((samples, 8))).astype(np.float64)
    lowered = lower(source, samples=x)
    labels = answer(lowered, run(source, x))
    return ImportSettings(samples=x, labels=labels, **settings)
