"""What a network does on samples, counted in golden: batch by batch, so nothing grows with them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...data import Labels
from ...export.tables import Tables
from ...sim.golden import golden
from ...sim.golden.operations import operations

Counts = NDArray[np.int64]

BATCH = 64
"""Samples simulated at once."""
BATCH_UPDATES = 1 << 25
"""Neurons updated at once; each takes a spike and a potential, three bytes."""


class Data(Protocol):
    """Samples: a slice of them has their input maps and their labels."""

    def __len__(self) -> int:
        """Return the number of samples."""

    def __getitem__(self, chosen: slice, /) -> "Data":
        """Return some of the samples."""

    @property
    def x(self) -> NDArray[Any]:
        """Input maps, integers (steps, samples, *input shape)."""

    @property
    def labels(self) -> Labels:
        """Class of each sample, int64 (samples,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What the input or a layer did.

    Attributes
    ----------
    name
        'input', or the layer's.
    spikes
        How many of each neuron, int64 (channels, rows, columns) or (neurons,), in all steps and
        samples; of the input, elements that aren't 0.
    active
        How many of those were active at all, over all neurons, steps and samples: a neuron that
        sends several spikes in a step is active once.
    by_step
        Spikes in each time step, int64 (steps,).
    lowest, values
        How often each stored potential, or input value, was there: int64 (values,), from `lowest`
        on; of kept channels.
    """

    name: str
    spikes: Counts
    active: int
    by_step: Counts
    lowest: int
    values: Counts


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """What a network did on samples.

    Attributes
    ----------
    data
        What they are of.
    samples
        How many.
    layers
        By name, the input first.
    confusion
        How often class i was taken for class j, int64 (classes, classes); None without labels.
    class_names
        As many, or none.
    synaptic
        By 'Effective_MACs', 'Effective_ACs' and 'Dense', operations in all samples.
    """

    data: str
    samples: int
    layers: dict[str, Seen]
    confusion: Counts | None
    class_names: tuple[str, ...]
    synaptic: dict[str, int]

    @property
    def correct(self) -> int | None:
        """How many samples are classified right; None without labels."""
        return None if self.confusion is None else int(self.confusion.trace())


def measure(
    tables: Tables,
    data: Data,
    *,
    title: str,
    labelled: bool,
    class_names: tuple[str, ...] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Measured:
    """Run tables on samples in the golden simulator, and count.

    Parameters
    ----------
    tables, data
        The network, and at least one sample for it.
    title
        What the samples are of.
    labelled
        Whether each has a class.
    class_names
        Of the classes.
    progress
        Called with the samples done, and all of them.
    """
    found = {name: _Counter(tables, name) for name in ("input", *tables.neuron_shapes)}
    confusion = np.zeros((tables.classes, tables.classes), np.int64) if labelled else None
    synaptic = {"Effective_MACs": 0, "Effective_ACs": 0, "Dense": 0}
    size = max(1, min(BATCH, BATCH_UPDATES // tables.updates))
    for first in range(0, len(data), size):
        part = data[first : first + size]
        x = part.x
        trace = golden.run(tables, x, potentials=True)
        found["input"].add(x, x)
        for name, spikes in trace.spikes.items():
            found[name].add(spikes, trace.potentials[name])
        if confusion is not None:
            np.add.at(confusion, (part.labels, trace.prediction), 1)
        for operated in operations(tables, trace, x).values():
            synaptic["Effective_MACs"] += int(operated.macs.sum())
            synaptic["Effective_ACs"] += int(operated.acs.sum())
            synaptic["Dense"] += operated.dense * x.shape[1]
        if progress:
            progress(min(first + size, len(data)), len(data))
    return Measured(
        data=title, samples=len(data), layers={n: one.seen() for n, one in found.items()},
        confusion=confusion, class_names=class_names, synaptic=synaptic,
    )  # fmt: skip


class _Counter:
    """Counts of the input, or of a layer."""

    def __init__(self, tables: Tables, name: str) -> None:
        shape = tables.input.shape if name == "input" else tables.neuron_shapes[name]
        self.name, self.kept = name, tables.mask(name)
        if name == "input":
            self.lowest, highest = tables.input.activation.low, tables.input.activation.high
        else:
            store = tables.layer(name).neuron.store
            self.lowest, highest = store.low, store.high
        self.spikes = np.zeros(shape, np.int64)
        self.by_step = np.zeros(tables.steps, np.int64)
        self.values = np.zeros(highest - self.lowest + 1, np.int64)
        self.active = 0

    def add(self, spikes: NDArray[Any], values: NDArray[Any]) -> None:
        fired = spikes != 0
        count = fired if self.name == "input" or spikes.dtype == np.bool_ else spikes
        self.active += int(np.count_nonzero(fired))
        self.spikes += count.sum((0, 1), dtype=np.int64)
        self.by_step += count.reshape(len(count), -1).sum(1, dtype=np.int64)
        kept = values if self.kept.all() else values[:, :, self.kept]
        shifted = kept.ravel().astype(np.int64) - self.lowest
        self.values += np.bincount(shifted, minlength=len(self.values))

    def seen(self) -> Seen:
        return Seen(name=self.name, spikes=self.spikes, active=self.active, by_step=self.by_step,
                    lowest=self.lowest, values=self.values)  # fmt: skip
