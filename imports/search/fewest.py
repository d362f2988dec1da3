"""The search for the fewest bits: each layer's weights and states, narrowed while accuracy holds.

All tables that were tried are points of storage against accuracy, on the samples that are searched
on. None of the others, which are *held out*, has a say in what is chosen.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...checks.arguments import choice as one_of
from ...checks.arguments import number
from ...export.tables import Tables
from ...workers import Pool
from ..graph import Network
from ..importing import ImportSettings, measured, proven
from ..layer_bits import LayerBits
from ..lower import Lowered, lower
from ..proof import answer, parts
from ..reference import run
from .points import Point, Setting, front, size, tried_on
from .rounds import Rounds, Told

NARROWED = {"both": (0, 1), "weights": (0,), "states": (1,)}


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


@dataclass(frozen=True, kw_only=True, eq=False)
class FoundBits:
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


def fewest_bits(
    network: Network, wanted: ImportSettings, aim: Aim, pool: Pool, told: Told
) -> FoundBits:
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
    # Workers need no spikes of the framework's own run; the proof of what is chosen does.
    setting = Setting(
        network=replace(network, recorded=None), name=wanted.name, bits=bits.all, layers=layers,
        steps=len(x), fit=_once(x, first), test=_once(x, first), labels=labels[first],
    )  # fmt: skip
    right = _source_right(lowered, x[:, first], labels[first])
    rounds = Rounds(setting, right - aim.loss / 100 * len(first) - 1e-9, pool, told)
    points = rounds.run(widest, NARROWED[aim.narrow])
    within = [p for p in points if rounds.enough(p)]
    chosen = min(within or [p for p in points if p.allowed == widest], key=size)
    ahead, held_accuracy = front(points), None
    if len(second):
        held = replace(setting, test=_once(x, second), labels=labels[second])
        held_accuracy = _source_right(lowered, x[:, second], labels[second]) / len(second)
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
    made = replace(setting, network=network).lowered(chosen.allowed)
    return FoundBits(
        layers=layers,
        tables=proven(made, x[:, part], labels[part]),
        chosen=chosen,
        within=bool(within),
        points=points,
        front=ahead,
        searched=len(first),
        held=len(second),
        accuracy=right / len(first),
        held_accuracy=held_accuracy,
    )


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


def _source_right(lowered: Lowered, x: NDArray[np.float64], labels: NDArray[Any]) -> int:
    """Return how many samples the source has right, in float64."""
    right = 0
    for start, part in parts(lowered, x):
        done = answer(lowered, run(lowered.network, part))
        right += int((done == labels[start : start + len(done)]).sum())
    return right
