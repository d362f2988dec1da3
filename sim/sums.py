"""Exact sums of weight · activation, by matrix products of floats.

A float holds every integer up to 2**24 (float32) or 2**53 (float64) exactly. Where no partial sum
of a synapse group can leave that range, whatever its inputs, the product in floats is exact in any
order of additions, and BLAS does the work. The range comes from the tables alone.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..export.checks import Ints
from ..export.synapse import Convolution, Dense, Identity, SynapseGroup
from ..export.tables import Layer, Tables

Sum = Callable[[NDArray[Any]], NDArray[Any]]
"""From maps (maps, *source shape) to sums (maps, *neuron shape)."""


def product_dtype(tables: Tables, layer: Layer, group: SynapseGroup) -> np.dtype[Any]:
    """Return the float whose products are exact for a group, whatever its inputs."""
    low, high = group.bounds(
        tables.map_shapes[group.source], tables.mask(group.source), *tables.largest(group.source)
    )
    largest = max(int(-low[layer.kept].min()), int(high[layer.kept].max()))
    # The tables bound the sums of a layer by 2**40, so float64 is always wide enough.
    assert largest < 2**53
    return np.dtype(np.float32 if largest <= 2**24 else np.float64)


def gathered_activations(tables: Tables, layer: Layer, group: SynapseGroup) -> int:
    """Return how many activations `group_sum` lays out for one map."""
    if isinstance(group, Convolution):
        return (
            prod(tables.neuron_shapes[layer.name][1:])
            * prod(group.weights.shape[1:])
            * group.groups
        )
    return prod(tables.map_shapes[group.source])


def group_sum(tables: Tables, layer: Layer, group: SynapseGroup, dtype: DTypeLike) -> Sum:
    """Return the function that sums one synapse group for any number of maps at once.

    Parameters
    ----------
    tables, layer, group
        The group is one of the layer's.
    dtype
        Signed integer of the sums; the caller knows that it is wide enough.
    """
    source = tables.map_shapes[group.source]
    target = tables.neuron_shapes[layer.name]
    weights = group.masked(source, tables.mask(group.source))
    kept = layer.kept.reshape(-1, *(1,) * (weights.ndim - 1))
    weights = np.where(kept, weights, 0)
    match group:
        case Identity():
            return _identity(weights.astype(dtype), target)
        case Dense():
            product = weights.T.astype(product_dtype(tables, layer, group))
            return lambda maps: (
                maps.reshape(len(maps), -1).astype(product.dtype) @ product
            ).astype(dtype)
        case Convolution():
            return _convolution(
                weights, group, target, product_dtype(tables, layer, group), np.dtype(dtype)
            )


def _identity(weights: NDArray[Any], target: tuple[int, ...]) -> Sum:
    weights = weights.reshape(-1, *(1,) * (len(target) - 1))
    crop = (slice(None), *(slice(size) for size in target))
    return lambda maps: np.multiply(maps[crop], weights, dtype=weights.dtype)


def _convolution(
    weights: Ints,
    group: Convolution,
    target: tuple[int, ...],
    product: np.dtype[Any],
    dtype: np.dtype[Any],
) -> Sum:
    """Gather the receptive fields of all positions, then one product for each group of channels."""
    channels, rows, columns = target
    kernel = weights.reshape(group.groups, channels // group.groups, -1).astype(product)
    (pad_rows, pad_columns), (step_rows, step_columns) = group.padding, group.stride

    def run(maps: NDArray[Any]) -> NDArray[Any]:
        count, inputs = maps.shape[:2]
        padded = np.zeros(
            (count, inputs, maps.shape[2] + 2 * pad_rows, maps.shape[3] + 2 * pad_columns), product
        )
        padded[
            :, :, pad_rows : pad_rows + maps.shape[2], pad_columns : pad_columns + maps.shape[3]
        ] = maps
        fields = np.lib.stride_tricks.sliding_window_view(padded, group.kernel, (2, 3))
        fields = fields[:, :, ::step_rows, ::step_columns][:, :, :rows, :columns]
        gathered = fields.transpose(0, 1, 4, 5, 2, 3).reshape(
            count, group.groups, -1, rows * columns
        )
        sums: NDArray[Any] = (kernel @ gathered).astype(dtype)
        return sums.reshape(count, *target)

    return run
