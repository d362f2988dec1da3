"""Random networks of a source, all of dyadic numbers, for the tables that are made of them."""

from dataclasses import replace
from typing import Any

import numpy as np
from somagate.imports.graph import (
    Affine,
    Conv,
    Current,
    Delay,
    Flatten,
    Linear,
    Network,
    Neuron,
    Node,
    Pool,
)  # fmt: skip

Rng = np.random.Generator


def dyadic(rng: Rng, *shape: int, most: int = 12) -> Any:
    """Return multiples of 1/16, of both signs, a little more positive."""
    return rng.integers(-most + 2, most + 1, shape) / 16


def plain(rng: Rng, channels: int, **settings: Any) -> Neuron:
    """Return neurons whose rule tables can say exactly: a decay of 2**-k, thresholds of 1/16."""
    comparator = ">" if rng.random() < 0.5 else ">="
    reset = str(rng.choice(["zero", "subtract", "delayed", "undelayed", "blank", "none"]))
    rest = dyadic(rng, channels, most=4) if reset == "zero" and rng.random() < 0.4 else np.zeros(1)
    chosen: dict[str, Any] = {
        "threshold": rng.integers(8, 24, channels) / 16 + np.abs(rest),
        "decay": 2.0 ** -rng.integers(0, 3, channels),
        "bias": dyadic(rng, channels, most=3),
        "comparator": comparator,
        "low": dyadic(rng, channels, most=2) - 0.5
        if reset != "undelayed" and rng.random() < 0.3
        else None,
        "reset": reset,
        "v_reset": rest if rest.size > 1 else np.zeros(()),
        "initial": rest if rest.size > 1 else np.zeros(()),
    }
    return Neuron(**(chosen | settings))


def dense(rng: Rng, recurrent: bool = False, late: bool | None = None) -> Network:
    """Return three dense layers, with a norm, and the second fed back.

    Neurons have a synaptic current where it is said whether it is `late`.
    """

    def neuron(rng: Rng, channels: int) -> Neuron:
        if late is None:
            return plain(rng, channels)
        found = plain(rng, channels, current=Current(decay=np.array(0.5), late=late))
        return replace(found, bias=np.zeros(()), v_reset=np.zeros(()), initial=np.zeros(()))

    nodes = [
        Node(name="fc.0", op=Linear(weight=dyadic(rng, 7, 6)), sources=("input",)),
        Node(name="n.0", op=neuron(rng, 7), sources=("fc.0",)),
        Node(name="fc.1", op=Linear(weight=dyadic(rng, 5, 7), bias=dyadic(rng, 5)),
             sources=("n.0",)),
        Node(name="bn", op=Affine(scale=2.0 ** rng.integers(-1, 2, 5), offset=dyadic(rng, 5)),
             sources=("fc.1",)),
        Node(name="n.1", op=neuron(rng, 5), sources=("bn", *(("back",) if recurrent else ()))),
        Node(name="fc.2", op=Linear(weight=dyadic(rng, 3, 5)), sources=("n.1",)),
        Node(name="n.2", op=neuron(rng, 3), sources=("fc.2",)),
    ]  # fmt: skip
    if recurrent:
        nodes.append(Node(name="late", op=Delay(steps=np.array(1)), sources=("n.1",)))
        nodes.append(
            Node(name="back", op=Linear(weight=dyadic(rng, 5, 5), bias=dyadic(rng, 5, most=4)),
                 sources=("late",))
        )  # fmt: skip
    return Network(input_shape=(6,), nodes=tuple(nodes))


def maps(rng: Rng) -> Network:
    """Return two convolutions with pools, a residual, and a dense layer."""
    kind = str(rng.choice(["max", "average", "sum"]))
    groups = int(rng.choice([1, 2]))
    conv = Conv(
        weight=dyadic(rng, 4, 4 // groups, 3, 3, most=6), padding=(1, 1), groups=groups,
        dilation=(1, 1),
    )  # fmt: skip
    nodes = (
        Node(name="c0", op=Conv(weight=dyadic(rng, 4, 2, 2, 3), padding=(0, 1), dilation=(2, 1)),
             sources=("input",)),
        Node(name="n0", op=plain(rng, 4), sources=("c0",)),
        Node(name="p0", op=Pool(kind=kind, size=(2, 2), stride=(2, 2)),
             sources=("n0",)),
        Node(name="c1", op=conv, sources=("p0",)),
        Node(name="skip", op=Affine(scale=np.array(0.5), offset=np.zeros(())), sources=("p0",)),
        Node(name="n1", op=plain(rng, 4), sources=("c1", "skip")),
        Node(name="flat", op=Flatten(), sources=("n1",)),
        Node(name="fc", op=Linear(weight=dyadic(rng, 3, 36)), sources=("flat",)),
        Node(name="n2", op=plain(rng, 3), sources=("fc",)),
    )  # fmt: skip
    return Network(input_shape=(2, 8, 6), nodes=nodes)


def frames(rng: Rng, network: Network, steps: int = 15, batch: int = 3) -> Any:
    """Return random spikes (steps, batch, *input shape)."""
    return rng.integers(0, 2, (steps, batch, *network.input_shape)).astype(np.float64)
