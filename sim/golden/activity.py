"""How much work a run was: the additions that gathering its events takes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.synapse import Convolution, Identity, Shape, SynapseGroup
from ...export.tables import Layer, Tables
from .seen_maps import seen_maps
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
    seen = seen_maps(tables, trace, x)
    found = {}
    for layer in tables.layers:
        total = np.zeros(trace.spikes[layer.name].shape[:2], np.int64)
        for group in layer.synapses:
            bits = tables.activation(group.source).bits
            events = np.bitwise_count(seen[group.source].view(np.uint8) & ((1 << bits) - 1))
            kept = layer.kept.reshape(-1, *(1,) * (group.weights.ndim - 1))
            counted = np.broadcast_to(kept, group.weights.shape)
            total += used(tables, layer, group, events, counted)
        found[layer.name] = total
    return found


def used(
    tables: Tables,
    layer: Layer,
    group: SynapseGroup,
    events: NDArray[Any],
    counted: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Return how often a group's counted connections are used, (steps, batch).

    Parameters
    ----------
    tables, layer, group
        Where it is.
    events
        How often each element of the source's map is, (steps, batch, *map shape), in the step in
        which it is there; the group may see it later.
    counted
        As of `connections`.
    """
    if lag := group.delay + (group.source == layer.name):
        events = np.concatenate([np.zeros_like(events[:lag]), events[:-lag]])
    shape = tables.map_shapes[group.source]
    uses = connections(group, counted, shape, tables.gathered_shapes[layer.name])
    found: NDArray[np.int64] = np.tensordot(events.reshape(*events.shape[:2], -1), uses.ravel(), 1)
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
    seen = seen_maps(tables, trace, x)
    found = {}
    for name, values in seen.items():
        bits = tables.activation(name).bits
        events = np.bitwise_count(values.view(np.uint8) & ((1 << bits) - 1))
        found[name] = np.moveaxis(events, 2, 0).reshape(events.shape[2], -1).mean(1) / bits
    return found


def connections(
    group: SynapseGroup, counted: NDArray[np.bool_], source: Shape, target: Shape
) -> NDArray[np.int64]:
    """Return how many counted connections each element of a source has, in the source's shape.

    Parameters
    ----------
    group
        Whose connections.
    counted
        Whether those of each weight count, in the weights' shape.
    source, target
        Shapes of the source's map and of the layer's neurons.
    """
    if isinstance(group, Identity):
        uses = np.zeros(source, np.int64)
        uses[tuple(slice(size) for size in target)] = 1
        return uses * counted.reshape(-1, *(1,) * (len(source) - 1))
    found: NDArray[np.int64]
    if not isinstance(group, Convolution):
        found = counted.sum(0, dtype=np.int64).reshape(source)
        return found
    grouped = counted.reshape(group.groups, -1, *counted.shape[1:])
    weights = grouped.sum(1, dtype=np.int64).reshape(source[0], *group.kernel)
    rows, columns = (_seen(source[axis + 1], target[axis + 1], group, axis) for axis in range(2))
    found = rows.T @ weights @ columns
    return found


def _seen(size: int, positions: int, group: Convolution, axis: int) -> NDArray[np.int64]:
    """Return at how many positions each place of a kernel sees each element along an axis."""
    seen = np.zeros((group.kernel[axis], size), np.int64)
    first = np.arange(positions) * group.stride[axis] - group.padding[axis]
    for place in range(group.kernel[axis]):
        elements = first + place
        seen[place, elements[(elements >= 0) & (elements < size)]] = 1
    return seen


def silent_and_saturated(
    tables: Tables, name: str, fired: NDArray[np.int64], slots: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the kept channels of a layer that never fired, and those that always did all they can.

    Of 'input' and of a layer that never fires there are none of either.

    Parameters
    ----------
    tables, name
        The network, and one of its layers or 'input'.
    fired
        Spikes of each channel, (channels,).
    slots
        Neurons of a channel times the steps and samples in which they were counted.

    Returns
    -------
    Two arrays of channels, int64.
    """
    if name == "input" or tables.layer(name).neuron.threshold is None:
        none = np.zeros(0, np.int64)
        return none, none
    layer = tables.layer(name)
    silent, most = fired == 0, fired == slots * layer.neuron.most_spikes
    return np.flatnonzero(layer.kept & silent), np.flatnonzero(layer.kept & most)
