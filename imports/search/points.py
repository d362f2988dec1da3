"""Tables of a choice of bits as points: their storage, and their accuracy."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export import summary
from ...sim.golden import golden
from ..bits import Bits
from ..graph import Network
from ..layer_bits import LayerBits
from ..lower import Lowered, lower
from ..paths import LoweringError
from ..proof import parts

Choice = tuple[tuple[int, int], ...]
"""Of each layer, the bits that its weights and its states may take."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """Tables that were tried.

    Attributes
    ----------
    allowed
        Of each layer, the bits that its weights and its states were allowed.
    weights, states
        Of each layer, the bits that they take.
    storage_bits
        All weights and all states, without any padding.
    accuracy
        Share of the samples that are right, of those searched on.
    held_out
        The same of those held out; None where that wasn't measured.
    """

    allowed: Choice
    weights: tuple[int, ...]
    states: tuple[int, ...]
    storage_bits: int
    accuracy: float
    held_out: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Setting:
    """What all tables of a search are made of, and measured on.

    Attributes
    ----------
    network, name, bits
        As of `ImportSettings`; the bits say what isn't searched for.
    layers
        The source's names.
    steps
        Time steps.
    fit
        Numbers (steps, samples, *input shape) that tables are made with; one step where all are
        the same.
    test, labels
        Numbers that they are measured on, and what is right.
    """

    network: Network
    name: str
    bits: Bits
    layers: tuple[str, ...]
    steps: int
    fit: NDArray[np.float64]
    test: NDArray[np.float64]
    labels: NDArray[Any]

    def lowered(self, allowed: Choice) -> Lowered:
        """Return the tables of a choice."""
        by_name = {
            name: replace(self.bits, weights=weights, states=states)
            for name, (weights, states) in zip(self.layers, allowed, strict=True)
        }
        return lower(
            self.network,
            steps=self.steps,
            samples=_every(self.fit, self.steps),
            bits=LayerBits(all=self.bits, layers=by_name),
            name=self.name,
        )


def tried_on(setting: Setting, allowed: Choice) -> Point | None:
    """Return a choice as a point; None where its numbers don't fit the tables."""
    try:
        lowered = setting.lowered(allowed)
    except LoweringError:
        return None
    tables = lowered.tables
    x = lowered.input.integers(setting.test)
    x = np.broadcast_to(x, (setting.steps, *x.shape[1:]))
    right = 0
    for start, part in parts(lowered, x):
        prediction = golden.run(tables, part).prediction
        right += int((prediction == setting.labels[start : start + len(prediction)]).sum())
    memory = [summary.memory(tables, layer) for layer in tables.layers]
    return Point(
        allowed=allowed,
        weights=tuple(max(group.bits for group in layer.synapses) for layer in tables.layers),
        states=tuple(layer.neuron.store.bits for layer in tables.layers),
        storage_bits=sum(each["weights"] + each["state"] for each in memory),
        accuracy=right / len(setting.labels),
    )


def front(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Return the points that none with as few bits beats in accuracy, by storage."""
    best: list[Point] = []
    for point in points:
        if not best or point.accuracy > best[-1].accuracy:
            if best and best[-1].storage_bits == point.storage_bits:
                best.pop()
            best.append(point)
    return tuple(best)


def size(point: Point) -> tuple[int, float, Choice]:
    """Return what orders points: bits, then accuracy, then any."""
    return point.storage_bits, -point.accuracy, point.allowed


def _every(x: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    return np.broadcast_to(x, (steps, *x.shape[1:]))
