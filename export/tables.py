"""`Tables`: a whole quantized network as integers, the contract between all parts of somagate.

The golden simulator, the hardware generator and the boards read the same tables, and agree on
every spike and every membrane potential. What the numbers mean is defined by
`somagate.sim.golden`.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .checks import choice, identifier, integer, pair
from .neuron import Activation, Neuron, Ternary
from .synapse import Shape, SynapseGroup

Bounds = tuple[NDArray[np.int64], NDArray[np.int64]]
"""The smallest and the largest value of each channel, (channels,) each, both included."""

SPIKE = Activation()


def signed_bits(low: int, high: int) -> int:
    """Return the width in bits of the narrowest two's complement integer for low…high."""
    return max(int(high).bit_length(), int(-low - 1).bit_length() if low < 0 else 0) + 1


@dataclass(frozen=True, kw_only=True)
class Input:
    """The network's input in one time step.

    Attributes
    ----------
    shape
        (channels, rows, columns), or (elements,).
    activation
        What one element can be.
    constant
        The same map in every step, sent once.
    encoding
        How a data set's samples become input maps: 'rate' (a deterministic spike train whose count
        is proportional to the sample), 'direct' (the sample itself in every step) or 'frames' (the
        sample already has one map a step). See `somagate.model.encode`.
    maximum
        The sample value that stands for the full scale, for 'rate' and 'direct'.
    """

    shape: Shape
    activation: Activation = SPIKE
    constant: bool = False
    encoding: Literal["rate", "direct", "frames"] = "frames"
    maximum: int = 255

    def __post_init__(self) -> None:
        if not isinstance(self.shape, tuple | list) or len(self.shape) not in (1, 3):
            raise ValueError(
                f"Input shape must be (channels, rows, columns) or (elements,), not {self.shape!r}"
            )
        shape = tuple(integer("Input shape", size, 1, 1 << 24) for size in self.shape)
        object.__setattr__(self, "shape", shape)
        if not isinstance(self.activation, Activation):
            raise TypeError(f"Input activation must be an Activation, not {self.activation!r}")
        if not isinstance(self.constant, bool):
            raise TypeError(f"Input constant must be a bool, not {self.constant!r}")
        choice("Input encoding", self.encoding, ("rate", "direct", "frames"))
        integer("Input maximum", self.maximum, 1, 65535)


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Pooling fused behind the layer that feeds it: windows of `size`, side by side.

    Attributes
    ----------
    kind
        'max' (OR of spikes) or 'sum' (count of spikes). An average is a sum whose 1/area sits in
        the next layer's scale.
    size
        (rows, columns) of a window, which is also its stride.
    """

    kind: Literal["max", "sum"] = "max"
    size: tuple[int, int] = (2, 2)

    def __post_init__(self) -> None:
        choice("Pool kind", self.kind, ("max", "sum"))
        object.__setattr__(self, "size", pair("Pool size", self.size, 1, 15))
        if self.kind == "sum" and self.area > 255:
            raise ValueError(f"Pool size of a sum must cover 1…255 neurons, not {self.area}")

    @property
    def area(self) -> int:
        """Neurons in a window."""
        return self.size[0] * self.size[1]


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """One layer: the sum of its synapse groups, its neurons, and the pool behind them.

    Attributes
    ----------
    name
        Unique; letters, digits and underscores.
    synapses
        One group or more; all must produce the same shape. A group whose source is the layer
        itself carries the spikes of the step before.
    neuron
        Parameters a channel.
    pool
        None, or what the next layers see in place of the spikes. Neurons that no window covers
        (the last rows or columns, where the size does not divide) are left out: they do not exist.
    channel_mask
        bool (channels,), True where a channel is kept. A pruned one has no weights, no state, no
        spikes and no cycles; in a trace its neurons are silent at potential 0.
    """

    name: str
    synapses: tuple[SynapseGroup, ...]
    neuron: Neuron
    pool: Pool | None = None
    channel_mask: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        identifier("Layer name", self.name)
        if self.name == "input":
            raise ValueError("Layer name must not be 'input', which is the network's input")
        synapses = tuple(self.synapses)
        if not synapses or not all(isinstance(group, SynapseGroup) for group in synapses):
            raise TypeError(
                f"layer {self.name}: synapses must be one synapse group or more, not {synapses!r}"
            )
        if all(group.source == self.name for group in synapses):
            raise ValueError(f"layer {self.name}: synapses must have a source besides the layer")
        object.__setattr__(self, "synapses", synapses)
        if not isinstance(self.neuron, Neuron):
            raise TypeError(f"layer {self.name}: neuron must be a Neuron, not {self.neuron!r}")
        if not isinstance(self.pool, Pool | None):
            raise TypeError(f"layer {self.name}: pool must be a Pool or None, not {self.pool!r}")
        if self.pool and any(group.source == self.name for group in synapses):
            raise ValueError(
                f"layer {self.name}: a recurrent layer must have no pool; put the pool behind a "
                "layer of its own"
            )
        channels = self.neuron.channels
        mask = np.ones(channels, bool) if self.channel_mask is None else self.channel_mask
        mask = np.array(mask)
        if mask.dtype != np.bool_ or mask.shape != (channels,):
            raise ValueError(
                f"layer {self.name}: channel_mask must be bool of shape ({channels},), "
                f"not {mask.dtype} of shape {mask.shape}"
            )
        if not mask.any():
            raise ValueError(f"layer {self.name}: channel_mask must keep a channel, not none")
        mask.setflags(write=False)
        object.__setattr__(self, "channel_mask", mask)

    @property
    def kept(self) -> NDArray[np.bool_]:
        """`channel_mask`, always an array."""
        assert self.channel_mask is not None
        return self.channel_mask

    @property
    def activation(self) -> Activation:
        """What the next layers see in one time step."""
        if self.pool is None or self.pool.kind == "max":
            return SPIKE
        return Activation(kind="count", bits=self.pool.area.bit_length())


@dataclass(frozen=True, kw_only=True)
class Readout:
    """The network's answer: one value a class, and the class of the largest, lowest index first.

    Attributes
    ----------
    layer
        Whose neurons are the classes: (neurons,) or (channels, 1, 1), without a pool.
    kind
        'count': spikes over all steps. 'potential': the stored potential after the last step, of a
        layer that never fires.
    """

    layer: str
    kind: Literal["count", "potential"] = "count"

    def __post_init__(self) -> None:
        identifier("Readout layer", self.layer)
        choice("Readout kind", self.kind, ("count", "potential"))


@dataclass(frozen=True, kw_only=True, eq=False)
class Tables:
    """A whole network.

    Attributes
    ----------
    name
        Of the network; letters, digits and underscores.
    steps
        Time steps of one inference.
    input, layers, readout
        See there. Layers are in the order of execution: a group's source is the input, an earlier
        layer, or its own layer.
    """

    name: str
    steps: int
    input: Input
    layers: tuple[Layer, ...]
    readout: Readout

    def __post_init__(self) -> None:
        identifier("Tables name", self.name)
        integer("Tables steps", self.steps, 1, 65535)
        if not isinstance(self.input, Input):
            raise TypeError(f"Tables input must be an Input, not {self.input!r}")
        layers = tuple(self.layers)
        if not layers or not all(isinstance(layer, Layer) for layer in layers):
            raise TypeError(f"Tables layers must be one Layer or more, not {layers!r}")
        object.__setattr__(self, "layers", layers)
        names = ["input", *(layer.name for layer in layers)]
        for index, layer in enumerate(layers):
            if layer.name in names[: index + 1]:
                raise ValueError(f"Layer names must be unique, not {layer.name!r} twice")
            for group in layer.synapses:
                if group.source not in names:
                    raise ValueError(
                        f"layer {layer.name}: source must be 'input' or a layer, "
                        f"not {group.source!r}"
                    )
                if group.source not in names[: index + 2]:
                    raise ValueError(
                        f"layer {layer.name}: source must come before the layer or be the layer "
                        f"itself, not {group.source!r}, which comes after it"
                    )
        if not isinstance(self.readout, Readout):
            raise TypeError(f"Tables readout must be a Readout, not {self.readout!r}")
        if self.readout.layer not in names[1:]:
            raise ValueError(f"Readout layer must be a layer, not {self.readout.layer!r}")
        _ = self.neuron_shapes
        for layer in layers:
            low, high = self.update_bounds(layer.name)
            if low.min() < -(2**40) or high.max() >= 2**40:
                raise ValueError(
                    f"layer {layer.name}: sums must fit in 41 bits, not reach "
                    f"{int(low.min())}…{int(high.max())}"
                )
        self._check_readout()

    def _check_readout(self) -> None:
        layer = self.layer(self.readout.layer)
        shape = self.neuron_shapes[layer.name]
        if shape[1:] not in ((), (1, 1)) or layer.pool:
            raise ValueError(
                f"Readout layer {layer.name} must be (neurons,) or (channels, 1, 1) without a "
                f"pool, not {shape}{' with a pool' if layer.pool else ''}; add a dense layer"
            )
        fires = layer.neuron.threshold is not None
        if self.readout.kind == "count" and not fires:
            raise ValueError(
                f"Readout kind must be 'potential' for layer {layer.name}, which never fires, "
                "not 'count'"
            )
        if self.readout.kind == "potential" and fires:
            raise ValueError(
                f"Readout kind must be 'count' for layer {layer.name}, which fires, not 'potential'"
            )

    def layer(self, name: str) -> Layer:
        """Return the layer called `name`, or raise `KeyError`."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"no layer {name!r}; there are {[layer.name for layer in self.layers]}")

    @cached_property
    def neuron_shapes(self) -> dict[str, Shape]:
        """Shape of each layer's neurons: (channels, rows, columns) or (neurons,)."""
        shapes: dict[str, Shape] = {}
        maps: dict[str, Shape] = {"input": self.input.shape}
        for layer in self.layers:
            target = None
            for group in sorted(layer.synapses, key=lambda g: g.source == layer.name):
                source = maps.get(group.source, target)
                assert source is not None  # a recurrent group comes after one with a source
                try:
                    shape = group.target(source)
                    if target is not None and shape != target:
                        raise ValueError(
                            f"synapses must all produce the shape {target}, not {shape} "
                            f"from {group.source!r}"
                        )
                except ValueError as error:
                    raise ValueError(f"layer {layer.name}: {error}") from None
                target = shape
            assert target is not None
            if target[0] != layer.neuron.channels:
                raise ValueError(
                    f"layer {layer.name}: neuron must have {target[0]} channels as the weights "
                    f"have, not {layer.neuron.channels}"
                )
            maps[layer.name] = shapes[layer.name] = target
            if layer.pool:
                if len(target) != 3:
                    raise ValueError(
                        f"layer {layer.name}: pool must be None behind a dense layer, not a Pool"
                    )
                size = [n // k for n, k in zip(target[1:], layer.pool.size, strict=True)]
                if min(size) < 1:
                    raise ValueError(
                        f"layer {layer.name}: pool size must fit the {target[1]}×{target[2]} "
                        f"neurons, not be {layer.pool.size}"
                    )
                maps[layer.name] = (target[0], size[0], size[1])
                shapes[layer.name] = (
                    target[0], size[0] * layer.pool.size[0], size[1] * layer.pool.size[1]
                )  # fmt: skip
        return shapes

    @cached_property
    def map_shapes(self) -> dict[str, Shape]:
        """Shape of the map behind each layer's pool, and of 'input'."""
        shapes = {"input": self.input.shape}
        for layer in self.layers:
            shape = self.neuron_shapes[layer.name]
            if layer.pool:
                rows, columns = layer.pool.size
                shape = (shape[0], shape[1] // rows, shape[2] // columns)
            shapes[layer.name] = shape
        return shapes

    def activation(self, source: str) -> Activation:
        """Return what an element of a source's map can be; `source` is 'input' or a layer."""
        return self.input.activation if source == "input" else self.layer(source).activation

    def mask(self, source: str) -> NDArray[np.bool_]:
        """Return the kept channels of a source's map, bool (channels,)."""
        return np.ones(self.input.shape[0], bool) if source == "input" else self.layer(source).kept

    def largest(self, source: str) -> tuple[int, int]:
        """Return the smallest and the largest element that a source's map can hold."""
        if source != "input":
            layer = self.layer(source)
            if layer.neuron.threshold is None:
                return 0, 0
            if layer.pool and layer.pool.kind == "sum":
                return 0, layer.pool.area
        activation = self.activation(source)
        return activation.low, activation.high

    def accumulator_bounds(self, name: str) -> Bounds:
        """Bound `acc` of a layer: all synapse groups together, exactly, a channel."""
        layer = self.layer(name)
        low = np.zeros(layer.neuron.channels, np.int64)
        high = low.copy()
        for group in layer.synapses:
            shape = self.map_shapes[group.source]
            limits = self.largest(group.source)
            group_low, group_high = group.bounds(shape, self.mask(group.source), *limits)
            low, high = low + group_low, high + group_high
        # A sum that the borders cut short may hold fewer terms, down to none at all.
        low, high = np.minimum(low, 0), np.maximum(high, 0)
        return np.where(layer.kept, low, 0), np.where(layer.kept, high, 0)

    def state_bounds(self, name: str) -> Bounds:
        """Bound the stored potential, brought back to accumulator LSBs, a channel."""
        neuron = self.layer(name).neuron
        ones = np.ones(neuron.channels, np.int64)
        if isinstance(neuron.store, Ternary):
            return -ones * neuron.store.level, ones * neuron.store.level
        shift = neuron.store.shift
        return ones * (neuron.store.low << shift), ones * (neuron.store.high << shift)

    def update_bounds(self, name: str) -> Bounds:
        """Bound `u` of a layer: potential, accumulator and bias together, a channel.

        The bound does not count on the leak, which only brings a potential closer to 0 or -1.
        """
        bias = self.layer(name).neuron.bias.astype(np.int64)
        accumulator, state = self.accumulator_bounds(name), self.state_bounds(name)
        return state[0] + accumulator[0] + bias, state[1] + accumulator[1] + bias

    def accumulator_bits(self, name: str) -> int:
        """Return the width in bits of a two's complement accumulator that never overflows."""
        low, high = self.accumulator_bounds(name)
        return signed_bits(int(low.min()), int(high.max()))

    def thresholds(self) -> list[str]:
        """Return a sentence for each channel that can never fire, or always does."""
        findings = []
        for layer in self.layers:
            if layer.neuron.threshold is None:
                continue
            low, high = self.update_bounds(layer.name)
            for channel in np.flatnonzero(layer.kept):
                threshold = int(layer.neuron.threshold[channel])
                place = f"layer {layer.name}, channel {channel}: threshold {threshold}"
                if threshold > high[channel]:
                    findings.append(f"{place} is never reached: the most is {high[channel]}")
                elif threshold <= low[channel]:
                    findings.append(f"{place} is always reached: the least is {low[channel]}")
        return findings

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 over the contents: equal tables, equal hash."""
        from .file import digest

        return digest(self)

    def save(self, path: Path | str) -> None:
        """Write one `.safetensors` file; see `somagate.export.file`."""
        from .file import save

        save(self, Path(path))

    @staticmethod
    def load(path: Path | str) -> "Tables":
        """Read a file that `save` wrote; raises `TablesFileError` where it is not one."""
        from .file import load

        return load(Path(path))
