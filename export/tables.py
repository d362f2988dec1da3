"""`Tables`: a whole quantized network as integers, the contract between all parts of somagate.

The golden simulator, the hardware generator and the boards read the same tables, and agree on
every spike and every membrane potential. What the numbers mean is defined by
`somagate.sim.golden`.
"""

from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks.arguments import identifier, integer
from ..shown import text
from . import bounds, file, summary
from .bounds import Bounds
from .layer import SPIKE, Input, Layer, Pool, check_elements, windows
from .neuron import Activation
from .readout import Readout
from .synapse import Shape
from .widths import signed_bits

__all__ = ["SPIKE", "Bounds", "Input", "Layer", "Pool", "Readout", "Tables", "signed_bits"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Tables:
    """A whole network.

    Attributes
    ----------
    name
        Of the network; letters, digits and underscores.
    steps
        Time steps of one inference.
    source
        Where imported tables are from, with the proof, as JSON holds it; or None. It isn't part of
        the contents: neither of the hash nor of what is run.
    input, layers, readout
        See there. Layers are in the order of execution: a group's source is the input, an earlier
        layer, or its own layer.
    """

    name: str
    steps: int
    input: Input
    layers: tuple[Layer, ...]
    readout: Readout
    source: dict[str, Any] | None = field(default=None, metadata={"beside": True})

    def __post_init__(self) -> None:
        identifier("Tables name", self.name)
        if not isinstance(self.source, dict | None):
            raise TypeError(f"Tables source must be a dict or None, not {self.source!r:.200}")
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
        answering = self.layer(self.readout.layer)
        self.readout.check(answering, self.neuron_shapes[answering.name], self.steps)

    def layer(self, name: str) -> Layer:
        """Return the layer called `name`, or raise `KeyError`."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"no layer {name!r}; there are {[layer.name for layer in self.layers]}")

    @cached_property
    def gathered_shapes(self) -> dict[str, Shape]:
        """Shape of each layer's sums: (channels, rows, columns) or (neurons,)."""
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
                maps[layer.name] = found = windows(target, layer.pool)
                if min(found) < 1:
                    raise ValueError(
                        f"layer {layer.name}: pool size must fit the {target[1]}×{target[2]} "
                        f"neurons, not be {layer.pool.size}"
                    )
                rows, columns = layer.pool.size
                shapes[layer.name] = found[0], found[1] * rows, found[2] * columns
        return shapes

    @cached_property
    def neuron_shapes(self) -> dict[str, Shape]:
        """Shape of each layer's neurons: (channels, rows, columns) or (neurons,)."""
        shapes = self.gathered_shapes
        return {layer.name: windows(shapes[layer.name], layer.sum_pool) for layer in self.layers}

    @cached_property
    def map_shapes(self) -> dict[str, Shape]:
        """Shape of the map behind each layer's pool, and of 'input'."""
        shapes = self.gathered_shapes
        return {"input": self.input.shape} | {
            layer.name: windows(shapes[layer.name], layer.pool) for layer in self.layers
        }

    def activation(self, source: str) -> Activation:
        """Return what an element of a source's map can be; `source` is 'input' or a layer."""
        return self.input.activation if source == "input" else self.layer(source).activation

    @cached_property
    def updates(self) -> int:
        """Updates of neurons in one inference, all layers and steps; as many spikes are kept."""
        return self.steps * sum(prod(shape) for shape in self.neuron_shapes.values())

    @cached_property
    def classes(self) -> int:
        """Values of an answer."""
        return self.layer(self.readout.layer).neuron.channels // self.readout.voters

    @property
    def answers(self) -> int:
        """Answers of an inference: one, or one a step."""
        return self.steps if self.readout.over == "every" else 1

    @cached_property
    def readout_bits(self) -> int:
        """Width of a value of an answer, two's complement."""
        return self.readout.bits(self.layer(self.readout.layer).neuron, self.steps)

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
            return 0, layer.most
        activation = self.activation(source)
        return activation.low, activation.high

    def accumulator_bounds(self, name: str) -> Bounds:
        """Bound the sum at each place of a layer: all groups together, exactly, a channel."""
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

    def sum_bounds(self, name: str) -> Bounds:
        """Bound `acc` of a layer: what its pool of sums, if any, makes of the sums, a channel."""
        pool, (low, high) = self.layer(name).sum_pool, self.accumulator_bounds(name)
        area = pool.area if pool and pool.kind == "sum" else 1
        return low * area, high * area

    def state_bounds(self, name: str) -> Bounds:
        """Bound the stored potential, brought back to accumulator LSBs, a channel."""
        return bounds.state(self.layer(name).neuron)

    def update_bounds(self, name: str) -> Bounds:
        """Bound `u` of a layer: potential, accumulator and bias together, a channel."""
        return bounds.update(self.layer(name).neuron, self.sum_bounds(name))

    def accumulator_bits(self, name: str) -> int:
        """Return the width in bits of a two's complement accumulator that never overflows."""
        low, high = self.accumulator_bounds(name)
        return signed_bits(int(low.min()), int(high.max()))

    def thresholds(self) -> list[str]:
        """Return a sentence for each channel that can never fire, or always does."""
        return [
            f"layer {layer.name}, {finding}"
            for layer in self.layers
            for finding in bounds.thresholds(layer.neuron, layer.kept, self.sum_bounds(layer.name))
        ]

    def saturation(self) -> list[str]:
        """Return a sentence for each layer that may hold more spikes than its neurons can send."""
        found = []
        for layer in self.layers:
            most = bounds.most_spikes(layer.neuron, self.sum_bounds(layer.name))[layer.kept]
            if layer.neuron.spike_bits > 1 and (most > layer.neuron.most_spikes).any():
                found.append(
                    f"layer {layer.name}: a neuron sends at most {layer.neuron.most_spikes} spikes "
                    f"in a step, and could hold {most.max()}"
                )
        return found

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
