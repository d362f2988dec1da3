"""NeuroBench's metrics by their names, each with what it means.

After J. Yik et al., "The NeuroBench framework for benchmarking neuromorphic computing algorithms
and systems", Nature Communications 16, 2025.
"""

from math import prod
from typing import Any

import numpy as np

from ...export import summary
from ...export.tables import Tables
from ..page import table
from ..text import decimal, isolated, percent, size, whole
from .measure import Measured

MEANINGS = {
    "Footprint": "Bytes that the model takes: weights with zeros among them, states and "
    "parameters of kept channels, in as many bits as each has.",
    "Connection sparsity": "Share of the weights that are 0, over all layers; of pruned channels "
    "all are.",
    "Activation sparsity": "Share of neurons that send nothing in a time step, over all layers, "
    "steps and samples.",
    "Effective_MACs": "Multiplications with addition a sample, all its time steps: inputs of more "
    "than one bit that aren't 0, at weights that aren't 0.",
    "Effective_ACs": "Additions a sample: spikes that meet weights that aren't 0.",
    "Dense": "Synaptic operations a sample where nothing is left out: every input at every weight.",
    "Classification accuracy": "Share of the samples that are classified right.",
}
"""By name, in a sentence."""


def metrics(tables: Tables, measured: Measured | None) -> dict[str, Any]:
    """Return NeuroBench's metrics of a network; those of samples are None where there are none."""
    bits = sum(sum(summary.memory(tables, layer).values()) for layer in tables.layers)
    weights = zeros = 0
    for layer in tables.layers:
        for group in layer.synapses:
            kept = layer.kept.reshape(-1, *(1,) * (group.weights.ndim - 1))
            weights += group.weights.size
            zeros += int(np.count_nonzero((group.weights == 0) | ~kept))
    found: dict[str, Any] = {
        "Footprint": -(-bits // 8),
        "Connection sparsity": zeros / weights,
        "Activation sparsity": None,
        "Effective_MACs": None,
        "Effective_ACs": None,
        "Dense": None,
        "Classification accuracy": None,
    }
    if measured is None:
        return found
    # A layer that never fires is read out as it is, so it has no activations.
    firing = [layer.name for layer in tables.layers if layer.neuron.threshold is not None]
    slots = measured.samples * tables.steps
    neurons = sum(prod(tables.neuron_shapes[name]) for name in firing)
    active = sum(measured.layers[name].active for name in firing)
    if neurons:
        found["Activation sparsity"] = 1 - active / (slots * neurons)
    found |= {kind: count / measured.samples for kind, count in measured.synaptic.items()}
    if measured.correct is not None:
        found["Classification accuracy"] = measured.correct / measured.samples
    return found


def part(found: dict[str, Any], measured: Measured | None) -> str:
    """Return the metrics as HTML: the value of each, and what it means."""
    rows = []
    for name, value in found.items():
        if name == "Footprint":
            shown = f"{whole(value)} bytes" + (f" ({size(value)})" if value >= 1024 else "")
        elif name in ("Connection sparsity", "Activation sparsity", "Classification accuracy"):
            shown = percent(value, 2) if name.startswith("Class") else decimal(value, 4)
        else:
            shown = whole(value)
        rows.append([name, f'<span class="number">{shown}</span>', MEANINGS[name]])
    of = ""
    if measured is not None:
        of = f", on {whole(measured.samples)} samples of {isolated(measured.data)}"
    lead = f'<p class="note">By the names and definitions of NeuroBench{of}.</p>\n'
    return lead + table("NeuroBench's metrics", ("metric", "value", "meaning"), rows, words=3)
