"""The search for the fewest bits: each layer's weights and states, narrowed while accuracy holds.

It starts from the widest bits that are allowed. In each *round* every layer's weights and states are
tried by themselves with one bit less, and half-way to the fewest that are still possible; of those
that stay within the loss, the one is taken that costs the least accuracy for the bits it saves. What
fell out of the loss is not tried again, nor anything narrower of the same layer: *floor* is the
fewest bits left to try. The search ends where no floor is below what is taken.

All tables that were tried are points of storage against accuracy, on the samples that are searched
on. None of the others, which are *held out*, has a say in what is chosen.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..checks.arguments import choice as one_of
from ..checks.arguments import number
from ..export import summary
from ..export.tables import Tables
from ..sim.golden import golden
from ..workers import Pool
from .graph import Network
from .importing import Wanted, measured, proven
from .layer_bits import LayerBits
from .lower import Lowered, lower
from .paths import LoweringError
from .proof import answer, parts
from .reference import run
from .scales import Bits

Choice = tuple[tuple[int, int], ...]
"""Of each layer, the bits that its weights and its states may take."""
Told = Callable[[int, int], None]

FEWEST = (1, 2)
"""Bits of a weight, of a state."""


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What a search is for.

    Attributes
    ----------
    loss
        Points of accuracy, 0…100, that may be lost against the source.
    narrow
        Whether 'weights', 'states' or 'both' are narrowed.
    held_out
        Share of the samples, 0…0.9, that the search doesn't see.
    """

    loss: float = 1.0
    narrow: Literal["both", "weights", "states"] = "both"
    held_out: float = 0.5

    def __post_init__(self) -> None:
        number("loss", self.loss, 0, 100)
        one_of("narrow", self.narrow, ("both", "weights", "states"))
        number("held_out", self.held_out, 0, 0.9)


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
class Found:
    """What a search has found.

    Attributes
    ----------
    layers
        The source's names.
    tables
        Of the choice, with their proof on the samples held out.
    chosen
        The point with the fewest bits within the loss; the widest where none is.
    within
        Whether it is.
    points
        All, by storage and accuracy.
    front
        Those that no other beats in both, by storage; the chosen one is among them where it is
        within the loss.
    searched, held
        Samples searched on, and held out.
    accuracy, held_accuracy
        Of the source, on either; the latter is None where none is held out.
    """

    layers: tuple[str, ...]
    tables: Tables
    chosen: Point
    within: bool
    points: tuple[Point, ...]
    front: tuple[Point, ...]
    searched: int
    held: int
    accuracy: float
    held_accuracy: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Setting:
    """What all tables of a search are made of, and measured on.

    Attributes
    ----------
    network, name, bits
        As of `Wanted`; the bits say what isn't searched for.
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


def found(network: Network, wanted: Wanted, aim: Aim, pool: Pool, told: Told) -> Found:
    """Return the fewest bits of each layer within a loss of accuracy.

    Parameters
    ----------
    network
        The source.
    wanted
        Its bits are the widest; samples and labels are split by a fixed draw.
    aim
        What is looked for.
    pool
        Workers that tables are tried on; what is found doesn't depend on them.
    told
        Called with the bits that are decided, and all of them.

    Raises
    ------
    LoweringError, ValueError
        As of an import; where there are no labels, or too few samples.
    """
    x, labels = measured(network, wanted)
    if x is None or labels is None:
        raise ValueError("labels must be given to a search, the right class of each sample")
    bits = wanted.bits if isinstance(wanted.bits, LayerBits) else LayerBits(all=wanted.bits)
    if bits.all.exact:
        raise ValueError("exact must be left out of a search, which rounds to fewer bits")
    first, second = _split(len(labels), aim.held_out)
    lowered = lower(network, steps=wanted.steps, samples=x[:, first], bits=bits, name=wanted.name)
    layers = tuple(lowered.names)
    widest = tuple((each.weights, each.states) for each in bits.of(layers).values())
    setting = Setting(
        network=network, name=wanted.name, bits=bits.all, layers=layers, steps=len(x),
        fit=_once(x, first), test=_once(x, first), labels=labels[first],
    )  # fmt: skip
    right = _source_right(lowered, x[:, first], labels[first])
    least = right - aim.loss / 100 * len(first) - 1e-9
    points = _Search(setting, least, pool, told).run(widest, aim)
    within = [p for p in points if p.accuracy * len(first) >= least]
    chosen = min(
        within or [p for p in points if p.allowed == widest],
        key=lambda p: (p.storage_bits, -p.accuracy, p.allowed),
    )
    ahead = front(points)
    held = None
    if len(second):
        held = replace(setting, test=_once(x, second), labels=labels[second])
        shown = list(dict.fromkeys(p.allowed for p in (*ahead, chosen)))
        tried = dict(zip(shown, pool.map(tried_on, shown, shared=(held,)), strict=True))
        points, ahead = (
            tuple(
                replace(p, held_out=tried[p.allowed].accuracy) if p.allowed in tried else p
                for p in group
            )
            for group in (points, ahead)
        )
        chosen = replace(chosen, held_out=tried[chosen.allowed].accuracy)
    part = second if len(second) else first
    made = setting.lowered(chosen.allowed)
    return Found(
        layers=layers,
        tables=proven(made, x[:, part], labels[part]),
        chosen=chosen,
        within=bool(within),
        points=points,
        front=ahead,
        searched=len(first),
        held=len(second),
        accuracy=right / len(first),
        held_accuracy=_source_right(lowered, x[:, second], labels[second]) / len(second)
        if len(second)
        else None,
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


class _Search:
    """The rounds of a search, and all that was tried in them."""

    def __init__(self, setting: Setting, least: float, pool: Pool, told: Told) -> None:
        self.setting, self.least, self.pool, self.told = setting, least, pool, told
        self.known: dict[Choice, Point | None] = {}

    def run(self, widest: Choice, aim: Aim) -> tuple[Point, ...]:
        """Return all points, by storage and accuracy."""
        (start,) = self.tried([widest])
        assert start is not None
        fixed = {"both": (), "weights": (1,), "states": (0,)}[aim.narrow]
        floors = {
            (layer, part): FEWEST[part]
            for layer in range(len(widest))
            for part in (0, 1)
            if part not in fixed and FEWEST[part] < _bits(start, part)[layer]
        }
        at, total = start, self.left(start, floors)
        self.told(0, total)
        while self.enough(at) and (moves := self.moves(at, floors)):
            points = self.tried(list(moves.values()))
            better = {}
            for (place, bits), point in zip(moves, points, strict=True):
                if point is None or not self.enough(point) or _saved(at, point) <= 0:
                    floors[place] = max(floors[place], bits + 1)
                else:
                    better[place, bits] = point
            # What a floor rose above in this round isn't tried again, but one of it may be taken.
            if better:
                at = min(better.values(), key=lambda point: self.cost(at, point))
            self.told(total - self.left(at, floors), total)
        self.told(total, total)
        kept = [point for point in self.known.values() if point is not None]
        return tuple(sorted(kept, key=lambda p: (p.storage_bits, p.accuracy, p.allowed)))

    def tried(self, choices: list[Choice]) -> list[Point | None]:
        """Return the points of choices, each tried once in a search."""
        new = [choice for choice in dict.fromkeys(choices) if choice not in self.known]
        points = self.pool.map(tried_on, new, shared=(self.setting,))
        self.known.update(zip(new, points, strict=True))
        return [self.known[choice] for choice in choices]

    def moves(
        self, at: Point, floors: dict[tuple[int, int], int]
    ) -> dict[tuple[tuple[int, int], int], Choice]:
        """Return what a round tries, by place and bits."""
        found = {}
        for place, floor in floors.items():
            layer, part = place
            now = _bits(at, part)[layer]
            for bits in dict.fromkeys(((floor + now) // 2, now - 1)) if floor < now else ():
                pair = list(at.allowed[layer])
                pair[part] = bits
                allowed = (*at.allowed[:layer], (pair[0], pair[1]), *at.allowed[layer + 1 :])
                found[place, bits] = allowed
        return found

    def enough(self, point: Point) -> bool:
        """Whether a point is within the loss."""
        return point.accuracy * len(self.setting.labels) >= self.least

    def cost(self, at: Point, point: Point) -> tuple[float, int, Choice]:
        """Return what orders moves: accuracy lost for a bit saved, then most bits, then any."""
        saved = _saved(at, point)
        return max(0.0, at.accuracy - point.accuracy) / saved, -saved, point.allowed

    def left(self, at: Point, floors: dict[tuple[int, int], int]) -> int:
        """Return the bits that are still to be decided about."""
        return sum(
            max(0, _bits(at, part)[layer] - floor) for (layer, part), floor in floors.items()
        )


def _bits(point: Point, part: int) -> tuple[int, ...]:
    return (point.weights, point.states)[part]


def _saved(at: Point, point: Point) -> int:
    return at.storage_bits - point.storage_bits


def _split(samples: int, held_out: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the samples to search on and those held out, each in their order.

    The draw is always the same; samples may come sorted by class.
    """
    held = round(samples * held_out)
    if samples - held < 1 or (held_out and not held):
        raise ValueError(
            f"samples must be enough to search on some and hold some out, not {samples}"
        )
    order = np.random.default_rng(0).permutation(samples)
    return np.sort(order[held:]), np.sort(order[:held])


def _once(x: NDArray[np.float64], chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return some samples, one step where all are the same one."""
    return np.ascontiguousarray((x[:1] if x.strides[0] == 0 else x)[:, chosen])


def _every(x: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    return np.broadcast_to(x, (steps, *x.shape[1:]))


def _source_right(lowered: Lowered, x: NDArray[np.float64], labels: NDArray[Any]) -> int:
    """Return how many samples the source has right, in float64."""
    right = 0
    for start, part in parts(lowered, x):
        done = answer(lowered, run(lowered.network, part))
        right += int((done == labels[start : start + len(done)]).sum())
    return right
