"""Tables with fewer bits a weight or a stored potential, made of tables without any training.

A weight of fewer bits drops its lowest ones, rounded, and the layer's *gain* says by how many, so
that sums stay as large as they were: threshold, bias and store mean what they meant. A potential of
fewer bits is stored more coarsely, saturates earlier, or both, whatever is nearer to the potentials
of samples. Both are forms that the contract has, so golden and the hardware run them as any others.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.layer import Layer
from ...export.neuron import Shift
from ...export.synapse import SynapseGroup, weight_range
from ...export.tables import Tables

Cut = tuple[tuple[int, int], ...]
"""Of each layer, how many bits less its weights and its stored potentials have."""
MOST = 3
"""Bits less, at most."""
FEWEST_WEIGHT, FEWEST_STATE, MOST_GAIN, MOST_SHIFT = 2, 2, 15, 15
"""Of the contract's forms; weights of a single bit hold no 0, so none are made."""


def room(tables: Tables) -> Cut:
    """Return of each layer how many bits its weights and potentials can have less."""
    return tuple((_weights(layer), _states(layer)) for layer in tables.layers)


def cuts(tables: Tables, count: int, seed: int) -> list[Cut]:
    """Return so many choices of bits, without repetition: none less, a bit less here and there.

    The first is the tables as they are. Then all layers have a bit less, then one of them; what
    follows is drawn.
    """
    most = room(tables)
    layers, found = range(len(most)), {tuple((0, 0) for _ in most): None}

    def add(wanted: list[tuple[int, int]]) -> None:
        pairs = zip(wanted, most, strict=True)
        found.setdefault(tuple((min(w, m[0]), min(s, m[1])) for (w, s), m in pairs))

    for pair in ((1, 0), (0, 1), (1, 1)):
        add([pair for _ in layers])
    for layer in layers:
        for pair in ((1, 0), (0, 1)):
            add([pair if other == layer else (0, 0) for other in layers])
    rng = np.random.default_rng((seed, 1))
    for _ in range(20 * count):
        chance = rng.random()
        drawn = rng.integers(0, MOST + 1, (len(most), 2)) * (rng.random((len(most), 2)) < chance)
        add([(int(w), int(s)) for w, s in drawn])
    return list(found)[:count]


def narrowed(tables: Tables, cut: Cut, potentials: Mapping[str, NDArray[Any]]) -> Tables:
    """Return tables with fewer bits.

    Parameters
    ----------
    tables
        The network.
    cut
        At most what `room` says.
    potentials
        Of each layer, stored integers of some samples, of any shape.
    """
    if not any(any(pair) for pair in cut):
        return tables
    layers = [
        _narrow(layer, *pair, potentials[layer.name])
        for layer, pair in zip(tables.layers, cut, strict=True)
    ]
    return replace(tables, layers=tuple(layers), source=None)


def _weights(layer: Layer) -> int:
    bits = [group.bits for group in layer.synapses]
    return max(0, min(MOST, max(bits) - FEWEST_WEIGHT)) if min(bits) > 1 else 0


def _states(layer: Layer) -> int:
    store = layer.neuron.store
    return min(MOST, store.bits - FEWEST_STATE) if isinstance(store, Shift) else 0


def _narrow(layer: Layer, weights: int, states: int, potentials: NDArray[Any]) -> Layer:
    neuron, synapses = layer.neuron, layer.synapses
    if weights:
        bits = max(group.bits for group in synapses) - weights
        fine = range(min(weights + 1, MOST_GAIN - neuron.gain) + 1)
        drop = min(fine, key=lambda drop: sum(_weight_error(g, bits, drop) for g in synapses))
        synapses = tuple(_dropped(group, bits, drop) for group in synapses)
        neuron = replace(neuron, gain=neuron.gain + drop)
    if states and isinstance(neuron.store, Shift):
        kept = neuron.store.bits - states
        coarser = range(min(states, MOST_SHIFT - neuron.store.shift) + 1)
        drop = min(coarser, key=lambda drop: _error(potentials, _kept(potentials, kept, drop)))
        neuron = replace(neuron, store=Shift(bits=kept, shift=neuron.store.shift + drop))
    return replace(layer, neuron=neuron, synapses=synapses)


def _dropped(group: SynapseGroup, bits: int, drop: int) -> SynapseGroup:
    """Return a group of at most so many bits a weight, each worth 2**drop of before."""
    bits = min(group.bits, bits)
    # Half to even: rounded up alone, the sum of many small weights would drift.
    weights = np.clip(np.rint(group.weights / (1 << drop)), *weight_range(bits))
    return replace(group, weights=weights.astype(np.int32), bits=bits)


def _weight_error(group: SynapseGroup, bits: int, drop: int) -> float:
    return _error(group.weights, _dropped(group, bits, drop).weights << drop)


def _kept(potentials: NDArray[Any], bits: int, drop: int) -> NDArray[Any]:
    """Return stored potentials as they are read back from so many bits, `drop` lowest ones less."""
    high = (1 << (bits - 1)) - 1
    rounded = (potentials.astype(np.int64) + ((1 << drop) >> 1)) >> drop  # as a store does
    kept: NDArray[Any] = np.clip(rounded, -high - 1, high) << drop
    return kept


def _error(values: NDArray[Any], others: NDArray[Any]) -> float:
    return float(((values.astype(np.float64) - others) ** 2).sum())
