"""The golden simulator on samples: traces, accuracy, activity."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import RenderableType

from .encoded import Samples, maps, the_samples
from .export.tables import Tables
from .given import the_tables
from .proofs import as_output
from .shown import Shown, grid
from .sim.golden import golden
from .sim.golden.activity import silent_and_saturated
from .sim.golden.trace import Trace

BATCH = 256
"""Samples simulated at once where no trace is kept."""
BATCH_UPDATES = 1 << 30
"""Neurons updated at once, of which each spike takes a byte."""


def simulate(tables: Tables, data: Samples | NDArray[Any], *, potentials: bool = True) -> Trace:
    """Run tables on samples in the golden simulator, and keep every spike and potential.

    Parameters
    ----------
    tables
        The network.
    data
        Samples, or integers (steps, samples, *input shape).
    potentials
        Whether the stored potentials are kept too; they take 8 times the memory of the spikes.

    Raises
    ------
    ValueError
        Where the samples have not the shape or the range of the tables' input.
    """
    return golden.run(the_tables(tables), maps(tables, data), potentials=potentials)


@dataclass(frozen=True, kw_only=True)
class LayerActivity:
    """How active the input or a layer was.

    Attributes
    ----------
    layer
        Its name.
    neurons
        How many.
    spikes_per_sample, activity
        Spikes in all time steps of a sample; and a neuron and time step, 0…1, or more where a
        neuron sends several.
    silent_channels, saturated_channels
        Kept channels that never spiked, and that always did all they can, on these samples.
    """

    layer: str
    neurons: int
    spikes_per_sample: float
    activity: float
    silent_channels: int
    saturated_channels: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured(Shown):
    """How good and how active a network is on samples.

    Attributes
    ----------
    tables
        The network.
    data
        What the samples are of.
    samples, correct
        How many, and how many of them are classified right; None where they have targets.
    error
        Mean square of the differences from targets, in the source's units, or None.
    layers
        The input, and every layer.
    trace_file
        Where a trace was kept, or None.
    """

    tables: Tables
    data: str
    samples: int
    correct: int | None
    layers: tuple[LayerActivity, ...]
    trace_file: str | None = None
    error: float | None = None

    @property
    def accuracy(self) -> float | None:
        """The share that is right, or None."""
        return None if self.correct is None else self.correct / self.samples

    @property
    def summary(self) -> str:
        """The accuracy or the error in a sentence."""
        if self.error is not None:
            good = f"mean squared error {self.error:.4g} over {self.samples} samples"
        else:
            good = f"{self.correct} of {self.samples} right ({self.accuracy:.2%})"
        kept = f"; trace in {self.trace_file}" if self.trace_file else ""
        return f"{good}, {self.tables.steps} time steps a sample{kept}"

    def shown(self) -> list[RenderableType]:
        """Return the activity of each layer, and the accuracy."""
        table = grid("layer", "neurons", "spikes a sample", "activity", "silent", "saturated")
        for row in self.layers:
            table.add_row(
                row.layer,
                f"{row.neurons:,}",
                f"{row.spikes_per_sample:,.1f}",
                f"{row.activity:.2%}",
                str(row.silent_channels),
                str(row.saturated_channels),
            )
        return [table, self.summary]

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return {
            "tables": self.tables.sha256,
            "data": self.data,
            "samples": self.samples,
            "steps": self.tables.steps,
            "correct": self.correct,
            "accuracy": self.accuracy,
            "error": self.error,
            "layers": [vars(layer) for layer in self.layers],
            "trace": self.trace_file,
        }


def measure(
    tables: Tables,
    data: Samples,
    *,
    trace: str | None = None,
    overwrite: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Measured:
    """Run tables on labelled samples in the golden simulator: accuracy, or error, and activity.

    Parameters
    ----------
    tables, data
        The network and its samples.
    trace
        A file that keeps every spike and potential. All samples are then simulated at once.
    overwrite
        Replace a file that is there.
    progress
        Called with the samples done, and all of them.

    Raises
    ------
    ValueError
        Where the samples have boxes and no labels, or other classes than the tables.
    """
    data = the_samples(the_tables(tables), data)
    data.scored()
    count = len(data)
    size = count if trace else max(1, min(BATCH, BATCH_UPDATES // tables.updates))
    correct, squares = 0, 0.0
    channels = {layer.name: np.zeros(layer.neuron.channels, np.int64) for layer in tables.layers}
    channels["input"] = np.zeros(tables.input.shape[0], np.int64)
    for first in range(0, count, size):
        part = data[first : first + size]
        x = part.x
        run = golden.run(tables, x, potentials=trace is not None)
        if part.targets is None:
            correct += int((run.prediction == part.labels).sum())
        else:
            squares += float(((as_output(tables, run.output) - part.targets) ** 2).sum())
        for name, spikes in {"input": x, **run.spikes}.items():
            sites = spikes.reshape(*spikes.shape[:3], -1)
            if name == "input" or sites.dtype == np.bool_:
                channels[name] += np.count_nonzero(sites, axis=(0, 1, 3))
            else:
                channels[name] += sites.sum((0, 1, 3), np.int64)
        if trace:
            replace(run, input=x).save(trace, overwrite=overwrite)
        if progress:
            progress(min(first + size, count), count)
    shapes = {"input": tables.input.shape, **tables.neuron_shapes}
    slots = {name: count * tables.steps * prod(shape[1:]) for name, shape in shapes.items()}
    layers = []
    for name, shape in shapes.items():
        fired = channels[name]
        silent, saturated = silent_and_saturated(tables, name, fired, slots[name])
        layers.append(
            LayerActivity(
                layer=name,
                neurons=prod(shape),
                spikes_per_sample=int(fired.sum()) / count,
                activity=int(fired.sum()) / (slots[name] * shape[0]),
                silent_channels=len(silent),
                saturated_channels=len(saturated),
            )
        )
    return Measured(
        tables=tables,
        data=data.data,
        samples=count,
        correct=correct if data.targets is None else None,
        error=None if data.targets is None else squares / data.targets.size,
        layers=tuple(layers),
        trace_file=trace,
    )
