"""The points of an exploration, round by round: first drawn at random, then beside the best.

A round depends on nothing but the seed and the figures of the rounds before, so an exploration that
was interrupted goes on with the very points that it would have had.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import ceil, gcd
from typing import Any

import numpy as np

from ...export.tables import Tables
from ...hw.plan import plan_file
from ...hw.plan.plan import MAX_REPLICAS, Plan
from ...hw.plan.stage_shape import StageShape
from ...hw.plan.support import most_tiles
from ...hw.search.moves import changed
from .setting import Network, Setting, Target

AT_RANDOM = 0.4
"""Share of the points that are drawn at random, in the first round."""
ROUNDS = 8
"""That follow, of the same size each."""
_TRIES = 200
"""Draws for a point that isn't there yet, before there is no other."""
_DIVIDED = (1, 1, 1, 2, 2, 3, 4, 8, 16)
"""By how much a layer's channels may be divided to get a stage's lanes."""
FILL = 0
"""Replicas: as many as there is room for."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """What is measured.

    Attributes
    ----------
    number
        From 0, in the order of drawing.
    target, network
        Their places in the setting.
    plan
        The plan, as a plan file's values; without replicas.
    replicas
        How many, or `FILL`.
    """

    number: int
    target: int
    network: int
    plan: str
    replicas: int

    @property
    def key(self) -> tuple[int, int, str, int]:
        """What makes it a point of its own."""
        return self.target, self.network, self.plan, self.replicas

    def laid_out(self, network: Network) -> Plan:
        """Return the plan, with one replica where it has as many as fit."""
        plan = plan_file.from_dict(json.loads(self.plan), network.tables)
        return replace(plan, replicas=max(1, self.replicas))


def rounds(points: int) -> list[range]:
    """Return the numbers of the points of each round."""
    first = ceil(AT_RANDOM * points)
    ends = [first + (points - first) * done // ROUNDS for done in range(ROUNDS + 1)]
    return [range(0, first), *(range(a, b) for a, b in zip(ends, ends[1:], strict=False) if a < b)]


def round_of(
    setting: Setting, numbers: range, best: Sequence[Point], known: set[Any]
) -> Iterator[Point]:
    """Yield the points of a round; fewer, where no others are found.

    Parameters
    ----------
    setting
        What is explored.
    numbers
        Of the points.
    best
        Those of the rounds before that none beats, in a fixed order; targets without any, as all
        have in the first round, get random ones.
    known
        The keys of all points so far, which grow.
    """
    rng = np.random.default_rng((setting.seed, numbers.start))
    each: list[list[Point]] = [[] for _ in setting.targets]
    for point in best:
        each[point.target].append(point)
    for number in numbers:
        target = number % len(setting.targets)
        parents = each[target]
        for _ in range(_TRIES):
            if parents:
                drawn = _beside(setting, parents[int(rng.integers(len(parents)))], rng)
            else:
                drawn = _drawn(setting, target, rng)
            if drawn is not None and drawn.key not in known:
                known.add(drawn.key)
                yield replace(drawn, number=number)
                break
        else:
            return


def _drawn(setting: Setting, target: int, rng: np.random.Generator) -> Point | None:
    """Return a random point, or None where the numbers drawn make no plan."""
    number = int(rng.integers(len(setting.networks)))
    tables, where = setting.networks[number].tables, setting.targets[target]
    shapes, left = [], len(tables.layers)
    while left:
        layers = int(rng.integers(1, left + 1)) if rng.random() < 0.4 else 1
        shapes.append(_shape(tables, len(tables.layers) - left, layers, where, rng))
        left -= layers
    replicas = int(rng.choice([1, 1, FILL, int(rng.integers(2, 9))]))
    return _point(setting, target, number, shapes, int(rng.choice(where.widths)), replicas)


def _shape(
    tables: Tables, first: int, layers: int, target: Target, rng: np.random.Generator
) -> StageShape:
    """Return a random stage of some layers."""
    most = max(int(layer.kept.sum()) for layer in tables.layers[first : first + layers])
    lanes = max(1, ceil(most / int(rng.choice(_DIVIDED))))
    lanes += lanes % 2
    tiles = most_tiles(tables, first)[0] if layers == 1 else 1
    held = first == 0 and tables.input.constant and tables.steps > 1
    large = bool(target.part.large_rams[0])
    return StageShape(
        layers=layers,
        lanes=lanes,
        update_lanes=gcd(lanes, int(2 ** rng.integers(0, 6))),
        banks=int(2 ** rng.integers(0, 5)),
        holds=bool(held and rng.random() < 0.5),
        weight_memory="spram" if large and rng.random() < 0.25 else "block",
        ahead=int(rng.choice([2, 2, 3, 4])),
        flags=int(rng.choice([0, 0, 0, 2, 4, 8])),
        tiles=int(rng.integers(1, tiles + 1)) if rng.random() < 0.25 else 1,
    )


def _beside(setting: Setting, point: Point, rng: np.random.Generator) -> Point | None:
    """Return a point that differs from one in a number or two."""
    network, replicas, what = point.network, point.replicas, rng.random()
    plan = point.laid_out(setting.networks[network])
    shapes, bits = plan.shapes, plan.word_bits
    if what < 0.15:
        some = [FILL, 1, max(1, replicas // 2), replicas - 1, replicas + 1, 2 * max(1, replicas)]
        replicas = min(max(int(rng.choice(some)), FILL), MAX_REPLICAS)
    if what < 0.3:
        network = int(rng.integers(len(setting.networks)))
    for _ in range(1 if what < 0.8 else 2):
        if what >= 0.15 and (what >= 0.3 or len(setting.networks) == 1):
            beside = list(changed(replace(plan, replicas=1), setting.targets[point.target].widths))
            shapes, bits = beside[int(rng.integers(len(beside)))]
            plan = _plan(plan.tables, shapes, bits) or plan
    return _point(setting, point.target, network, shapes, bits, replicas)


def _point(
    setting: Setting, target: int, network: int, shapes: Any, bits: int, replicas: int
) -> Point | None:
    plan = _plan(setting.networks[network].tables, tuple(shapes), bits)
    if plan is None:
        return None
    text = json.dumps(plan_file.to_dict(plan), separators=(",", ":"))
    return Point(number=-1, target=target, network=network, plan=text, replicas=replicas)


def _plan(tables: Tables, shapes: tuple[StageShape, ...], bits: int) -> Plan | None:
    """Return a plan of one replica, or None where the numbers make none."""
    firsts = accumulate((shape.layers for shape in shapes), initial=0)
    for shape, first in zip(shapes, firsts, strict=False):
        if shape.tiles > most_tiles(tables, first)[0]:
            return None
        if max(shape.banks, shape.update_lanes) > bits:
            return None
    try:
        return Plan(tables=tables, shapes=shapes, word_bits=bits)
    except ValueError:
        return None
