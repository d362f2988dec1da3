"""Faults planted in tables: one number is another one."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from somagate.export.neuron import Ternary
from somagate.export.synapse import weight_range
from somagate.export.tables import Layer, Tables


@dataclass(frozen=True)
class Planted:
    """A fault: `suspects` should name this number, and this value among those that explain it."""

    tables: Tables
    layer: str
    channel: int
    number: str
    value: int
    group: int | None = None
    index: tuple[int, ...] = ()


def plant(tables: Tables, rng: Any) -> Planted:
    """Return tables with one number of one kept channel changed."""
    layer = tables.layers[rng.integers(len(tables.layers))]
    channel = int(rng.choice(np.flatnonzero(layer.kept)))
    kinds = ["weight", "weight", "bias"]
    n = layer.neuron
    if n.threshold is not None and n.spike_bits == 1:
        kinds += ["threshold", "threshold"]
    kinds += ["amount"] * (n.amount is not None and n.spike_bits == 1)
    kinds += ["lower_bound"] * (n.lower_bound is not None)
    kinds += ["level", "boundary"] * isinstance(n.store, Ternary)
    number = str(rng.choice(kinds))
    if number == "weight":
        return _weight(tables, layer, channel, rng)
    owner: Any = n.store if number in ("level", "boundary") else n
    values = getattr(owner, number).astype(np.int64)
    step = int(rng.choice([-64, -8, -3, -2, -1, 1, 2, 3, 8, 64]))
    least = {"level": 0, "boundary": 1}.get(number, -(2**31))
    value = int(np.clip(values[channel] + step, least, 2**31 - 1))
    values[channel] = value
    changed = replace(owner, **{number: values})
    neuron = replace(n, store=changed) if owner is n.store else changed
    return Planted(
        _with(tables, replace(layer, neuron=neuron)), layer.name, channel,
        number.replace("_", " "), value,
    )  # fmt: skip


def _weight(tables: Tables, layer: Layer, channel: int, rng: Any) -> Planted:
    number = int(rng.integers(len(layer.synapses)))
    group = layer.synapses[number]
    weights = group.weights.copy()
    index = (channel, *(int(rng.integers(size)) for size in weights.shape[1:]))
    low, high = weight_range(group.bits)
    values = [v for v in range(low, high + 1) if v != weights[index] and (v or group.bits > 1)]
    weights[index] = value = int(rng.choice(values))
    groups = list(layer.synapses)
    groups[number] = replace(group, weights=weights)
    changed = _with(tables, replace(layer, synapses=tuple(groups)))
    return Planted(changed, layer.name, channel, "weight", value, number, index)


def _with(tables: Tables, layer: Layer) -> Tables:
    layers = tuple(layer if old.name == layer.name else old for old in tables.layers)
    return replace(tables, layers=layers)
