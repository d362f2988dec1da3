"""Networks of a smaller shape, for an accelerator that was built for a larger one."""

from dataclasses import replace
from typing import Any

import numpy as np
from somagate.export.neuron import Ternary
from somagate.export.synapse import Convolution, Dense
from somagate.export.tables import Tables


def cut(tables: Tables, name: str, kept: list[int]) -> Tables:
    """Return tables without some channels of a layer, as if they had never been there."""
    layers = []
    for layer in tables.layers:
        groups = []
        for group in layer.synapses:
            weights = group.weights
            if layer.name == name:
                weights = weights[kept]
            if group.source == name:
                channels = tables.neuron_shapes[name][0]
                parts = weights.reshape(len(weights), channels, -1, *weights.shape[2:])
                weights = parts[:, kept].reshape(len(weights), -1, *weights.shape[2:])
            groups.append(replace(group, weights=weights))
        cell, mask = layer.neuron, layer.kept
        if layer.name == name:
            mask = mask[kept]
            store = cell.store
            if isinstance(store, Ternary):
                store = Ternary(level=store.level[kept], boundary=store.boundary[kept])
            leak = cell.leak
            if leak.multiplier.ndim:
                leak = replace(leak, multiplier=leak.multiplier[kept])
            current = cell.current
            if current and current.leak.multiplier.ndim:
                fewer = replace(current.leak, multiplier=current.leak.multiplier[kept])
                current = replace(current, leak=fewer)
            cell = replace(
                cell, leak=leak, current=current, bias=cell.bias[kept], store=store,
                threshold=None if cell.threshold is None else cell.threshold[kept],
                amount=None if cell.amount is None else cell.amount[kept],
                lower_bound=None if cell.lower_bound is None else cell.lower_bound[kept],
            )  # fmt: skip
        layers.append(replace(layer, synapses=tuple(groups), neuron=cell, channel_mask=mask))
    return replace(tables, layers=tuple(layers))


def without_pruned(tables: Tables) -> Tables:
    """Return tables without the channels that are pruned, of all layers whose numbers are free."""
    for layer in tables.layers:
        if layer.name not in {tables.readout.layer} | partly_connected(tables):
            tables = cut(tables, layer.name, np.flatnonzero(layer.kept).tolist())
    return tables


def partly_connected(tables: Tables) -> set[str]:
    """Return the layers at either end of a group that does not connect all channels."""
    found = set()
    for layer in tables.layers:
        for group in layer.synapses:
            grouped = isinstance(group, Convolution) and group.groups > 1
            if grouped or not isinstance(group, Dense | Convolution):
                found |= {layer.name, group.source}
    return found


def with_fewer_classes(tables: Tables, rng: Any) -> Tables:
    """Return tables with the first 1 to all of the classes."""
    name = tables.readout.layer
    if name in partly_connected(tables):
        return tables
    classes = int(rng.integers(1, tables.classes + 1))
    return cut(tables, name, list(range(classes * tables.readout.voters)))


def shorter(tables: Tables, rng: Any) -> Tables:
    """Return tables of 1 to as many time steps."""
    return replace(tables, steps=int(rng.integers(1, tables.steps + 1)))
