"""Small random networks, and inputs for them, over every form of the contract.

Structure is drawn by hypothesis, so that it shrinks; the numbers come from one drawn seed, which
is faster. Thresholds lie where the sums of a random input lie, so that neurons both fire and stay
silent. A test that covers less than the contract names the features it allows.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from neurons import Neurons
from somagate.export.neuron import Activation
from somagate.export.synapse import Convolution, Dense, Identity, Shape, SynapseGroup, weight_range
from somagate.export.tables import Input, Layer, Pool, Readout, Tables

FEATURES = frozenset(
    {
        "convolution",  # besides dense layers
        "stride",  # of a convolution, more than 1
        "padding",  # of a convolution, also unlike half its kernel
        "groups",  # of a convolution
        "identity",  # one weight a channel
        "several",  # synapse groups of one layer, from any source before it
        "recurrent",
        "delay",  # of a synapse group, also of more steps than there are
        "max pool",
        "sum pool",
        "pool of sums",  # before the neurons
        "cropped",  # neurons that no window of a pool covers
        "subtract",
        "undelayed",  # of a reset that subtracts
        "no reset",
        "blank",
        "gain",  # of the sums
        "lower bound",
        "mask negative",
        "several spikes",  # in a step
        "current",  # a second state
        "leak",
        "leak at store",
        "leak per channel",
        "leak rounded up",
        "ternary",
        "mask",
        "count input",
        "value input",
        "signed input",
        "constant input",
        "potential readout",
        "never fires",  # a layer inside the network
        "extreme",  # thresholds that are always or never reached
        "negative",  # thresholds and amounts
    }
)
"""What a network may have besides spikes, dense layers, reset to zero, no leak and `Shift`."""


@st.composite
def networks(draw: DrawFn, features: frozenset[str] = FEATURES) -> Tables:
    """Draw a network of one to four layers; every one of `features` may occur."""
    return _Builder(draw, features).tables()


@st.composite
def inputs(draw: DrawFn, tables: Tables, batch: int = 3) -> Any:
    """Draw an input for a network: int64 (steps, 1…batch, *input shape), empty to full."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    density = draw(st.sampled_from([0.3, 0.1, 0.5, 0.2, 0.4, 0.6, 0.0, 1.0]))
    activation = tables.input.activation
    shape = (tables.steps, draw(st.integers(1, batch)), *tables.input.shape)
    values = rng.integers(activation.low, activation.high + 1, shape)
    if density == 1:
        values = np.where(rng.random(shape) < 0.5, activation.high, activation.low or 1)
    x = np.where(rng.random(shape) < density, values, 0)
    return np.broadcast_to(x[:1], shape).copy() if tables.input.constant else x


@st.composite
def cases(draw: DrawFn, features: frozenset[str] = FEATURES) -> tuple[Tables, Any]:
    """Draw a network and an input for it."""
    tables = draw(networks(features))
    return tables, draw(inputs(tables))


@dataclass
class _Builder(Neurons):
    maps: dict[str, tuple[Shape, Activation]] = field(default_factory=dict)

    def tables(self) -> Tables:
        channels, rows, columns = (self.draw(st.integers(1, n)) for n in (4, 9, 9))
        flat = "convolution" not in self.features or self.one(False, False, False, True)
        shape = (channels * rows,) if flat else (channels, rows, columns)
        self.maps["input"] = shape, self.activation()
        layers: list[Layer] = []
        for index in range(self.draw(st.integers(0, 3), label="hidden layers")):
            layers.append(self.layer(f"layer{index}"))
        layers.append(self.layer("readout", last=True))
        return Tables(
            name="random",
            steps=self.draw(st.integers(1, 6), label="steps"),
            input=Input(
                shape=shape,
                activation=self.maps["input"][1],
                constant=self.has("constant input"),
            ),
            layers=tuple(layers),
            readout=self.readout(layers[-1]),
        )

    def readout(self, layer: Layer) -> Readout:
        channels = layer.neuron.channels
        voters = self.draw(st.sampled_from([n for n in range(1, channels + 1) if not channels % n]))
        if layer.neuron.threshold is None:
            over = self.one("last", "last", "largest", "sum", "every")
            return Readout(layer="readout", kind="potential", over=over, voters=voters)
        kind = self.one("count", "count", "first")
        return Readout(layer="readout", kind=kind, voters=1 if kind == "first" else voters)

    def activation(self) -> Activation:
        if self.has("count input"):
            return Activation(kind="count", bits=self.draw(st.integers(1, 8)))
        if self.has("value input"):
            signed = self.has("signed input")
            return Activation(kind="value", bits=self.draw(st.integers(1, 8)), signed=signed)
        return Activation()

    def layer(self, name: str, last: bool = False) -> Layer:
        groups, target = self.synapses(name, last)
        pool = None
        if not last and len(target) == 3 and all(group.source != name for group in groups):
            pool = self.pool(target)
        fires = not (self.has("potential readout") if last else self.rare("never fires"))
        scale = self.scale(groups, target[0])
        if pool and pool.of == "sums":
            scale = scale * pool.area**0.5
        neuron = self.neuron(scale, fires)
        mask = np.ones(target[0], bool)
        if self.has("mask") and not last:  # a class can't be pruned
            mask = self.rng.random(target[0]) < 0.7
            mask[self.rng.integers(target[0])] = True
        layer = Layer(name=name, synapses=groups, neuron=neuron, pool=pool, channel_mask=mask)
        if pool:
            target = (target[0], target[1] // pool.size[0], target[2] // pool.size[1])
        self.maps[name] = target, layer.activation
        return layer

    def synapses(self, name: str, last: bool) -> tuple[tuple[SynapseGroup, ...], Shape]:
        """Draw the groups of a layer, and the shape of its neurons."""
        source = list(self.maps)[-1]
        if "several" in self.features:
            source = self.one(source, source, *self.maps)
        shape = self.maps[source][0]
        spatial = (
            len(shape) == 3 and "convolution" in self.features and self.one(*[True] * 4, False)
        )
        channels = self.draw(st.integers(1, 5 if spatial else 9), label="channels")
        if not last and self.has("identity") and self.one(False, True):
            target = shape
            groups: list[SynapseGroup] = [self.identity(source)]
        elif not spatial:
            target = (channels,)
            groups = [self.dense(source, target)]
        else:
            fits = self.geometries(shape, (1, 1) if last else None)
            target = (channels, *self.one(*sorted({fit[1] for fit in fits})[-12:]))
            groups = [self.convolution(source, target)]
        if self.has("several"):
            for _ in range(self.draw(st.integers(1, 2))):
                groups += self.extra(self.one(*self.maps), target)
        if self.has("recurrent") and self.one(False, True):
            self.maps[name] = target, Activation()
            groups += self.extra(name, target)
        return tuple(self.draw(st.permutations(groups))), target

    def extra(self, source: str, target: Shape) -> list[SynapseGroup]:
        """Draw a group between two shapes, or none where no form of one connects them."""
        shape = self.maps[source][0]
        if shape == target and self.has("identity"):
            return [self.identity(source)]
        if len(target) == 1:
            return [self.dense(source, target)]
        if len(shape) == 3 and self.geometries(shape, target[1:]):
            return [self.convolution(source, target)]
        return []

    def weights(self, *shape: int) -> dict[str, Any]:
        bits = self.draw(st.integers(1, 8), label="bits")
        low, high = weight_range(bits)
        weights = self.rng.integers(low, high + 1, shape)
        if bits == 1:
            weights = np.where(weights >= 0, 1, -1)
        return {"bits": bits, "weights": weights, "delay": self.delay()}

    def delay(self) -> int:
        return self.one(1, 2, 3, 5, 9) if self.has("delay") else 0

    def identity(self, source: str) -> Identity:
        return Identity(source=source, **self.weights(self.maps[source][0][0]))

    def dense(self, source: str, target: Shape) -> Dense:
        elements = int(np.prod(self.maps[source][0]))
        return Dense(source=source, **self.weights(target[0], elements))

    def geometries(
        self, source: Shape, extent: Shape | None = None
    ) -> list[tuple[tuple[tuple[int, int], ...], Shape]]:
        """Return each ((kernel, stride, padding), (rows, columns)) that suits a source."""
        found = []
        kernels = range(1, 10)
        strides = (1, 2, 3) if "stride" in self.features else (1,)
        for kernel in ((k, j) for k in kernels for j in kernels if abs(k - j) < 2 or extent):
            for stride in ((s, t) for s in strides for t in strides):
                halves = (kernel[0] // 2, kernel[1] // 2)
                paddings = {(0, 0), halves}
                if "padding" in self.features:
                    paddings |= {(0, 1), (2, 1)}
                for padding in sorted(paddings):
                    size = tuple(
                        (n + 2 * p - k) // s + 1
                        for n, p, k, s in zip(source[1:], padding, kernel, stride, strict=True)
                    )
                    if 1 <= min(size) and max(size) <= 9 and extent in (None, size):
                        found.append(((kernel, stride, padding), size))
        return found

    def convolution(self, source: str, target: Shape) -> Convolution:
        shape = self.maps[source][0]
        geometries = sorted({fit[0] for fit in self.geometries(shape, target[1:])})
        kernel, stride, padding = self.one(*geometries)
        common = [n for n in range(1, shape[0] + 1) if not shape[0] % n and not target[0] % n]
        groups = self.one(*common) if self.has("groups") else 1
        return Convolution(
            source=source,
            stride=stride,
            padding=padding,
            groups=groups,
            **self.weights(target[0], shape[0] // groups, *kernel),
        )

    def pool(self, target: Shape) -> Pool | None:
        kinds = [kind for kind in ("max", "sum") if f"{kind} pool" in self.features]
        if not kinds or self.one(False, False, True):
            return None
        fits = [
            (rows, columns)
            for rows in range(1, min(target[1], 4) + 1)
            for columns in range(1, min(target[2], 4) + 1)
            if "cropped" in self.features or not (target[1] % rows or target[2] % columns)
        ]
        of: Literal["spikes", "sums"] = "sums" if self.has("pool of sums") else "spikes"
        return Pool(kind=self.one(*kinds), size=self.one(*fits), of=of)

    def scale(self, groups: tuple[SynapseGroup, ...], channels: int) -> Any:
        """Return about how large the sums of each channel get."""
        squares = np.zeros(channels)
        for group in groups:
            activation = self.maps[group.source][1]
            mean_square = 0.3 if activation.bits == 1 else 0.1 * (activation.high + 1) ** 2
            squares += mean_square * (group.weights.reshape(channels, -1) ** 2).sum(1)
        return np.sqrt(squares) + 1
