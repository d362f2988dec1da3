"""Random networks and plans over what users choose, to fit and to check the model of resources."""

from typing import Any

import numpy as np
from somagate.export.neuron import Leak, Neuron, Shift
from somagate.export.synapse import Convolution, Dense, SynapseGroup, weight_range
from somagate.export.tables import Input, Layer, Pool, Readout, Tables
from somagate.hw.plan import Plan, StageShape


def network(
    rng: np.random.Generator,
    *,
    shape: tuple[int, ...],
    channels: tuple[int, ...],
    pools: tuple[bool, ...] = (),
    kernel: int = 3,
    classes: int = 10,
    weight_bits: int = 4,
    state_bits: int = 3,
    leak: tuple[int, int] | None = (7, 3),
    reset: str = "zero",
    steps: int = 8,
) -> Tables:
    """Return a network of random integers: hidden layers of `channels`, and a dense readout.

    A `shape` of three numbers makes convolutions, each followed by a 2×2 pool where `pools` says
    so, of one number dense layers. `leak` is (multiplier, shift).
    """
    layers: list[Layer] = []
    source, size = "input", shape
    for index, count in enumerate(channels):
        name = f"hidden{index + 1}"
        low, high = weight_range(weight_bits)
        drawn = (count, size[0], kernel, kernel) if len(size) == 3 else (count, size[0])
        weights = rng.integers(low, high + 1, drawn)
        if weight_bits == 1:
            weights = np.where(weights >= 0, 1, -1)
        group: SynapseGroup = (
            Convolution(source=source, weights=weights, bits=weight_bits, padding=kernel // 2)
            if len(size) == 3
            else Dense(source=source, weights=weights, bits=weight_bits)
        )
        pool = Pool(kind="max", size=(2, 2)) if index < len(pools) and pools[index] else None
        neuron = _neuron(rng, weights, state_bits, leak, reset)
        layers.append(Layer(name=name, synapses=(group,), neuron=neuron, pool=pool))
        half = 2 if pool else 1
        size = (count, size[1] // half, size[2] // half) if len(size) == 3 else (count,)
        source = name
    low, high = weight_range(weight_bits)
    weights = rng.integers(low, high + 1, (classes, int(np.prod(size))))
    if weight_bits == 1:
        weights = np.where(weights >= 0, 1, -1)
    scale = np.sqrt((weights.astype(np.int64) ** 2).sum(1) * steps).max()
    shift = max(0, int(np.log2(scale)) + 2 - 16)
    out = Neuron(
        bias=rng.integers(-5, 6, classes),
        threshold=None,
        store=Shift(bits=min(16, max(8, int(np.log2(scale)) + 2)), shift=shift),
        reset="none",
        leak=Leak(),
    )
    group = Dense(source=source, weights=weights, bits=weight_bits)
    layers.append(Layer(name="readout", synapses=(group,), neuron=out))
    return Tables(
        name="random",
        steps=steps,
        input=Input(shape=shape),
        layers=tuple(layers),
        readout=Readout(layer="readout", kind="potential"),
    )


def _neuron(
    rng: np.random.Generator,
    weights: Any,
    bits: int,
    leak: tuple[int, int] | None,
    reset: Any,
) -> Neuron:
    count = len(weights)
    scale = np.sqrt(0.2 * (weights.reshape(count, -1).astype(np.int64) ** 2).sum(1)) + 1
    threshold = np.rint(scale * rng.uniform(0.7, 1.3, count)).astype(np.int64)
    return Neuron(
        bias=np.rint(rng.uniform(-0.4, 0.4, count) * scale).astype(np.int64),
        threshold=threshold,
        store=Shift(bits=bits, shift=max(0, int(np.log2(scale.max())) + 2 - bits)),
        reset=reset,
        amount=threshold if reset == "subtract" else None,
        leak=Leak() if leak is None else Leak(multiplier=leak[0], shift=leak[1]),
    )


NETWORKS: tuple[dict[str, Any], ...] = (
    {"shape": (1, 8, 8), "channels": (16, 32), "pools": (True, True), "leak": None},
    {"shape": (1, 28, 28), "channels": (16, 32), "pools": (True, True), "steps": 4},
    {"shape": (2, 16, 16), "channels": (8, 12), "pools": (True, False), "reset": "subtract"},
    {"shape": (64,), "channels": (100,), "weight_bits": 8, "state_bits": 8, "leak": (15, 4)},
    {"shape": (784,), "channels": (128,), "steps": 25, "leak": (7, 3)},
    {"shape": (3, 12, 12), "channels": (32, 32, 24), "pools": (True,), "weight_bits": 2,
     "state_bits": 2, "leak": None},
    {"shape": (256,), "channels": (64, 64), "weight_bits": 6, "state_bits": 4, "classes": 4},
    {"shape": (1, 12, 12), "channels": (24,), "pools": (True,), "kernel": 5, "state_bits": 6,
     "reset": "subtract", "leak": (3, 2)},
    {"shape": (128,), "channels": (64,), "weight_bits": 1, "state_bits": 3, "leak": None},
)  # fmt: skip


def plans(count: int, seed: int) -> list[tuple[str, Plan]]:
    """Return that many plans with a name each, of all networks in turn; the first are small."""
    rng = np.random.default_rng(seed)
    found: list[tuple[str, Plan]] = []
    while len(found) < count:
        number = len(found) % len(NETWORKS)
        tables = network(np.random.default_rng(number), **NETWORKS[number])
        many = 4 if len(found) < count // 2 else 5
        lanes = int(rng.choice([4, 8, 16, 32, 64][:many]))
        banks = int(rng.choice([1, 1, 2, 4]))
        if lanes * banks > 128:
            continue
        word_bits = int(rng.choice([16, 32, 32, 64]))
        layers = len(tables.layers)
        split = int(rng.choice([1, 1, 2, 3]))
        sizes = [layers] if split == 1 or layers < split else [layers - split + 1] + [1] * (split - 1)
        shapes = []
        for index, size in enumerate(sizes):
            own = lanes if index == 0 else max(4, lanes >> index)
            update = int(rng.choice([n for n in (1, 2, 4, 8, 16) if n <= own and own // n <= 16]))
            shapes.append(
                StageShape(layers=size, lanes=own, update_lanes=update, banks=banks if index == 0 else 1)
            )
        loadable = bool(rng.random() < 0.25)
        plan = Plan(tables=tables, shapes=tuple(shapes), word_bits=word_bits, loadable=loadable)
        name = f"net{number} {'+'.join(f'{s.lanes}/{s.update_lanes}' for s in shapes)} b{banks} w{word_bits}" + (" loadable" if loadable else "")
        found.append((name, plan))
    return found
