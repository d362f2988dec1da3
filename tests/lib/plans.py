"""Small networks and plans for tests of single blocks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from somagate.export.neuron import Activation, Leak, Neuron, Shift, Ternary
from somagate.export.synapse import Convolution, Dense, Identity, weight_range
from somagate.export.tables import Input, Layer, Pool, Readout, Tables
from somagate.hw.plan.plan import Plan
from somagate.hw.plan.stage_plan import StagePlan


def neuron(channels: int, **changes: Any) -> Neuron:
    """Return a neuron that fires at 1 and stores 8 bits, with any attribute changed."""
    given: dict[str, Any] = {
        "bias": np.zeros(channels, np.int32),
        "threshold": np.ones(channels, np.int32),
        "store": Shift(bits=8, shift=0),
        "leak": Leak(),
    }
    return Neuron(**given | changes)


def weights(rng: np.random.Generator, bits: int, *shape: int) -> Any:
    """Draw weights of a width."""
    low, high = weight_range(bits)
    drawn = rng.integers(low, high + 1, shape)
    return np.where(drawn >= 0, 1, -1) if bits == 1 else drawn


def a_plan(tables: Tables, **numbers: Any) -> Plan:
    """Return a plan of some shapes, or of a single stage with some numbers."""
    if "shapes" in numbers:
        return Plan(tables=tables, **numbers)
    replicas = numbers.pop("replicas", 1)
    plan = Plan.single(tables, **numbers)
    return plan if replicas == 1 else replace(plan, replicas=replicas)


def a_stage(tables: Tables, **numbers: Any) -> StagePlan:
    """Return the only stage of a plan with some numbers."""
    return Plan.single(tables, **numbers).stages[0]


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """A convolution layer's geometry; kernel, stride, padding and pool as (rows, columns)."""

    channels: int = 3
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    pool: tuple[int, int] | None = None
    source: str = "input"
    mask: Sequence[bool] | None = None
    bits: int = 4


def two_convolutions() -> Tables:
    """Return tables of a pooled convolution, another one and a readout, in three steps."""
    shapes = [
        Shapes(channels=16, padding=(1, 1), pool=(2, 2)),
        Shapes(channels=32, padding=(1, 1), source="l0"),
    ]
    return network((4, 12, 12), shapes, steps=3, classes=10)


def network(
    shape: Sequence[int],
    layers: Sequence[Shapes | int],
    *,
    steps: int = 2,
    classes: int = 2,
    seed: int = 0,
    **neurons: Any,
) -> Tables:
    """Return tables of convolutions, or dense layers of a size, and a dense readout 'out'.

    A layer is called 'l0', 'l1' and so on; a dense one and the readout read the layer before.
    """
    rng = np.random.default_rng(seed)
    maps: dict[str, tuple[int, ...]] = {"input": tuple(shape)}
    made: list[Layer] = []
    for index, form in enumerate([*layers, classes]):
        name = f"l{index}" if index < len(layers) else "out"
        if isinstance(form, int):
            source = list(maps)[-1]
            made.append(
                Layer(
                    name=name,
                    synapses=(
                        Dense(
                            source=source,
                            weights=weights(rng, 4, form, int(np.prod(maps[source]))),
                            bits=4,
                        ),
                    ),
                    neuron=neuron(form, **neurons),
                )
            )
            maps[name] = (form,)
            continue
        group = Convolution(
            source=form.source,
            weights=weights(rng, form.bits, form.channels, maps[form.source][0], *form.kernel),
            bits=form.bits,
            stride=form.stride,
            padding=form.padding,
        )
        made.append(
            Layer(
                name=name,
                synapses=(group,),
                neuron=neuron(form.channels, **neurons),
                pool=Pool(size=form.pool) if form.pool else None,
                channel_mask=None if form.mask is None else np.array(form.mask, bool),
            )
        )
        channels, rows, columns = group.target(maps[form.source])
        window = form.pool or (1, 1)
        maps[name] = (channels, rows // window[0], columns // window[1])
    return Tables(
        name="blocks",
        steps=steps,
        input=Input(shape=tuple(shape)),
        layers=tuple(made),
        readout=Readout(layer="out"),
    )


def geometries() -> Tables:
    """Return a network of convolutions unlike each other, with dense layers behind them."""
    layers = [
        Shapes(channels=5, kernel=(3, 2), padding=(1, 0), pool=(2, 2), mask=[1, 1, 0, 1, 1]),
        Shapes(channels=9, kernel=(2, 3), stride=(1, 2), padding=(0, 2), source="l0", bits=1),
        Shapes(channels=4, kernel=(1, 1), source="input", mask=[0, 1, 0, 1], bits=8),
        Shapes(channels=3, kernel=(5, 6), padding=(0, 1), source="l2", pool=(1, 2), bits=2),
        11,
        6,
    ]
    return network((2, 6, 7), layers)


def branched() -> Tables:
    """Return a network of which two layers read the input, one of them pruned; 'l3' is dense."""
    layers = [
        Shapes(channels=5, kernel=(3, 3), padding=(1, 1), pool=(2, 2)),
        Shapes(channels=6, kernel=(2, 2), source="l0", mask=[1, 0, 1, 1, 0, 1]),
        Shapes(channels=3, kernel=(1, 1), source="input"),
        7,
    ]
    return network((2, 6, 7), layers, classes=3, steps=5)


def with_neurons(tables: Tables, **changes: dict[str, Any]) -> Tables:
    """Return tables with attributes of some layers' neurons changed."""
    layers = [
        replace(layer, neuron=replace(layer.neuron, **changes.get(layer.name, {})))
        for layer in tables.layers
    ]
    return replace(tables, layers=tuple(layers))


def one_bit(source: tuple[int, ...], channels: int, mask: Any = None) -> Tables:
    """Return a hidden layer and a readout of 1-bit weights."""

    def dense(name: str, source: str, outputs: int, inputs: int, **changes: Any) -> Layer:
        group = Dense(source=source, weights=np.ones((outputs, inputs), int), bits=1)
        return Layer(name=name, synapses=(group,), neuron=neuron(outputs), **changes)

    return Tables(
        name="signs",
        steps=2,
        input=Input(shape=source),
        layers=(
            dense("l", "input", channels, int(np.prod(source)), channel_mask=mask),
            dense("out", "l", 2, channels),
        ),
        readout=Readout(layer="out"),
    )


EVERYTHING = (4, 6, 5)
"""Shape of the input of `everything`."""


def everything(*, steps: int = 3, constant: bool = False, seed: int = 0) -> Tables:
    """Return a network with every kind of source, pool, store and width of weights.

    'grouped' counts signed values; 'joined' adds an identity, a strided convolution and its own
    spikes; 'ring' is dense and recurrent with ±1 weights; 'out' reads 'ring' and the input.
    """
    rng = np.random.default_rng(seed)
    value = Activation(kind="value", bits=3, signed=True)
    grouped = Layer(
        name="grouped",
        synapses=(
            Convolution(
                source="input", weights=weights(rng, 4, 6, 2, 3, 3), bits=4, padding=1, groups=2
            ),
        ),
        neuron=neuron(6, threshold=rng.integers(1, 30, 6), store=Shift(bits=5, shift=2)),
        pool=Pool(kind="sum", size=(2, 2)),
    )
    joined = Layer(
        name="joined",
        synapses=(
            Identity(source="grouped", weights=weights(rng, 3, 6), bits=3),
            Convolution(source="input", weights=weights(rng, 2, 6, 4, 2, 3), bits=2, stride=2),
            Convolution(
                source="joined", weights=weights(rng, 4, 6, 1, 3, 1), bits=4, padding=(1, 0),
                groups=6,
            ),
        ),
        neuron=neuron(
            6, threshold=rng.integers(1, 9, 6), leak=Leak(multiplier=3, shift=2, at="store"),
            reset="subtract", amount=rng.integers(1, 9, 6),
        ),
        channel_mask=np.array([1, 1, 0, 1, 1, 1], bool),
    )  # fmt: skip
    ring = Layer(
        name="ring",
        synapses=(
            Dense(source="joined", weights=weights(rng, 8, 7, 36), bits=8),
            Dense(source="ring", weights=weights(rng, 1, 7, 7), bits=1),
        ),
        neuron=neuron(
            7,
            threshold=rng.integers(-100, 200, 7),
            store=Ternary(level=rng.integers(0, 200, 7), boundary=rng.integers(1, 200, 7)),
        ),
    )
    out = Layer(
        name="out",
        synapses=(
            Dense(source="ring", weights=weights(rng, 1, 3, 7), bits=1),
            Dense(source="input", weights=weights(rng, 2, 3, 120), bits=2),
        ),
        neuron=neuron(3, leak=Leak(multiplier=rng.integers(0, 9, 3), shift=3)),
    )
    return Tables(
        name="everything",
        steps=steps,
        input=Input(shape=EVERYTHING, activation=value, constant=constant),
        layers=(grouped, joined, ring, out),
        readout=Readout(layer="out"),
    )


def late(*, steps: int = 6, constant: bool = False) -> Tables:
    """Return a network whose groups see the input, layer 'a' and themselves steps late."""
    rng = np.random.default_rng(0)

    def group(source: str, channels: int, elements: int, delay: int) -> Dense:
        return Dense(
            source=source, weights=weights(rng, 3, channels, elements), bits=3, delay=delay
        )

    a = Layer(
        name="a",
        synapses=(group("input", 9, 11, 0), group("input", 9, 11, 2), group("a", 9, 9, 3)),
        neuron=neuron(9, threshold=[3] * 9),
    )
    b = Layer(
        name="b",
        synapses=(group("a", 7, 9, 1), group("b", 7, 7, 0), group("input", 7, 11, 9)),
        neuron=neuron(7, threshold=[2] * 7),
    )
    return Tables(
        name="late",
        steps=steps,
        input=Input(shape=(11,), constant=constant),
        layers=(a, b),
        readout=Readout(layer="b"),
    )
