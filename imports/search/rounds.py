"""The rounds of a search: which bits are tried, and which are taken.

It starts from the widest bits that are allowed. In each *round* every layer's weights and states
are tried by themselves with one bit less, and half-way to the fewest that are still possible; of
those that stay within the loss, the one is taken that costs the least accuracy for the bits it
saves. What fell out of the loss is not tried again, nor anything narrower of the same layer:
*floor* is the fewest bits left to try. Rounds end where no floor is below what is taken. As
accuracy doesn't fall evenly, they begin again from the best so far, with all floors at the bottom,
until that finds nothing better.
"""

from collections.abc import Callable, Sequence

from ...workers import Pool
from .points import Choice, Point, Setting, size, tried_on

Told = Callable[[int, int], None]
Place = tuple[int, int]
"""A layer's index, and 0 for its weights or 1 for its states."""

FEWEST = (1, 2)
"""Bits of a weight, of a state."""


class Rounds:
    """The rounds of a search, and all that was tried in them."""

    def __init__(self, setting: Setting, least: float, pool: Pool, told: Told) -> None:
        self.setting, self.least, self.pool, self.told = setting, least, pool, told
        self.known: dict[Choice, Point | None] = {}

    def run(self, widest: Choice, narrowed: Sequence[int]) -> tuple[Point, ...]:
        """Return all points, by storage; weights (0) or states (1) are narrowed, or both."""
        (start,) = self.tried([widest])
        assert start is not None
        places = [(layer, part) for layer in range(len(widest)) for part in narrowed]
        self.told(0, self.total(start, places))
        at, best = start, None
        while self.enough(at) and at != best:
            best = at
            self.rounds(at, places)
            at = self.best()
        self.told(self.total(start, places), self.total(start, places))
        kept = [point for point in self.known.values() if point is not None]
        return tuple(sorted(kept, key=lambda p: (p.storage_bits, p.accuracy, p.allowed)))

    def rounds(self, at: Point, places: list[Place]) -> None:
        """Narrow places, (layer, part), from a point until none can be narrowed any more."""
        floors = {place: FEWEST[place[1]] for place in places}
        total = self.total(at, places)
        while moves := self.moves(at, floors):
            points = self.tried(list(moves.values()))
            better = {}
            for (place, bits), point in zip(moves, points, strict=True):
                if point is None or not self.enough(point) or _saved(at, point) <= 0:
                    floors[place] = max(floors[place], bits + 1)
                else:
                    better[place, bits] = point
            if better:
                at = min(better.values(), key=lambda point: self.cost(at, point))
            self.told(total - self.left(at, floors), total)

    def best(self) -> Point:
        """Return the fewest bits within the loss; there are some."""
        points = [point for point in self.known.values() if point is not None]
        return min(filter(self.enough, points), key=size)

    def total(self, at: Point, places: list[Place]) -> int:
        """Return the bits above the fewest."""
        return self.left(at, {place: FEWEST[place[1]] for place in places})

    def tried(self, choices: list[Choice]) -> list[Point | None]:
        """Return the points of choices, each tried once in a search."""
        new = [choice for choice in dict.fromkeys(choices) if choice not in self.known]
        points = self.pool.map(tried_on, new, shared=(self.setting,))
        self.known.update(zip(new, points, strict=True))
        return [self.known[choice] for choice in choices]

    def moves(self, at: Point, floors: dict[Place, int]) -> dict[tuple[Place, int], Choice]:
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

    def left(self, at: Point, floors: dict[Place, int]) -> int:
        """Return the bits that are still to be decided about."""
        return sum(
            max(0, _bits(at, part)[layer] - floor) for (layer, part), floor in floors.items()
        )


def _bits(point: Point, part: int) -> tuple[int, ...]:
    return (point.weights, point.states)[part]


def _saved(at: Point, point: Point) -> int:
    return at.storage_bits - point.storage_bits
