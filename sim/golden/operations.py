"""Synaptic operations and sparsities of a run, as NeuroBench defines and names them.

Yik et al., "The NeuroBench framework for benchmarking neuromorphic computing algorithms and
systems", Nature Communications 16, 1545 (2025). They are of the network and not of any hardware: an
operation is *effective* where neither the weight nor the activation is 0, and *dense* are those of
all weights with all activations. What an accelerator does instead is in `activity.additions`.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.neuron import Activation
from ...export.tables import Layer, Tables
from .activity import connections, used
from .seen_maps import seen_maps
from .trace import Trace


@dataclass(frozen=True, kw_only=True, eq=False)
class Operations:
    """One layer's share of a run.

    Attributes
    ----------
    acs
        int64 (batch,): effective accumulates, where every activation is -1, 0 or 1 by its kind.
    macs
        int64 (batch,): effective multiply-accumulates, where it is a count or a value. The array
        adds such an activation bit plane by bit plane; it never multiplies.
    dense
        Of a sample: all weights, those of pruned channels too, with all activations that they see.
    weights, zero_weights
        How many; those of pruned channels, and to them, are zero.
    activations
        Of a sample: what its kept neurons sent, a spike or none each, in all time steps; 0 where
        they never fire.
    spikes
        int64 (batch,): those of them that are not 0.
    """

    acs: NDArray[np.int64]
    macs: NDArray[np.int64]
    dense: int
    weights: int
    zero_weights: int
    activations: int
    spikes: NDArray[np.int64]


def operations(tables: Tables, trace: Trace, x: NDArray[Any]) -> dict[str, Operations]:
    """Count the synaptic operations of each layer.

    Parameters
    ----------
    tables, x
        What ran.
    trace
        What `golden.run(tables, x)` returned.

    Raises
    ------
    ValueError
        Where the trace is of other tables.
    """
    if trace.tables != tables.sha256:
        raise ValueError(f"trace must be of the tables {tables.sha256}, not of {trace.tables}")
    maps = seen_maps(tables, trace, x)
    return {layer.name: _operations(tables, layer, trace, maps) for layer in tables.layers}


def _operations(
    tables: Tables, layer: Layer, trace: Trace, maps: dict[str, NDArray[Any]]
) -> Operations:
    spikes = trace.spikes[layer.name]
    steps, batch = spikes.shape[:2]
    counts = {"acs": np.zeros(batch, np.int64), "macs": np.zeros(batch, np.int64)}
    dense = weights = zeros = 0
    for group in layer.synapses:
        source = maps[group.source]
        kind = "acs" if _accumulates(tables.activation(group.source)) else "macs"
        mask = tables.mask(group.source)
        kept = layer.kept.reshape(-1, *(1,) * (group.weights.ndim - 1))
        effective = (group.masked(tables.map_shapes[group.source], mask) != 0) & kept
        counts[kind] += used(tables, layer, group, source != 0, effective).sum(0)
        # In the first steps a group that sees its source later has zeros to see, which are dense.
        shape = tables.map_shapes[group.source], tables.gathered_shapes[layer.name]
        dense += steps * int(connections(group, np.ones_like(effective), *shape).sum())
        weights += effective.size
        zeros += effective.size - int(np.count_nonzero(effective))
    fires = layer.neuron.threshold is not None
    neurons = int(layer.kept.sum()) * prod(spikes.shape[3:])
    return Operations(
        **counts,
        dense=dense,
        weights=weights,
        zero_weights=zeros,
        activations=steps * neurons * fires,
        spikes=np.count_nonzero(spikes, axis=(0, *range(2, spikes.ndim))),
    )


def _accumulates(activation: Activation) -> bool:
    """Return whether an activation is never more than a sign."""
    return -1 <= activation.low and activation.high <= 1
