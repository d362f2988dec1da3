"""Synapse groups: the weights between one source map and a layer."""

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from ..checks.arguments import Ints, identifier, integer, integers, pair

Shape = tuple[int, ...]
"""Of a map: (channels, rows, columns), or (neurons,) behind a dense layer."""


LONGEST_DELAY = 255
"""Time steps: of a synapse group."""

_BLOCK_WEIGHTS = 1 << 20


def weight_range(bits: int) -> tuple[int, int]:
    """Return the smallest and largest weight of a width: 1 is ±1, 2 is ternary, else signed."""
    return (-1, 1) if bits <= 2 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def _set_weights(group: "SynapseGroup", dims: tuple[int, ...]) -> None:
    kind = type(group).__name__
    identifier(f"{kind} source", group.source)
    bits = integer(f"{kind} bits", group.bits, 1, 8)
    array = integers(f"{kind} weights of {bits} bits", group.weights, dims, *weight_range(bits))
    if bits == 1 and not array.all():
        index = tuple(int(i) for i in np.argwhere(array == 0)[0])
        raise ValueError(f"{kind} weights of 1 bit must be -1 or 1, not 0 at {index}")
    object.__setattr__(group, "bits", bits)
    object.__setattr__(group, "weights", array)
    delay = integer(f"{kind} delay", group.delay, 0, LONGEST_DELAY)
    object.__setattr__(group, "delay", delay)


def _bounds(weights: Ints, low: int, high: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bound the sum of each row of `weights`, any shape (channels, …), over low…high inputs."""
    flat = weights.reshape(len(weights), -1)
    # Large weights are taken a few rows at a time: both halves of all would be twice their size.
    rows = max(1, _BLOCK_WEIGHTS // flat.shape[1])
    blocks = [flat[first : first + rows] for first in range(0, len(flat), rows)]
    positive = np.concatenate([np.maximum(block, 0).sum(1, dtype=np.int64) for block in blocks])
    negative = np.concatenate([np.minimum(block, 0).sum(1, dtype=np.int64) for block in blocks])
    return negative * high + positive * low, positive * high + negative * low


@dataclass(frozen=True, kw_only=True, eq=False)
class Dense:
    """Every element of the source to every neuron.

    Attributes
    ----------
    source
        'input', a layer, or the layer's own name for a recurrent group.
    weights
        int32 (neurons, elements of the source in (channel, row, column) order).
    bits
        Width of a weight: 1 (±1), 2 (-1, 0, 1), or 3…8 (two's complement).
    delay
        Time steps by which the source is seen later, 0…255: an earlier map of `delay` steps before,
        the layer's own of `delay` + 1.
    """

    source: str
    weights: Ints
    bits: int
    delay: int = 0

    def __post_init__(self) -> None:
        _set_weights(self, (2,))

    def target(self, source: Shape) -> Shape:
        """Return the shape of the layer behind a source map, or raise `ValueError`."""
        elements = prod(source)
        if self.weights.shape[1] != elements:
            raise ValueError(
                f"Dense weights must have {elements} columns for the source {self.source!r} of "
                f"shape {source}, not {self.weights.shape[1]}"
            )
        return (self.weights.shape[0],)

    def masked(self, source: Shape, mask: NDArray[np.bool_]) -> Ints:
        """Return the weights with those of pruned source channels set to 0."""
        if mask.all():
            return self.weights
        keep = np.repeat(mask, prod(source[1:]))
        return np.where(keep, self.weights, 0).astype(np.int32, copy=False)

    def bounds(
        self, source: Shape, mask: NDArray[np.bool_], low: int, high: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Bound the sum of each channel, (channels,) each, over source elements in low…high."""
        return _bounds(self.masked(source, mask), low, high)


@dataclass(frozen=True, kw_only=True, eq=False)
class Convolution:
    """A two-dimensional cross-correlation, zero-padded, as `torch.nn.Conv2d` computes it.

    Attributes
    ----------
    source
        'input', a layer, or the layer's own name for a recurrent group.
    weights
        int32 (channels, source channels / groups, kernel rows, kernel columns).
    bits
        Width of a weight, as for `Dense`.
    stride, padding
        (rows, columns).
    groups
        As for `torch.nn.Conv2d`; the number of source channels is a depthwise convolution.
    delay
        As for `Dense`.
    """

    source: str
    weights: Ints
    bits: int
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    groups: int = 1
    delay: int = 0

    def __post_init__(self) -> None:
        _set_weights(self, (4,))
        object.__setattr__(self, "stride", pair("Convolution stride", self.stride, 1, 255))
        object.__setattr__(self, "padding", pair("Convolution padding", self.padding, 0, 255))
        groups = integer("Convolution groups", self.groups, 1, 65535)
        object.__setattr__(self, "groups", groups)
        if len(self.weights) % groups:
            raise ValueError(
                f"Convolution groups must divide the {len(self.weights)} channels, not {groups}"
            )

    @property
    def kernel(self) -> tuple[int, int]:
        """(rows, columns) of the kernel."""
        return self.weights.shape[2], self.weights.shape[3]

    def target(self, source: Shape) -> Shape:
        """Return the shape of the layer behind a source map, or raise `ValueError`."""
        if len(source) != 3:
            raise ValueError(
                f"Convolution source {self.source!r} must have shape (channels, rows, columns), "
                f"not {source}"
            )
        channels, *extent = source
        if self.weights.shape[1] * self.groups != channels:
            raise ValueError(
                f"Convolution weights must have {channels} source channels for the source "
                f"{self.source!r}, not {self.weights.shape[1]} in {self.groups} groups"
            )
        size = [
            (n + 2 * p - k) // s + 1
            for n, p, k, s in zip(extent, self.padding, self.kernel, self.stride, strict=True)
        ]
        if min(size) < 1:
            raise ValueError(
                f"Convolution kernel must fit the source {self.source!r} of shape {source} with "
                f"padding {self.padding}, not be {self.kernel}"
            )
        return self.weights.shape[0], size[0], size[1]

    def masked(self, source: Shape, mask: NDArray[np.bool_]) -> Ints:
        """Return the weights with those of pruned source channels set to 0."""
        if mask.all():
            return self.weights
        blocks = mask.reshape(self.groups, -1)
        keep = np.repeat(blocks, self.weights.shape[0] // self.groups, axis=0)
        return np.where(keep[:, :, None, None], self.weights, 0).astype(np.int32, copy=False)

    def bounds(
        self, source: Shape, mask: NDArray[np.bool_], low: int, high: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Bound the sum of each channel, (channels,) each, over source elements in low…high.

        Padding is an input of 0, so 0 is always among the inputs.
        """
        return _bounds(self.masked(source, mask), min(low, 0), max(high, 0))


@dataclass(frozen=True, kw_only=True, eq=False)
class Identity:
    """Each element of the source to the neuron at its own place, as a residual connection.

    Attributes
    ----------
    source
        'input', a layer, or the layer's own name for a recurrent group.
    weights
        int32 (channels,), one a channel.
    bits
        Width of a weight, as for `Dense`.
    delay
        As for `Dense`.
    """

    source: str
    weights: Ints
    bits: int
    delay: int = 0

    def __post_init__(self) -> None:
        _set_weights(self, (1,))

    def target(self, source: Shape) -> Shape:
        """Return the shape of the layer behind a source map, or raise `ValueError`."""
        if len(self.weights) != source[0]:
            raise ValueError(
                f"Identity weights must have {source[0]} channels for the source "
                f"{self.source!r}, not {len(self.weights)}"
            )
        return source

    def masked(self, source: Shape, mask: NDArray[np.bool_]) -> Ints:
        """Return the weights with those of pruned source channels set to 0."""
        return np.where(mask, self.weights, 0).astype(np.int32)

    def bounds(
        self, source: Shape, mask: NDArray[np.bool_], low: int, high: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Bound the sum of each channel, (channels,) each, over source elements in low…high."""
        return _bounds(self.masked(source, mask), low, high)


SynapseGroup = Dense | Convolution | Identity
