"""`Tables`: a whole quantized network as integers, the contract between all parts of somagate.

The golden simulator, the hardware generator and the boards read the same tables, and agree on
every spike and every membrane potential. What the numbers mean is defined by
`somagate.sim.golden`.
"""

from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..checks.arguments import identifier, integer
from ..shown import text
from . import file, summary
from .layer import SPIKE, Input, Layer, Pool, Readout, check_elements
from .neuron import Activation, Ternary
from .synapse import Shape
from .widths import signed_bits

__all__ = ["SPIKE", "Bounds", "Input", "Layer", "Pool", "Readout", "Tables", "signed_bits"]

Bounds = tuple[NDArray[np.int64], NDArray[np.int64]]
"""The smallest and the largest value of each channel, (channels,) each, both included."""


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
        object.__setattr__(self, "steps", integer("Tables steps", self.steps, 1, 65535))
        if not isinstance(self.input, Input):
            raise TypeError(f"Tables input must be an Input, not {self.input!r}")
        layers = self.layers
        if not isinstance(layers, tuple | list) or not layers:
            raise TypeError(f"Tables layers must be a tuple of Layers, not {layers!r}")
        for layer in layers:
            if not isinstance(layer, Layer):
                raise TypeError(f"Tables layers must be a tuple of Layers, not hold {layer!r}")
        object.__setattr__(self, "layers", tuple(layers))
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
            check_elements(f"layer {layer.name}: map", target)
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

    @cached_property
    def updates(self) -> int:
        """Updates of neurons in one inference, all layers and steps; as many spikes are kept."""
        return self.steps * sum(prod(shape) for shape in self.neuron_shapes.values())

    @property
    def pruned_class(self) -> str:
        """Why the readout is none, with the way out, where it has a pruned class; or ''.

        One that counts 0, or holds 0, could be the answer; so neither golden nor the hardware runs
        such tables.
        """
        if self.layer(self.readout.layer).kept.all():
            return ""
        return "channel_mask must keep every class of the readout; prune other layers"

    def mask(self, source: str) -> NDArray[np.bool_]:
        """Return the kept channels of a source's map, bool (channels,)."""
        return np.ones(self.input.shape[0], bool) if source == "input" else self.layer(source).kept

    def range_of(self, source: str) -> tuple[int, int]:
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
        if name not in self._accumulators:
            self._accumulators[name] = self._bound_accumulator(self.layer(name))
        return self._accumulators[name]

    @cached_property
    def _accumulators(self) -> dict[str, Bounds]:
        """Bounds found so far: whoever tries many plans asks for them again and again."""
        return {}

    def _bound_accumulator(self, layer: Layer) -> Bounds:
        low = np.zeros(layer.neuron.channels, np.int64)
        high = low.copy()
        for group in layer.synapses:
            shape = self.map_shapes[group.source]
            limits = self.range_of(group.source)
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
        """Return a sentence for each channel that can never fire, or always does.

        Where negative potentials are masked, only a reset to zero is known to leave none, and with
        it a neuron that always reaches its threshold fires in every step.
        """
        findings = []
        for layer in self.layers:
            if layer.neuron.threshold is None:
                continue
            masked = layer.neuron.mask_negative and layer.neuron.reset != "zero"
            low, high = self.update_bounds(layer.name)
            for channel in np.flatnonzero(layer.kept):
                threshold = int(layer.neuron.threshold[channel])
                place = f"layer {layer.name}, channel {channel}: threshold {threshold}"
                if threshold > high[channel]:
                    findings.append(f"{place} is never reached: the most is {high[channel]}")
                elif threshold <= low[channel] and not masked:
                    findings.append(f"{place} is always reached: the least is {low[channel]}")
        return findings

    def __str__(self) -> str:
        """Return a table with a row a layer, as `somagate check` prints it."""
        return text(summary.shown(self))

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 over the contents: equal tables, equal hash."""
        return file.digest(self)

    def save(self, path: Path | str, *, overwrite: bool = True) -> None:
        """Write one `.safetensors` file; see `somagate.export.file`."""
        file.save(self, Path(path), overwrite=overwrite)

    @staticmethod
    def load(path: Path | str) -> "Tables":
        """Read a file that `save` wrote; raises `TablesFileError` where it is not one."""
        return file.read_tree(Path(path), Tables)
