"""`somagate simulate`: the golden accuracy and activity of tables."""

from math import prod
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.table import Table

from ..export.tables import Tables
from .options import Data, Force, Json, Samples, TablesFile
from .output import Update, existing, grid, progress, show, verb, writable

Counts = NDArray[np.int64]

BATCH = 256
"""Samples simulated at once, unless a trace of all of them is kept."""
BATCH_UPDATES = 1 << 30
"""Neurons updated at once, of which each spike takes a byte."""


def simulate(
    tables: TablesFile,
    data: Data = "digits",
    samples: Samples = None,
    trace: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep every spike and potential in this file."),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Run tables on test samples in the golden simulator: accuracy and activity.

    The golden simulator defines what the integers mean; the hardware does exactly the same.
    """
    with verb(json):
        if trace:
            writable(trace, force, "--trace")
        with progress("simulating", "samples") as update:
            loaded = Tables.load(existing(tables, ".safetensors"))
            result = measure(loaded, data, samples, trace, update, overwrite=force)
    show(result, json, layers_table(result), summary(result))


def measure(
    tables: Tables,
    data: str,
    samples: int | None,
    trace: Path | None,
    update: Update,
    *,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Return accuracy and activity; see the manual for the keys."""
    from ..sim.golden import golden
    from .samples import Encoded, scored, test_samples

    images, labels = test_samples(tables, data, samples)
    labels = scored(tables, data, labels)
    inputs = Encoded(tables, images)
    count = len(images)
    size = count if trace else max(1, min(BATCH, BATCH_UPDATES // tables.updates))
    correct = 0
    channels = {layer.name: np.zeros(layer.neuron.channels, np.int64) for layer in tables.layers}
    channels["input"] = np.zeros(tables.input.shape[0], np.int64)
    for first in range(0, count, size):
        x = inputs[first : first + size]
        run = golden.run(tables, x, potentials=trace is not None)
        correct += int((run.prediction == labels[first : first + size]).sum())
        for name, spikes in {"input": x, **run.spikes}.items():
            sites = spikes.reshape(*spikes.shape[:3], -1)
            channels[name] += np.count_nonzero(sites, axis=(0, 1, 3))
        if trace:
            run.save(trace, overwrite=overwrite)
        update(min(first + size, count), count)
    shapes = {"input": tables.input.shape, **tables.neuron_shapes}
    slots = {name: count * tables.steps * prod(shape[1:]) for name, shape in shapes.items()}
    return {
        "tables": tables.sha256,
        "data": data,
        "samples": count,
        "steps": tables.steps,
        "correct": correct,
        "accuracy": correct / count,
        "layers": [
            {
                "layer": name,
                "neurons": prod(shape),
                "spikes_per_sample": int(channels[name].sum()) / count,
                "activity": int(channels[name].sum()) / (slots[name] * shape[0]),
                **outcomes(channels[name], slots[name], tables, name),
            }
            for name, shape in shapes.items()
        ],
        "trace": str(trace) if trace else None,
    }


def outcomes(fired: Counts, slots: int, tables: Tables, name: str) -> dict[str, int]:
    """Count the kept channels of a layer that never fired, and those that always did."""
    if name == "input" or tables.layer(name).neuron.threshold is None:
        return {"silent_channels": 0, "saturated_channels": 0}
    kept = fired[tables.mask(name)]
    return {
        "silent_channels": int((kept == 0).sum()),
        "saturated_channels": int((kept == slots).sum()),
    }


def layers_table(result: dict[str, Any]) -> Table:
    """Return the activity of each layer, as rich shows it."""
    table = grid("layer", "neurons", "spikes a sample", "activity", "silent", "saturated")
    for row in result["layers"]:
        table.add_row(
            row["layer"],
            f"{row['neurons']:,}",
            f"{row['spikes_per_sample']:,.1f}",
            f"{row['activity']:.2%}",
            str(row["silent_channels"]),
            str(row["saturated_channels"]),
        )
    return table


def summary(result: dict[str, Any]) -> str:
    """Return the result as a sentence."""
    kept = f"; trace in {result['trace']}" if result["trace"] else ""
    return (
        f"{result['correct']} of {result['samples']} right ({result['accuracy']:.2%}), "
        f"{result['steps']} time steps a sample{kept}"
    )
