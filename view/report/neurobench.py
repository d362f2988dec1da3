"""NeuroBench's metrics by their names, each with what it means; see docs/energy.md.

After J. Yik et al., "The NeuroBench framework for benchmarking neuromorphic computing algorithms
and systems", Nature Communications 16, 2025.
"""

from math import prod
from typing import Any

import numpy as np

from ...export.tables import Tables
from ...hw.plan.memories import memories
from ..page import table
from ..text import decimal, isolated, percent, size, whole
from .cost import Cost, bits_of
from .measure import Measured

MEANINGS = {
    "footprint": "Bytes of all memories of the accelerator: weights, parameters, states and maps.",
    "connection_sparsity": "Share of the weights that are 0; those of and to pruned channels are.",
    "activation_sparsity": "Share of the outputs of neurons that are 0, over all time steps, "
    "samples and layers that fire.",
    "Effective_MACs": "Pairs of a weight and an activation a sample of which neither is 0, where "
    "activations are counts or values of several bits.",
    "Effective_ACs": "The same where activations are −1, 0 or 1: spikes.",
    "Dense": "All pairs of a weight and an activation a sample, zeros too.",
    "classification_accuracy": "Share of the samples that are classified right.",
}
"""By name, in a sentence."""
PACKED = "Bytes of weights, parameters and states, packed; the hardware doesn't take the tables."


def packed_bytes(tables: Tables) -> int:
    """Return the bytes of a network's weights, states and parameters, without any padding."""
    bits = sum(sum(row["memory_bits"].values()) for row in bits_of(tables).values())
    return -(-bits // 8)


def metrics(tables: Tables, measured: Measured | None, cost: Cost | None) -> dict[str, Any]:
    """Return NeuroBench's metrics of a network; those of samples are None where there are none."""
    weights = zeros = 0
    for layer in tables.layers:
        for group in layer.synapses:
            kept = layer.kept.reshape(-1, *(1,) * (group.weights.ndim - 1))
            masked = group.masked(tables.map_shapes[group.source], tables.mask(group.source))
            weights += masked.size
            zeros += int(np.count_nonzero((masked == 0) | ~kept))
    found: dict[str, Any] = {name: None for name in MEANINGS}
    found["footprint"] = packed_bytes(tables)
    if cost is not None:
        each = sum(m.words * m.word_bits for stage in cost.plan.stages for m in memories(stage))
        found["footprint"] = -(-each * cost.plan.replicas // 8)
    found["connection_sparsity"] = zeros / weights
    if measured is None:
        return found
    outputs = measured.samples * sum(
        tables.steps * int(layer.kept.sum()) * prod(tables.neuron_shapes[layer.name][1:])
        for layer in tables.layers
        if layer.neuron.threshold is not None
    )
    if outputs:
        active = sum(measured.layers[layer.name].active for layer in tables.layers)
        found["activation_sparsity"] = 1 - active / outputs
    found |= {kind: count / measured.samples for kind, count in measured.synaptic.items()}
    if measured.correct is not None:
        found["classification_accuracy"] = measured.correct / measured.samples
    return found


def part(found: dict[str, Any], measured: Measured | None, cost: Cost | None) -> str:
    """Return the metrics as HTML: the value of each, and what it means."""
    rows = []
    for name, value in found.items():
        shown = whole(value)
        if name == "footprint":
            shown = f"{shown} bytes" + (f" ({size(value)})" if value >= 1024 else "")
        elif name == "classification_accuracy":
            shown = percent(value, 2)
        elif "sparsity" in name:
            shown = decimal(value, 4)
        meaning = PACKED if name == "footprint" and cost is None else MEANINGS[name]
        rows.append([name, shown, meaning])
    of = ""
    if measured is not None:
        of = f", on {whole(measured.samples)} samples of {isolated(measured.data)}"
    lead = f'<p class="note">By the names and definitions of NeuroBench{of}.</p>\n'
    return lead + table("NeuroBench's metrics", ("metric", "value", "meaning"), rows, words=3)
