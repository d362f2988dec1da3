"""The parts of a network: its input and its layers with their pools."""

from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..checks.arguments import choice, identifier, integer, pair
from .neuron import Activation, Neuron
from .synapse import Shape, SynapseGroup

SPIKE = Activation()

LARGEST_MAP = 1 << 24
"""Elements of a map: 4096×4096 pixels; their states alone fill the largest FPGA's memory."""


def check_elements(name: str, shape: Shape) -> None:
    """Raise `ValueError` naming `name` where a map has more than `LARGEST_MAP` elements."""
    if prod(shape) > LARGEST_MAP:
        raise ValueError(
            f"{name} must have at most {LARGEST_MAP} elements, not {prod(shape)}: "
            f"{'×'.join(map(str, shape))}"
        )


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
        sample already has one map a step). See `somagate.data.encode`.
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
        shape = tuple(integer("Input shape", size, 1, LARGEST_MAP) for size in self.shape)
        check_elements("Input shape", shape)
        object.__setattr__(self, "shape", shape)
        if not isinstance(self.activation, Activation):
            raise TypeError(f"Input activation must be an Activation, not {self.activation!r}")
        if not isinstance(self.constant, bool):
            raise TypeError(f"Input constant must be a bool, not {self.constant!r}")
        choice("Input encoding", self.encoding, ("rate", "direct", "frames"))
        object.__setattr__(self, "maximum", integer("Input maximum", self.maximum, 1, 65535))


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Pooling fused into the layer that feeds it: windows of `size`, side by side.

    Attributes
    ----------
    kind
        'max' (OR of spikes, or the largest sum) or 'sum' (count of spikes, or the sum of sums). An
        average of spikes is a sum whose 1/area sits in the next layer's scale, one of sums has it
        in the thresholds.
    size
        (rows, columns) of a window, which is also its stride.
    of
        'spikes': behind the neurons. 'sums': before them, so a window has one neuron.
    """

    kind: Literal["max", "sum"] = "max"
    size: tuple[int, int] = (2, 2)
    of: Literal["spikes", "sums"] = "spikes"

    def __post_init__(self) -> None:
        choice("Pool kind", self.kind, ("max", "sum"))
        choice("Pool of", self.of, ("spikes", "sums"))
        object.__setattr__(self, "size", pair("Pool size", self.size, 1, 15))

    @property
    def area(self) -> int:
        """Places in a window."""
        return self.size[0] * self.size[1]


def windows(shape: Shape, pool: Pool | None) -> Shape:
    """Return a shape with the windows of a pool, if there is one, in place of the places."""
    if pool is None:
        return shape
    return shape[0], *(n // k for n, k in zip(shape[1:], pool.size, strict=True))


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """One layer: the sum of its synapse groups, its neurons, and the pool behind them.

    Attributes
    ----------
    name
        Unique; letters, digits and underscores.
    synapses
        One group or more; all must produce the same shape. A group whose source is the layer
        itself carries the spikes of the step before; each may see its source later still, by its
        `delay`.
    neuron
        Parameters a channel.
    pool
        None, or what the next layers see in place of the spikes, or the neurons in place of the
        sums. Places that no window covers (the last rows or columns, where the size does not
        divide) are left out: they do not exist.
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
        synapses = self.synapses
        if not isinstance(synapses, tuple | list) or not synapses:
            raise TypeError(
                f"layer {self.name}: synapses must be a tuple of synapse groups, not {synapses!r}"
            )
        for group in synapses:
            if not isinstance(group, SynapseGroup):
                raise TypeError(
                    f"layer {self.name}: synapses must be a tuple of synapse groups, "
                    f"not hold {group!r}"
                )
        if all(group.source == self.name for group in synapses):
            raise ValueError(f"layer {self.name}: synapses must have a source besides the layer")
        object.__setattr__(self, "synapses", tuple(synapses))
        if not isinstance(self.neuron, Neuron):
            raise TypeError(f"layer {self.name}: neuron must be a Neuron, not {self.neuron!r}")
        if not isinstance(self.pool, Pool | None):
            raise TypeError(f"layer {self.name}: pool must be a Pool or None, not {self.pool!r}")
        if self.pool and any(group.source == self.name for group in synapses):
            raise ValueError(
                f"layer {self.name}: a recurrent layer must have no pool; put the pool behind a "
                "layer of its own"
            )
        if self.most > 255:
            raise ValueError(
                f"layer {self.name}: pool must count at most 255 spikes, not {self.most}: take a "
                "smaller window, or fewer spike_bits"
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
    def sum_pool(self) -> Pool | None:
        """The pool, if it is one of sums."""
        return self.pool if self.pool and self.pool.of == "sums" else None

    @property
    def spike_pool(self) -> Pool | None:
        """The pool, if it is one of spikes."""
        return self.pool if self.pool and self.pool.of == "spikes" else None

    @property
    def most(self) -> int:
        """The largest element of the map that the next layers see, if the layer fires at all."""
        adds = self.spike_pool is not None and self.spike_pool.kind == "sum"
        return self.neuron.most_spikes * (self.spike_pool.area if adds and self.spike_pool else 1)

    @property
    def activation(self) -> Activation:
        """What the next layers see in one time step."""
        if self.neuron.spike_bits == 1 and (not self.spike_pool or self.spike_pool.kind == "max"):
            return SPIKE
        return Activation(kind="count", bits=self.most.bit_length())
