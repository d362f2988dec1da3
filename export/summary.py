"""What tables hold, layer by layer: shapes, bits, memory, channels that never or always fire."""

from collections.abc import Mapping
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rich.console import RenderableType

from ..shown import grid
from .layer import Input, Layer
from .neuron import Ternary
from .readout import Readout
from .synapse import Identity, Shape
from .widths import signed_bits


class Network(Protocol):
    """`somagate.export.tables.Tables`, as far as it matters here."""

    @property
    def name(self) -> str:
        """What the network is called, in files and tables."""

    @property
    def steps(self) -> int:
        """Time steps of one inference."""

    @property
    def input(self) -> Input:
        """Shape, encoding and activation of what comes in."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Layers of neurons, in order of execution."""

    @property
    def readout(self) -> Readout:
        """Which layer answers, and how."""

    @property
    def neuron_shapes(self) -> Mapping[str, Shape]:
        """(channels, rows, columns) or (neurons,) of each layer, before its pool."""

    @property
    def sha256(self) -> str:
        """SHA-256 of the contents, hexadecimal."""

    def mask(self, name: str) -> NDArray[np.bool_]:
        """Return which channels of a map are kept, bool (channels,)."""

    def accumulator_bits(self, name: str) -> int:
        """Return how many bits hold every sum that the layer can have."""

    def thresholds(self) -> list[str]:
        """Return a sentence for each channel that never or always fires."""


def layers(tables: Network) -> list[dict[str, Any]]:
    """Return what each layer holds, as `somagate check --json` has it."""
    findings = tables.thresholds()
    found = []
    for layer in tables.layers:
        mine = [finding for finding in findings if finding.startswith(f"layer {layer.name},")]
        found.append(
            {
                "layer": layer.name,
                "synapses": [
                    f"{type(group).__name__.lower()} from {group.source}"
                    + (f", delayed by {group.delay}" if group.delay else "")
                    for group in layer.synapses
                ],
                "shape": list(tables.neuron_shapes[layer.name]),
                "channels_kept": int(layer.kept.sum()),
                "silent_channels": sum("never reached" in finding for finding in mine),
                "saturated_channels": sum("always reached" in finding for finding in mine),
                "weight_bits": [group.bits for group in layer.synapses],
                "state_bits": layer.neuron.store.bits,
                "mask_negative": layer.neuron.mask_negative,
                "accumulator_bits": tables.accumulator_bits(layer.name),
                "memory_bits": memory(tables, layer),
            }
        )
    return found


def memory(tables: Network, layer: Layer) -> dict[str, int]:
    """Return the bits of a layer's kept weights, states and parameters, without any padding."""
    kept, neuron = int(layer.kept.sum()), layer.neuron
    weights = 0
    for group in layer.synapses:
        fan_in = group.weights.size // neuron.channels
        if not isinstance(group, Identity):
            mask = tables.mask(group.source)
            fan_in = fan_in * int(mask.sum()) // len(mask)
        weights += kept * fan_in * group.bits
    per_channel = [neuron.bias, neuron.threshold, neuron.amount, neuron.lower_bound]
    if neuron.leak.multiplier.ndim:
        per_channel.append(neuron.leak.multiplier)
    if neuron.current and neuron.current.leak.multiplier.ndim:
        per_channel.append(neuron.current.leak.multiplier)
    if isinstance(neuron.store, Ternary):
        per_channel += [neuron.store.level, neuron.store.boundary]
    bits = sum(signed_bits(int(a.min()), int(a.max())) for a in per_channel if a is not None)
    current_bits = neuron.current.store.bits if neuron.current else 0
    sites = prod(tables.neuron_shapes[layer.name][1:])
    return {
        "weights": weights,
        "state": kept * sites * (neuron.state_bits + current_bits),
        "parameters": kept * bits,
    }


def shown(tables: Network) -> list[RenderableType]:
    """Return a table with a row a layer, and a sentence about the whole network."""
    table = grid(
        *("layer", "neurons", "kept"), "bits", "weights", "state", "params", "silent", "always",
        caption="bits of a weight / a stored potential / the accumulator; memory in bits; "
        "channels that can never fire, and that always do",
    )  # fmt: skip
    for row in layers(tables):
        weight_bits = ",".join(str(bits) for bits in row["weight_bits"])
        table.add_row(
            row["layer"],
            "×".join(str(size) for size in row["shape"]),
            f"{row['channels_kept']}/{row['shape'][0]}",
            f"{weight_bits}/{row['state_bits']}/{row['accumulator_bits']}",
            *(f"{row['memory_bits'][part]:,}" for part in ("weights", "state", "parameters")),
            str(row["silent_channels"]),
            str(row["saturated_channels"]),
        )
    shape = "×".join(str(size) for size in tables.input.shape)
    bits = tables.input.activation.bits
    sentence = (
        f"Network {tables.name}, tables {tables.sha256[:12]}: input {shape} of {bits} "
        f"bit{'s' * (bits > 1)}, {tables.steps} time step{'s' * (tables.steps > 1)}, answer by "
        f"{_answer(tables.readout)}"
    )
    return [table, sentence]


def _answer(readout: Readout) -> str:
    """Return in words what answers."""
    over = "" if readout.over == "last" else f"{readout.over} "
    voters = f", {readout.voters} neurons a class" if readout.voters > 1 else ""
    kind = "first spike" if readout.kind == "first" else readout.kind
    return f"{over}{kind} of {readout.layer}{voters}"
