"""What a neuron sees: the elements of its sources' maps, and the weights that they come through."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.synapse import Convolution, Identity, Shape, SynapseGroup
from ...export.tables import Layer, Tables
from ..golden.seen_maps import seen_maps
from ..golden.trace import Trace

Place = tuple[int, ...]
"""Of a neuron or of an element of a map: (channel, row, column) or (neuron,)."""
Maps = dict[str, NDArray[Any]]
"""Of one sample: 'input' and every layer's map behind its pool, (steps, *map shape)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """A neuron's synapses of one group; of a pool of sums, at one place of the window.

    Attributes
    ----------
    group
        Number of the group in its layer.
    source
        'input' or a layer.
    lag
        Time steps ago whose map is seen: the delay, and one more of the layer itself.
    places
        int64 (synapses, axes), in the source's map.
    numbers
        int64 (synapses,), of each one's weight among those of its output channel.
    weights
        int64 (synapses,); 0 from and to pruned channels.
    """

    group: int
    source: str
    lag: int
    places: NDArray[np.int64]
    numbers: NDArray[np.int64]
    weights: NDArray[np.int64]

    def activations(self, maps: Maps) -> NDArray[np.int64]:
        """Return what arrives in every step, int64 (steps, synapses)."""
        seen = maps[self.source][(slice(None), *self.places.T)].astype(np.int64)
        if not self.lag:
            return seen
        late = np.zeros_like(seen)
        late[self.lag :] = seen[: -self.lag]
        return late


def sample_maps(tables: Tables, trace: Trace, x: NDArray[Any], sample: int) -> Maps:
    """Return the maps of one sample of a trace; `x` is as for `golden.run`, of all samples."""
    of = slice(sample, sample + 1)
    mine = replace(trace, spikes={name: each[:, of] for name, each in trace.spikes.items()})
    return {name: maps[:, 0] for name, maps in seen_maps(tables, mine, x[:, of]).items()}


def fields(tables: Tables, layer: Layer, place: Place) -> list[list[Field]]:
    """Return the fields of a neuron, a list for each place of its window of a pool of sums."""
    return [
        [_field(tables, layer, number, gathered) for number in range(len(layer.synapses))]
        for gathered in _window(layer, place)
    ]


def _window(layer: Layer, place: Place) -> Iterator[Place]:
    """Yield the places whose sums a neuron takes: its own, or those of a pool of sums."""
    if layer.sum_pool is None:
        yield place
        return
    rows, columns = layer.sum_pool.size
    for row in range(rows):
        for column in range(columns):
            yield place[0], place[1] * rows + row, place[2] * columns + column


def _field(tables: Tables, layer: Layer, number: int, place: Place) -> Field:
    group = layer.synapses[number]
    shape = tables.map_shapes[group.source]
    places, numbers = _synapses(group, shape, len(layer.kept), place)
    weights = group.weights[place[0]].reshape(-1)[numbers].astype(np.int64)
    weights = np.where(tables.mask(group.source)[places[:, 0]], weights, 0)
    if not layer.kept[place[0]]:
        weights = np.zeros_like(weights)
    return Field(
        group=number,
        source=group.source,
        lag=group.delay + (group.source == layer.name),
        places=places,
        numbers=numbers,
        weights=weights,
    )


def _synapses(
    group: SynapseGroup, source: Shape, channels: int, place: Place
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of a map that a place of a layer sees, and the numbers of the weights."""
    if isinstance(group, Identity):
        return np.array([place], np.int64), np.zeros(1, np.int64)
    if not isinstance(group, Convolution):
        numbers = np.arange(group.weights.shape[1])
        return np.stack(np.unravel_index(numbers, source), 1).astype(np.int64), numbers
    channel, row, column = place
    shape = group.weights.shape[1:]
    kernel = np.stack(np.unravel_index(np.arange(group.weights[0].size), shape), 1)
    corner = (
        channel // (channels // group.groups) * shape[0],
        row * group.stride[0] - group.padding[0],
        column * group.stride[1] - group.padding[1],
    )
    places = kernel + corner
    there = ((places >= 0) & (places < source)).all(1)  # what lies beyond the border is 0
    return places[there], np.flatnonzero(there)
