"""Random networks and plans over what users choose, to fit and to check the model of resources."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from somagate.export.neuron import Activation, Leak, Neuron, Shift, Ternary
from somagate.export.synapse import Convolution, Dense, Identity, SynapseGroup, weight_range
from somagate.export.tables import Input, Layer, Pool, Readout, Tables
from somagate.hw.plan.plan import Plan, StageShape


@dataclass(frozen=True, kw_only=True)
class Form:
    """A network of random integers: hidden layers, and a dense readout.

    Attributes
    ----------
    shape
        Of the input. One of three numbers makes convolutions, one of one number dense layers.
    channels
        Of each hidden layer.
    pools
        Which of them a 2×2 pool follows.
    kernel
        Rows, and columns, of a convolution.
    classes, weight_bits, state_bits, reset, steps
        As in the tables.
    leak
        Multiplier and shift, or none.
    """

    shape: tuple[int, ...]
    channels: tuple[int, ...]
    pools: tuple[bool, ...] = ()
    kernel: int = 3
    classes: int = 10
    weight_bits: int = 4
    state_bits: int = 3
    leak: tuple[int, int] | None = (7, 3)
    reset: Literal["zero", "subtract"] = "zero"
    steps: int = 8


def network(rng: np.random.Generator, form: Form) -> Tables:
    """Return a network of a form."""
    layers: list[Layer] = []
    source, size = "input", form.shape
    for index, count in enumerate(form.channels):
        name = f"hidden{index + 1}"
        low, high = weight_range(form.weight_bits)
        drawn = (count, size[0], form.kernel, form.kernel) if len(size) == 3 else (count, size[0])
        weights = rng.integers(low, high + 1, drawn)
        if form.weight_bits == 1:
            weights = np.where(weights >= 0, 1, -1)
        group: SynapseGroup = (
            Convolution(
                source=source, weights=weights, bits=form.weight_bits, padding=form.kernel // 2
            )
            if len(size) == 3
            else Dense(source=source, weights=weights, bits=form.weight_bits)
        )
        pool = (
            Pool(kind="max", size=(2, 2)) if index < len(form.pools) and form.pools[index] else None
        )
        neuron = _neuron(rng, weights, form.state_bits, form.leak, form.reset)
        layers.append(Layer(name=name, synapses=(group,), neuron=neuron, pool=pool))
        half = 2 if pool else 1
        size = (count, size[1] // half, size[2] // half) if len(size) == 3 else (count,)
        source = name
    low, high = weight_range(form.weight_bits)
    weights = rng.integers(low, high + 1, (form.classes, int(np.prod(size))))
    if form.weight_bits == 1:
        weights = np.where(weights >= 0, 1, -1)
    scale = np.sqrt((weights.astype(np.int64) ** 2).sum(1) * form.steps).max()
    shift = max(0, int(np.log2(scale)) + 2 - 16)
    out = Neuron(
        bias=rng.integers(-5, 6, form.classes),
        threshold=None,
        store=Shift(bits=min(16, max(8, int(np.log2(scale)) + 2)), shift=shift),
        reset="none",
        leak=Leak(),
    )
    group = Dense(source=source, weights=weights, bits=form.weight_bits)
    layers.append(Layer(name="readout", synapses=(group,), neuron=out))
    return Tables(
        name="random",
        steps=form.steps,
        input=Input(shape=form.shape),
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


NETWORKS: tuple[Form, ...] = (
    Form(shape=(1, 8, 8), channels=(16, 32), pools=(True, True), leak=None),
    Form(shape=(1, 28, 28), channels=(16, 32), pools=(True, True), steps=4),
    Form(shape=(2, 16, 16), channels=(8, 12), pools=(True, False), reset="subtract"),
    Form(shape=(64,), channels=(100,), weight_bits=8, state_bits=8, leak=(15, 4)),
    Form(shape=(784,), channels=(128,), steps=25, leak=(7, 3)),
    Form(shape=(3, 12, 12), channels=(32, 32, 24), pools=(True,), weight_bits=2,
     state_bits=2, leak=None),
    Form(shape=(256,), channels=(64, 64), weight_bits=6, state_bits=4, classes=4),
    Form(shape=(1, 12, 12), channels=(24,), pools=(True,), kernel=5, state_bits=6,
     reset="subtract", leak=(3, 2)),
    Form(shape=(128,), channels=(64,), weight_bits=1, state_bits=3, leak=None),
)  # fmt: skip

SMALL = Form(shape=(96,), channels=(24,), leak=None)


def forms() -> list[tuple[str, Plan]]:
    """Return plans of networks with what is rarer: values, counts, several sources, every store."""
    found = []
    for number, (channels, lanes, update_lanes, constant) in enumerate(
        ((8, 8, 4, False), (12, 8, 2, True), (20, 16, 4, True), (16, 16, 8, False))
    ):
        tables = _everything(np.random.default_rng(100 + number), channels, constant, number)
        for shapes in (
            (StageShape(layers=4, lanes=lanes, update_lanes=update_lanes, holds=constant),),
            (
                StageShape(layers=1, lanes=lanes, update_lanes=update_lanes, holds=constant),
                StageShape(layers=3, lanes=lanes, update_lanes=update_lanes, banks=2),
            ),
        ):
            plan = Plan(tables=tables, shapes=shapes, word_bits=32)
            found.append((f"forms{number} on {len(shapes)}", plan))
    return found


def small_weights() -> list[tuple[str, Plan]]:
    """Return plans whose weights are so few in a memory that some families keep them in logic."""
    found = []
    for number, lanes, banks, stages in (
        (0, 32, 2, 1),
        (8, 64, 1, 1),
        (0, 16, 1, 3),
        (8, 16, 4, 2),
        (0, 8, 1, 1),
        (0, 4, 1, 1),
        (8, 16, 1, 1),
        (8, 8, 1, 1),
        (9, 16, 1, 1),
        (9, 8, 1, 1),
    ):
        tables = network(np.random.default_rng(200 + number), (*NETWORKS, SMALL)[number])
        shapes = [StageShape(layers=1, lanes=lanes, banks=banks) for _ in range(stages - 1)]
        rest = len(tables.layers) - len(shapes)
        shapes.append(StageShape(layers=rest, lanes=lanes, banks=banks))
        name = f"few weights {number}: {lanes} lanes, {banks} banks, {stages} stages"
        found.append((name, Plan(tables=tables, shapes=tuple(shapes))))
    return found


def _everything(rng: np.random.Generator, channels: int, constant: bool, number: int) -> Tables:
    """Return a network of values, sums, a residual, recurrence and a count of spikes."""

    def drawn(bits: int, *shape: int) -> Any:
        low, high = weight_range(bits)
        return rng.integers(low, high + 1, shape)

    bits = 4 + number % 2
    first = drawn(bits, channels, 3, 3, 3)
    values = Layer(
        name="values",
        synapses=(Convolution(source="input", weights=first, bits=bits, padding=1),),
        neuron=_neuron(rng, first, 4, (7, 3), "subtract"),
        pool=Pool(kind="sum", size=(2, 2)),
    )
    second = drawn(3, channels, channels, 3, 3)
    joined = Layer(
        name="joined",
        synapses=(
            Identity(source="values", weights=drawn(3, channels), bits=3),
            Convolution(source="values", weights=second, bits=3, padding=1),
        ),
        neuron=Neuron(
            bias=np.zeros(channels, np.int64),
            threshold=rng.integers(4, 30, channels),
            store=Shift(bits=6, shift=1),
            reset="subtract",
            amount=rng.integers(4, 30, channels),
            leak=Leak(multiplier=rng.integers(8, 17, channels), shift=4)
            if number % 2
            else Leak(multiplier=13, shift=4, at="store"),
        ),
    )
    units = 2 * channels
    ring = Layer(
        name="ring",
        synapses=(
            Dense(source="joined", weights=drawn(4, units, channels * 16), bits=4),
            Dense(source="ring", weights=drawn(4, units, units), bits=4),
        ),
        neuron=Neuron(
            bias=np.zeros(units, np.int64),
            threshold=rng.integers(10, 60, units),
            store=Ternary(level=rng.integers(1, 40, units), boundary=rng.integers(1, 40, units)),
        ),
    )
    out = drawn(4, 10, units)
    readout = Layer(
        name="readout",
        synapses=(Dense(source="ring", weights=out, bits=4),),
        neuron=_neuron(rng, out, 8, None, "subtract"),
    )
    return Tables(
        name="forms",
        steps=6,
        input=Input(
            shape=(3, 8, 8),
            activation=Activation(kind="value", bits=4, signed=bool(number % 2)),
            constant=constant,
        ),
        layers=(values, joined, ring, readout),
        readout=Readout(layer="readout", kind="count"),
    )


def plans(count: int, seed: int) -> list[tuple[str, Plan]]:
    """Return that many random plans with a name each, of all networks in turn."""
    rng = np.random.default_rng(seed)
    found: list[tuple[str, Plan]] = []
    while len(found) < count:
        number = len(found) % len(NETWORKS)
        tables = network(np.random.default_rng(number), NETWORKS[number])
        many = 4 if len(found) < 18 else 5
        lanes = int(rng.choice([4, 8, 16, 32, 64][:many]))
        banks = int(rng.choice([1, 1, 2, 4]))
        if lanes * banks > 128:
            continue
        word_bits = int(rng.choice([16, 32, 32, 64]))
        layers = len(tables.layers)
        split = int(rng.choice([1, 1, 2, 3]))
        parts = 1 if layers < split else split
        sizes = [layers - parts + 1] + [1] * (parts - 1)
        shapes = []
        for index, size in enumerate(sizes):
            own = lanes if index == 0 else max(4, lanes >> index)
            update = int(rng.choice([n for n in (1, 2, 4, 8, 16) if n <= own and own // n <= 16]))
            shapes.append(
                StageShape(layers=size, lanes=own, update_lanes=update, banks=1 if index else banks)
            )
        loadable = bool(rng.random() < 0.25)
        plan = Plan(tables=tables, shapes=tuple(shapes), word_bits=word_bits, loadable=loadable)
        stages = "+".join(f"{shape.lanes}/{shape.update_lanes}" for shape in shapes)
        kind = " loadable" if loadable else ""
        found.append((f"{number}: {stages} lanes, {banks} banks, {word_bits} bits{kind}", plan))
    return found
