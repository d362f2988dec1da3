"""`somagate check`: what tables hold, layer by layer, and whether the hardware takes them."""

from math import prod
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from ..export.neuron import Ternary
from ..export.synapse import Identity
from ..export.tables import Layer, Tables, signed_bits
from .options import Json, TablesFile
from .output import NO, existing, grid, show, verb


def check(tables: TablesFile, json: Json = False) -> None:
    """Say of each layer whether the hardware supports it, its bits, its memory, its dead channels.

    Exits with 1 if the hardware does not support a layer; each reason comes with the way out.
    """
    with verb(json):
        result = examine(existing(tables, ".safetensors"))
    show(result, json, layers_table(result), *result["findings"], summary(result))
    if not result["supported"]:
        raise typer.Exit(NO)


def examine(path: Path) -> dict[str, Any]:
    """Return the verdict on each layer; see the manual for the keys."""
    from ..hw.plan.support import reasons

    tables = Tables.load(path)
    findings = tables.thresholds()
    layers = []
    for layer in tables.layers:
        why = reasons(tables, layer)
        mine = [finding for finding in findings if finding.startswith(f"layer {layer.name},")]
        layers.append(
            {
                "layer": layer.name,
                "supported": not why,
                "reasons": why,
                "synapses": [
                    f"{type(group).__name__.lower()} from {group.source}"
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
    return {
        "tables": tables.sha256,
        "supported": all(layer["supported"] for layer in layers),
        "steps": tables.steps,
        "layers": layers,
        "findings": findings,
    }


def memory(tables: Tables, layer: Layer) -> dict[str, int]:
    """Return the bits of a layer's kept weights, states and parameters, without any padding."""
    kept, neuron = int(layer.kept.sum()), layer.neuron
    weights = 0
    for group in layer.synapses:
        fan_in = group.weights.size // neuron.channels
        if not isinstance(group, Identity):
            mask = tables.mask(group.source)
            fan_in = fan_in * int(mask.sum()) // len(mask)
        weights += kept * fan_in * group.bits
    per_channel = [neuron.bias, neuron.threshold, neuron.amount]
    if neuron.leak.multiplier.ndim:
        per_channel.append(neuron.leak.multiplier)
    if isinstance(neuron.store, Ternary):
        per_channel += [neuron.store.level, neuron.store.boundary]
    bits = sum(signed_bits(int(a.min()), int(a.max())) for a in per_channel if a is not None)
    sites = prod(tables.neuron_shapes[layer.name][1:])
    return {
        "weights": weights,
        "state": kept * sites * neuron.store.bits,
        "parameters": kept * bits,
    }


def layers_table(result: dict[str, Any]) -> Table:
    """Return a row a layer, as rich shows it."""
    table = grid(
        *("layer", "hardware", "neurons", "kept"), "bits", "weights", "state", "params",
        *("silent", "always"),
        left=2,
        caption="bits of a weight / a stored potential / the accumulator; memory in bits; "
        "channels that can never fire, and that always do",
    )  # fmt: skip
    for row in result["layers"]:
        weight_bits = ",".join(str(bits) for bits in row["weight_bits"])
        table.add_row(
            row["layer"],
            "yes" if row["supported"] else "no",
            "×".join(str(size) for size in row["shape"]),
            f"{row['channels_kept']}/{row['shape'][0]}",
            f"{weight_bits}/{row['state_bits']}/{row['accumulator_bits']}",
            *(f"{row['memory_bits'][part]:,}" for part in ("weights", "state", "parameters")),
            str(row["silent_channels"]),
            str(row["saturated_channels"]),
        )
    return table


def summary(result: dict[str, Any]) -> str:
    """Return the verdict in a line, before it each reason against it, and where masks are."""
    masked = ", ".join(layer["layer"] for layer in result["layers"] if layer["mask_negative"])
    notes = [f"A negative potential keeps its neuron from firing in {masked}."] if masked else []
    reasons = [
        f"layer {layer['layer']}: {reason}"
        for layer in result["layers"]
        for reason in layer["reasons"]
    ]
    verdict = "does not support these tables" if reasons else "supports every layer"
    return "\n".join([*notes, *reasons, f"The hardware {verdict}."])
