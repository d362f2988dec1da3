"""Exact sums of weight · activation, by matrix products of floats.

A float holds every integer up to 2**24 (float32) or 2**53 (float64) exactly. Where no partial sum
of a synapse group can leave that range, whatever its inputs, the product in floats is exact in any
order of additions, and BLAS does the work. The range comes from the tables alone.

Sums of few bits leave room in a float32, so two or more maps share one: the activations of the
second enter as multiples of 2**bits, and one product sums both. The sums are taken apart again
with the lowest `bits` bits of the integer result for the first, the next ones for the second.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.synapse import Convolution, Dense, Identity, Shape, SynapseGroup
from ...export.tables import Layer, Tables, signed_bits

Sum = Callable[[NDArray[Any]], NDArray[Any]]
"""From maps (maps, *source shape) to sums (maps, *shape of the layer's sums)."""


@dataclass(frozen=True, kw_only=True)
class Packing:
    """How sums lie in floats.

    Attributes
    ----------
    dtype
        float32, or float64 for sums beyond 2**24.
    maps
        That share a float.
    bits
        Width of a sum, two's complement.
    """

    dtype: np.dtype[Any]
    maps: int
    bits: int

    def pack(self, maps: NDArray[Any]) -> NDArray[Any]:
        """Lay (n, …) maps over each other, as (n / `self.maps` rounded up, …)."""
        count = -(-len(maps) // self.maps)
        packed = np.zeros((count, *maps.shape[1:]), self.dtype)
        last = maps[(self.maps - 1) * count :]
        packed[: len(last)] = last
        for index in reversed(range(self.maps - 1)):
            part = maps[index * count : (index + 1) * count]
            packed *= self.dtype.type(1 << self.bits)
            packed[: len(part)] += part
        return packed

    def unpack(self, packed: NDArray[Any], count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the sums of `count` maps, of integer type `dtype`."""
        if self.maps == 1:
            return packed.astype(dtype)
        integers = packed.astype(np.int32)
        # Half of its range added to each sum makes all of them non-negative, so none borrows.
        half = 1 << (self.bits - 1)
        integers += sum(half << (index * self.bits) for index in range(self.maps))
        sums = np.empty((self.maps, *integers.shape), dtype)
        for part in sums:
            np.bitwise_and(integers, 2 * half - 1, out=part, casting="unsafe")
            part -= dtype.type(half)
            integers >>= self.bits
        return sums.reshape(-1, *integers.shape[1:])[:count]


def packing(tables: Tables, layer: Layer, group: SynapseGroup) -> Packing:
    """Return the packing whose products are exact for a group, whatever its inputs."""
    low, high = group.bounds(
        tables.map_shapes[group.source], tables.mask(group.source), *tables.range_of(group.source)
    )
    least, most = int(low[layer.kept].min()), int(high[layer.kept].max())
    largest = max(-least, most, 1)
    bits = signed_bits(least, most)
    # The tables bound the sums of a layer by 2**41, so float64 is always wide enough.
    assert largest < 2**53
    if largest > 2**24:
        return Packing(dtype=np.dtype(np.float64), maps=1, bits=bits)
    maps = 1
    while largest * sum(1 << (index * bits) for index in range(maps + 1)) <= 2**24:
        maps += 1
    return Packing(dtype=np.dtype(np.float32), maps=maps, bits=bits)


def gathered(tables: Tables, layer: Layer, group: SynapseGroup) -> int:
    """Return how many activations `group_sum` lays out for one map, at most."""
    if isinstance(group, Convolution):
        fields = prod(tables.gathered_shapes[layer.name][1:])
        return fields * prod(group.weights.shape[1:]) * group.groups
    return prod(tables.map_shapes[group.source])


def group_sum(tables: Tables, layer: Layer, group: SynapseGroup, dtype: np.dtype[Any]) -> Sum:
    """Return the function that sums one synapse group for any number of maps at once.

    A pool of sums is still to come.

    Parameters
    ----------
    tables, layer, group
        The group is one of the layer's.
    dtype
        Signed integer of the sums; the caller knows that it is wide enough.
    """
    source = tables.map_shapes[group.source]
    target = tables.gathered_shapes[layer.name]
    weights = group.masked(source, tables.mask(group.source))
    kept = layer.kept.reshape(-1, *(1,) * (weights.ndim - 1))
    weights = np.where(kept, weights, 0)
    if isinstance(group, Identity):
        return _identity(weights.astype(dtype), target)
    form = packing(tables, layer, group)
    if isinstance(group, Dense):
        product = _dense(weights.astype(form.dtype))
    else:
        product = _convolution(group, weights.astype(form.dtype), target)
    return lambda maps: form.unpack(product(form.pack(maps)), len(maps), dtype)


def _identity(weights: NDArray[Any], target: Shape) -> Sum:
    weights = weights.reshape(-1, *(1,) * (len(target) - 1))
    # Neurons that no window of the layer's pool covers do not exist.
    crop = (slice(None), *(slice(size) for size in target))
    return lambda maps: np.multiply(maps[crop], weights, dtype=weights.dtype)


def _dense(weights: NDArray[Any]) -> Sum:
    columns = np.ascontiguousarray(weights.T)
    return lambda maps: maps.reshape(len(maps), -1) @ columns


def _convolution(group: Convolution, weights: NDArray[Any], target: Shape) -> Sum:
    """Gather the receptive fields of all positions, then one product a group of channels."""
    channels, rows, columns = target
    kernel = weights.reshape(group.groups, channels // group.groups, -1)
    pads = ((0, 0), (0, 0), (group.padding[0],) * 2, (group.padding[1],) * 2)

    def product(maps: NDArray[Any]) -> NDArray[Any]:
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(maps, pads), group.kernel, (2, 3))
        windows = windows[:, :, :: group.stride[0], :: group.stride[1]][:, :, :rows, :columns]
        fields = windows.transpose(0, 1, 4, 5, 2, 3)
        fields = fields.reshape(len(maps), group.groups, -1, rows * columns)
        sums: NDArray[Any] = kernel @ fields
        return sums.reshape(-1, *target)

    return product
