"""How much work a run was: the additions that gathering its events takes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.synapse import Convolution, Identity, Shape, SynapseGroup
from ...export.tables import Layer, Tables
from .inputs import checked
from .pools import pooled
from .trace import Trace


def additions(tables: Tables, trace: Trace, x: NDArray[Any]) -> dict[str, NDArray[np.int64]]:
    """Count the additions that a run takes on an array that gathers.

    An event is a bit that is set in an element of a neuron's receptive field: a spike, or one bit
    plane of a count or value. Each costs one addition for each kept output channel of its position,
    whatever the weight.

    Parameters
    ----------
    tables, x
        What ran.
    trace
        What `golden.run(tables, x)` returned.

    Returns
    -------
    dict
        Of each layer: int64 (steps, batch).
    """
    if trace.tables != tables.sha256:
        raise ValueError(f"trace must be of the tables {tables.sha256}, not of {trace.tables}")
    maps = {"input": checked(tables, x)}
    maps |= {
        layer.name: pooled(layer.spike_pool, trace.spikes[layer.name]) for layer in tables.layers
    }
    found = {}
    for layer in tables.layers:
        total = np.zeros(trace.spikes[layer.name].shape[:2], np.int64)
        for group in layer.synapses:
            bits = tables.activation(group.source).bits
            events = np.bitwise_count(maps[group.source].view(np.uint8) & ((1 << bits) - 1))
            if lag := group.delay + (group.source == layer.name):
                events = np.concatenate([np.zeros_like(events[:lag]), events[:-lag]])
            uses = synapses(group, layer, tables.map_shapes[group.source], tables.gathered_shapes)
            total += np.tensordot(events.reshape(*total.shape, -1), uses.ravel(), 1)
        found[layer.name] = total
    return found


def channel_rates(tables: Tables, trace: Trace, x: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
    """Return the share of the bits that are 1 in each channel of 'input' and of every layer's map.

    Parameters
    ----------
    tables, x, trace
        As for `additions`.

    Returns
    -------
    dict
        float64 (channels,), 0…1, over all bit planes, places, steps and samples.
    """
    maps = {"input": checked(tables, x)}
    maps |= {
        layer.name: pooled(layer.spike_pool, trace.spikes[layer.name]) for layer in tables.layers
    }
    found = {}
    for name, values in maps.items():
        bits = tables.activation(name).bits
        events = np.bitwise_count(values.view(np.uint8) & ((1 << bits) - 1))
        found[name] = np.moveaxis(events, 2, 0).reshape(events.shape[2], -1).mean(1) / bits
    return found


def synapses(
    group: SynapseGroup, layer: Layer, source: Shape, shapes: dict[str, Shape]
) -> NDArray[np.int64]:
    """Return how many kept neurons each element of a source feeds, in the source's shape."""
    target = shapes[layer.name]
    if isinstance(group, Identity):
        uses = np.zeros(source, np.int64)
        uses[tuple(slice(size) for size in target)] = 1
        return uses * layer.kept.reshape(-1, *(1,) * (len(source) - 1))
    if not isinstance(group, Convolution):
        return np.full(source, np.count_nonzero(layer.kept), np.int64)
    rows, columns = (coverage(source[axis + 1], target[axis + 1], group, axis) for axis in range(2))
    kept = layer.kept.reshape(group.groups, -1).sum(1).repeat(source[0] // group.groups)
    seen: NDArray[np.int64] = kept[:, None, None] * rows[:, None] * columns
    return seen


def coverage(size: int, positions: int, group: Convolution, axis: int) -> NDArray[np.int64]:
    """Return how many output positions along one axis see each of `size` elements."""
    first = np.arange(positions) * group.stride[axis] - group.padding[axis]
    seen = (first[:, None] + np.arange(group.kernel[axis])).ravel()
    return np.bincount(seen[(seen >= 0) & (seen < size)], minlength=size)
