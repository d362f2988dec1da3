"""Divide layers into stages that are all fast enough, and together take the least."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from ...export.tables import Tables
from ..cost.part import Part
from ..cost.resources import resources
from ..plan.descriptor import Orders, ascending
from ..plan.stage_plan import StagePlan
from ..plan.stage_shape import MAX_LANES, StageShape
from ..plan.support import most_tiles
from ..plan.widths import parts
from .timing import Timing

BANKS = (1, 2, 4, 8, 16)
UPDATE_LANES = (1, 2, 4, 8, 16, 32, 64)
AHEAD = (2, 3, 4)
FLAGS = (0, 2, 4, 8)
TILES = (1, 2, 3, 4, 6, 8, 12, 16)
_FLAGS = (0, 4)
"""Of `FLAGS`, those that a division has."""
_MEASURED = 3
"""Of the shapes that are fast enough, how many are measured, those of the fewest adders first."""


@dataclass(frozen=True, kw_only=True)
class _Way:
    """One way to execute some layers: its cycles an image, and about how much logic."""

    shape: StageShape
    cycles: float
    adders: int


@dataclass(frozen=True, kw_only=True)
class _Alone:
    """A chain of one stage, or of its tiles, which may read from others."""

    stages: tuple[StagePlan, ...]


class _TwoEach(dict[str, int]):
    """Buffers of maps whose stage is the one before."""

    def __missing__(self, name: str) -> int:
        return 2


@dataclass(kw_only=True)
class Division:
    """What stages cost, for one width of a word.

    Attributes
    ----------
    tables, part, word_bits, loadable
        Of the plan.
    weight_memory
        Of all stages.
    timing
        How long a stage is at work.
    """

    tables: Tables
    part: Part
    timing: Timing
    word_bits: int
    loadable: bool
    weight_memory: Literal["block", "spram"]
    _ways_known: dict[tuple[int, int], list[_Way]] = field(default_factory=dict)
    _works: dict[Any, float] = field(default_factory=dict)
    _costs: dict[tuple[int, StageShape], tuple[float, float]] = field(default_factory=dict)

    @cached_property
    def _orders(self) -> Orders:
        return ascending(self.tables)

    @cached_property
    def least_cycles(self) -> float:
        """The fewest cycles an image that any plan takes, however large: of its slowest layer."""
        layers = range(len(self.tables.layers))
        return max(min(s.cycles for s in self._ways(n, n + 1)) for n in layers)

    @cached_property
    def most_cycles(self) -> float:
        """The cycles an image of one stage of a lane."""
        return max(way.cycles for way in self._ways(0, len(self.tables.layers)))

    def cheapest(self, cycles: float, logic: float, memory: float) -> tuple[StageShape, ...] | None:
        """Return the stages of at most so many cycles an image that cost the least, or None.

        `logic` and `memory` say how much the shares of the part's logic and block RAM count.
        """
        count = len(self.tables.layers)
        best: list[tuple[float, tuple[StageShape, ...]] | None] = [(0.0, ())] + [None] * count
        for end in range(1, count + 1):
            for first in range(end):
                before = best[first]
                found = self._cheapest(first, end, cycles, logic, memory) if before else None
                if before is None or found is None:
                    continue
                cost = before[0] + found[0]
                known = best[end]
                if known is None or cost < known[0]:
                    best[end] = cost, (*before[1], found[1])
        last = best[count]
        return last[1] if last else None

    def _cheapest(
        self, first: int, end: int, cycles: float, logic: float, memory: float
    ) -> tuple[float, StageShape] | None:
        """Return the cost and the shape of one stage."""
        enough = [way for way in self._ways(first, end) if way.cycles <= cycles]
        costs = []
        # Few adders in any number of banks: they differ in the shape of the weight memories.
        for banks in BANKS:
            some = [way for way in enough if way.shape.banks == banks]
            for way in some[:_MEASURED]:
                used = self._cost(first, way.shape)
                costs.append((used[0] * logic + used[1] * memory, way.shape))
        best = min(costs, key=lambda cost: cost[0], default=None)
        return best if best and best[0] < float("inf") else None

    def _cost(self, first: int, shape: StageShape) -> tuple[float, float]:
        """Return the shares of the part's logic and block RAM."""
        key = first, shape
        if key not in self._costs:
            tiles = tuple(self._stage(first, shape, tile) for tile in range(shape.tiles))
            used = resources(_Alone(stages=tiles), self.part)
            share = used.utilization
            infinite = 0.0 if used.fits else float("inf")
            self._costs[key] = share["logic"] + infinite, share["block_rams"]
        return self._costs[key]

    def _ways(self, first: int, end: int) -> list[_Way]:
        """Return the shapes of a stage of some layers, those of the fewest adders first."""
        key = first, end
        if key not in self._ways_known:
            shapes = [*self._shapes(first, end)]
            shapes += self._tiled(first, shapes) if end - first == 1 else []
            found = [self._way(first, shape) for shape in shapes]
            self._ways_known[key] = sorted(found, key=lambda way: way.adders)
        return self._ways_known[key]

    def _shapes(self, first: int, end: int) -> Iterator[StageShape]:
        constant = self.tables.input.constant and self.tables.steps > 1
        for lanes in self._lanes(first, end):
            for banks in (banks for banks in BANKS if not self.word_bits % banks):
                for update in UPDATE_LANES:
                    if lanes % update or self.word_bits % update:
                        continue
                    for flags in _FLAGS:
                        yield StageShape(
                            layers=end - first,
                            lanes=lanes,
                            update_lanes=update,
                            banks=banks,
                            weight_memory=self.weight_memory,
                            holds=constant and not self.loadable and first == 0,
                            flags=flags,
                        )

    def _tiled(self, first: int, shapes: list[StageShape]) -> Iterator[StageShape]:
        """Yield the shapes of one layer with several tiles, on lanes for all of its channels.

        Fewer lanes come before more tiles.
        """
        most, _ = most_tiles(self.tables, first)
        full = [shape for shape in shapes if shape.lanes == max(s.lanes for s in shapes)]
        for tiles in (tiles for tiles in TILES if 1 < tiles <= most):
            for shape in full:
                yield replace(shape, tiles=tiles)

    def _way(self, first: int, shape: StageShape) -> _Way:
        """Return how long a shape works on its layers, or takes their maps in."""
        layers = range(first, first + shape.layers)
        return _Way(
            shape=shape,
            cycles=max(sum(self._work(n, shape) for n in layers), self._taken(first, shape)),
            adders=shape.tiles
            * (shape.lanes * shape.banks + 4 * shape.update_lanes + 4 * (shape.flags > 0)),
        )

    def _work(self, layer: int, shape: StageShape) -> float:
        """Return how long a shape works on one layer."""
        numbers = shape.lanes, shape.update_lanes, shape.banks, shape.holds, shape.flags
        key = layer, *numbers, shape.tiles
        if key not in self._works:
            self._works[key] = self.timing.stage(self._stage(layer, replace(shape, layers=1)))
        return self._works[key]

    def _taken(self, first: int, shape: StageShape) -> float:
        """Return how long the largest map from outside takes to come in, each step of an image."""
        key = first, shape.layers, shape.banks
        if key not in self._works:
            stage, steps = self._stage(first, shape), self.tables.steps
            once = {"input"} if self.tables.input.constant else set()
            self._works[key] = float(
                max(stage.map(n).words * (1 if n in once else steps) for n in stage.external)
            )
        return self._works[key]

    def _stage(self, first: int, shape: StageShape, tile: int = 0) -> StagePlan:
        return StagePlan(
            tables=self.tables,
            first=first,
            shape=shape,
            word_bits=self.word_bits,
            pad=shape.banks,
            buffers=_TwoEach(),
            orders=self._orders,
            loadable=self.loadable,
            tile=tile,
        )

    def _lanes(self, first: int, end: int) -> list[int]:
        """Return numbers of lanes that divide some layer evenly, and powers of two."""
        kept = [int(layer.kept.sum()) for layer in self.tables.layers[first:end]]
        lanes = {parts(channels, n) for channels in kept for n in (1, 2, 3, 4)}
        lanes |= {1 << n for n in range(1, 11) if 1 << n < max(kept)}
        return sorted({even for n in lanes if (even := n + n % 2) <= MAX_LANES})
