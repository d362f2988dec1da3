"""The proof at import: that tables compute what their source does, or where they don't, and why.

*Rule*: the source's rule in float64, with its numbers snapped to the tables' integers, against
golden, on random inputs and on those given. They are equal wherever nothing is rounded: a decay of
2**-k, and states that hold all their potentials. *Quantization*: the source as it is against
golden: how many spikes and predictions agree, and how right both are.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..sim.golden import golden
from ..sim.golden.trace import Trace
from . import answers
from .floats import Floats
from .lower import Lowered
from .reference import Reference, run

RANDOM_SAMPLES = 8
BATCH_UPDATES = 1 << 22
"""Neurons that are updated at once, each of several numbers in float64."""


@dataclass(frozen=True, kw_only=True)
class Differs:
    """The first spike that golden has otherwise, in order of time, then of layers.

    Attributes
    ----------
    layer, step, sample, place
        The tables' name of the layer, and (channel, row, column) or (neuron,).
    source, golden
        Both spikes.
    potential, stored
        What the source compares with its threshold, in LSBs, and what golden keeps after the step.
    """

    layer: str
    step: int
    sample: int
    place: tuple[int, ...]
    source: int
    golden: int
    potential: float
    stored: int

    def __str__(self) -> str:
        return (
            f"layer {self.layer}, step {self.step}, sample {self.sample}, {placed(self.place)}: "
            f"the source has {self.source} at a potential of {self.potential:g}, golden "
            f"{self.golden} and keeps {self.stored}"
        )


@dataclass(frozen=True, kw_only=True)
class RuleProof:
    """Golden against the source's rule with the tables' numbers.

    Attributes
    ----------
    inputs
        'random' or 'samples'.
    samples, spikes, differing
        How many samples; spikes in all layers and steps of the source; and those that golden has
        otherwise.
    first
        The first of them, or None.
    """

    inputs: str
    samples: int
    spikes: int
    differing: int
    first: Differs | None


@dataclass(frozen=True, kw_only=True)
class LayerAgreement:
    """How a layer of the tables fires like that of the source.

    Attributes
    ----------
    layer
        The source's name.
    agreement
        Share of neurons, steps and samples whose spike is the same.
    activity_source, activity
        Spikes a neuron and step, of the source and of golden.
    silent, saturated
        Channels that never fired in golden, and that always did.
    """

    layer: str
    agreement: float
    activity_source: float
    activity: float
    silent: int
    saturated: int


@dataclass(frozen=True, kw_only=True)
class QuantizationProof:
    """Golden against the source as it is.

    Attributes
    ----------
    samples, predictions
        How many, and how many of them are answered alike.
    layers
        Each.
    accuracy_source, accuracy
        Shares that are right, where labels are given.
    first
        The first spike that differs, its potential in the source's units, or None.
    """

    samples: int
    predictions: int
    layers: tuple[LayerAgreement, ...]
    accuracy_source: float | None
    accuracy: float | None
    first: Differs | None


def random_inputs(lowered: Lowered, samples: int = RANDOM_SAMPLES) -> NDArray[np.int64]:
    """Return integers of the whole range of the input, (steps, samples, *shape), seeded.

    Every sample has its own density, from few to many.
    """
    tables, rng = lowered.tables, np.random.default_rng(0)
    a = tables.input.activation
    shape = (1 if tables.input.constant else tables.steps, samples, *tables.input.shape)
    x = rng.integers(a.low, a.high + 1, shape)
    density = np.linspace(0.05, 0.95, samples).reshape(1, -1, *(1,) * len(tables.input.shape))
    # Of one bit, all that isn't 0 is 1, or -1 where it is signed.
    x = np.where(rng.random(shape) < density, (a.high or a.low) if a.bits == 1 else x, 0)
    return np.broadcast_to(x, (tables.steps, *x.shape[1:]))


def rule_proof(lowered: Lowered, x: NDArray[np.int64], inputs: str) -> RuleProof:
    """Compare golden with the snapped source on integers (steps, samples, *input shape)."""
    spikes = differing = 0
    first: Differs | None = None
    for start, part in parts(lowered, x):
        done = run(lowered.snapped, part)
        trace = golden.run(lowered.tables, part, potentials=True)
        names = {name: name for name in done.spikes}
        for name, ours in trace.spikes.items():
            theirs = covered(done.spikes[name], ours)
            spikes += int(theirs.sum())
            differing += int(np.count_nonzero(theirs != ours))
        first = first or _first(done, trace, names, start)
    return RuleProof(
        inputs=inputs, samples=x.shape[1], spikes=spikes, differing=differing, first=first
    )


def quantization_proof(
    lowered: Lowered, samples: NDArray[Any], labels: NDArray[Any] | None = None
) -> QuantizationProof:
    """Compare golden with the source on numbers (steps, samples, *input shape).

    Labels, (samples,), say what is right.
    """
    x = lowered.input.integers(samples)
    agree: dict[str, Floats] = {}
    predictions = right_source = right = 0
    first: Differs | None = None
    fired: dict[str, list[Floats]] = {}
    for start, part in parts(lowered, x):
        stop = start + part.shape[1]
        done = run(lowered.network, samples[:, start:stop])
        trace = golden.run(lowered.tables, part, potentials=True)
        source = answer(lowered, done)
        predictions += int((source == trace.prediction).sum())
        if labels is not None:
            right_source += int((source == labels[start:stop]).sum())
            right += int((trace.prediction == labels[start:stop]).sum())
        for name, ours in lowered.names.items():
            golden_spikes = trace.spikes[ours]
            theirs = covered(done.spikes[name], golden_spikes)
            counts = [(theirs == golden_spikes).sum(), theirs.sum(), golden_spikes.sum()]
            agree[name] = agree.get(name, np.zeros(3)) + np.array(counts, np.float64)
            rates = golden_spikes.reshape(*golden_spikes.shape[:3], -1).mean((0, 1, 3))
            fired.setdefault(name, []).append(rates)
        first = first or _first(done, trace, lowered.names, start)
    layers = []
    for name, ours in lowered.names.items():
        size = x.shape[0] * x.shape[1] * prod(lowered.tables.neuron_shapes[ours])
        rates = np.array(fired[name])
        fires = lowered.tables.layer(ours).neuron.threshold is not None
        layers.append(
            LayerAgreement(
                layer=name,
                agreement=float(agree[name][0] / size),
                activity_source=float(agree[name][1] / size),
                activity=float(agree[name][2] / size),
                silent=int((rates == 0).all(0).sum()) if fires else 0,
                saturated=int((rates == 1).all(0).sum()),
            )
        )
    total = x.shape[1]
    return QuantizationProof(
        samples=total,
        predictions=predictions,
        layers=tuple(layers),
        accuracy_source=None if labels is None else right_source / total,
        accuracy=None if labels is None else right / total,
        first=first,
    )


def answer(lowered: Lowered, done: Reference) -> NDArray[np.int64]:
    """Return the class that the source answers, (samples,)."""
    network = lowered.network
    return answers.classes(answers.values(network.readout, network.voters, done, network.output))


def parts(lowered: Lowered, x: NDArray[Any]) -> Any:
    """Yield samples, so many that the reference's numbers fit, with the index of the first."""
    neurons = lowered.tables.updates + lowered.tables.steps * prod(lowered.tables.input.shape)
    size = max(1, BATCH_UPDATES // neurons)
    for start in range(0, x.shape[1], size):
        yield start, x[:, start : start + size]


def placed(place: tuple[int, ...]) -> str:
    """Return where a neuron is, (channel, row, column) or (neuron,), in words."""
    names = ("channel", "row", "column") if len(place) == 3 else ("neuron",)
    return ", ".join(f"{name} {index}" for name, index in zip(names, place, strict=True))


def covered(theirs: NDArray[Any], ours: NDArray[Any]) -> NDArray[Any]:
    """Return spikes without those of neurons that no window of a pool covers: tables have none."""
    return theirs[tuple(slice(size) for size in ours.shape)]


def _first(done: Reference, trace: Trace, names: dict[str, str], start: int) -> Differs | None:
    """Return the first spike that differs; of one step, that of the earliest layer."""
    found: tuple[int, str, tuple[int, ...]] | None = None
    for theirs, ours in names.items():
        wrong = covered(done.spikes[theirs], trace.spikes[ours]) != trace.spikes[ours]
        if wrong.any():
            index = tuple(int(i) for i in np.unravel_index(wrong.argmax(), wrong.shape))
            if found is None or index[0] < found[0]:
                found = (index[0], theirs, index)
    if found is None:
        return None
    step, theirs, index = found
    ours = names[theirs]
    return Differs(
        layer=ours,
        step=step,
        sample=start + index[1],
        place=index[2:],
        source=int(done.spikes[theirs][index]),
        golden=int(trace.spikes[ours][index]),
        potential=float(done.compared[theirs][index]),
        stored=int(trace.potentials[ours][index]),
    )
