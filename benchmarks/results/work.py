"""What a network takes: weights, potentials and operations, of tables and of their float network.

An operation is a synapse's addition or a neuron's update in a step, whether or not there is a
spike; that is how SpQuant-SNN counts what pruning saves. A pruned channel has none, and neither has
a synapse from one. The float network of the same shape has all channels, and 32 bits for each
weight and potential; it has no layer that counts votes, as a sum of floats needs no weights.
"""

from dataclasses import asdict, dataclass
from math import prod

import numpy as np
from somagate.export.synapse import Identity, SynapseGroup
from somagate.export.tables import Layer, Tables

FLOAT_BITS = 32


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one sample takes.

    Attributes
    ----------
    weights
        That are not 0.
    weight_bits, state_bits
        Of all weights and potentials that are stored.
    operations
        Of all steps.
    """

    weights: int
    weight_bits: int
    state_bits: int
    operations: int

    def times_less_than(self, other: "Work") -> dict[str, float]:
        """Return how many times less this is than `other`."""
        mine, others = self._compared(), other._compared()
        return {name: others[name] / mine[name] for name in mine}

    def _compared(self) -> dict[str, int]:
        return {
            "weights": self.weights,
            "weight_memory": self.weight_bits,
            "memory": self.weight_bits + self.state_bits,
            "operations": self.operations,
        }

    def __add__(self, other: "Work") -> "Work":
        mine, others = asdict(self), asdict(other)
        return Work(**{name: mine[name] + others[name] for name in mine})


def of_tables(tables: Tables) -> Work:
    """Return what tables take."""
    return _sum(tables, pruned=True)


def of_float(tables: Tables) -> Work:
    """Return what the float network of the same shape takes."""
    return _sum(tables, pruned=False)


def _sum(tables: Tables, *, pruned: bool) -> Work:
    total = Work(weights=0, weight_bits=0, state_bits=0, operations=0)
    for layer in tables.layers:
        if layer.name == "vote" and not pruned:
            continue
        total += _layer(tables, layer, pruned=pruned)
    return total


def _layer(tables: Tables, layer: Layer, *, pruned: bool) -> Work:
    shape = tables.neuron_shapes[layer.name]
    kept = layer.kept if pruned else np.ones_like(layer.kept)
    neurons = int(kept.sum()) * prod(shape[1:])
    weights = weight_bits = synapses = 0
    for group in layer.synapses:
        used = _used(tables, group, kept, pruned=pruned)
        weights += int(np.count_nonzero(group.weights[used])) if pruned else int(used.sum())
        weight_bits += int(used.sum()) * (group.bits if pruned else FLOAT_BITS)
        # Each weight of a convolution is applied at every position.
        synapses += int(used.sum()) * prod(shape[1:])
    return Work(
        weights=weights,
        weight_bits=weight_bits,
        state_bits=neurons * (layer.neuron.store.bits if pruned else FLOAT_BITS),
        operations=tables.steps * (synapses + neurons),
    )


def _used(tables: Tables, group: SynapseGroup, kept: np.ndarray, *, pruned: bool) -> np.ndarray:
    """Return which weights of a group lie between kept channels, bool, shaped as the weights."""
    if isinstance(group, Identity):
        return kept.copy()
    source = tables.mask(group.source)
    if not pruned:
        source = np.ones_like(source)
    fan_in = np.repeat(source, group.weights[0].size // len(source))
    return (kept[:, None] & fan_in).reshape(group.weights.shape)
