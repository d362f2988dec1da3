"""Divide layers into stages that are all fast enough, and together take the least."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from ...export.tables import Tables
from ..cost.part import Part
from ..cost.resources import resources
from ..cost.rough_cycles import stage_step
from ..plan.descriptor import Orders, ascending
from ..plan.stage_plan import StagePlan
from ..plan.stage_shape import MAX_LANES, StageShape
from ..plan.widths import parts

_BANKS = (1, 2, 4, 8, 16)
_MEASURED = 4
"""Of the shapes that are fast enough, how many are measured, those of the fewest adders first."""


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """One way to execute some layers: its cycles an image, and about how much logic."""

    shape: StageShape
    stage: StagePlan
    cycles: float
    adders: int


@dataclass(frozen=True, kw_only=True)
class _Alone:
    """A chain of one stage, which may read from others."""

    stages: tuple[StagePlan]


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
    activity
        Of every map; see `rough_cycles.stage_cycles`.
    """

    tables: Tables
    part: Part
    activity: Mapping[str, float]
    word_bits: int
    loadable: bool
    weight_memory: Literal["block", "spram"]
    _shapes: dict[tuple[int, int], list[_Shape]] = field(default_factory=dict)
    _costs: dict[tuple[int, StageShape], tuple[float, float]] = field(default_factory=dict)

    @cached_property
    def _orders(self) -> Orders:
        return ascending(self.tables)

    @cached_property
    def least_cycles(self) -> float:
        """The fewest cycles an image that any plan takes, however large: of its slowest layer."""
        layers = range(len(self.tables.layers))
        return max(min(s.cycles for s in self._ways(n, n + 1)) for n in layers)

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
        enough = [shape for shape in self._ways(first, end) if shape.cycles <= cycles]
        costs = []
        # Few adders in any number of banks: they differ in the shape of the weight memories.
        for banks in _BANKS:
            some = [way for way in enough if way.shape.banks == banks]
            for way in some[:_MEASURED]:
                used = self._cost(first, way)
                costs.append((used[0] * logic + used[1] * memory, way.shape))
        best = min(costs, key=lambda cost: cost[0], default=None)
        return best if best and best[0] < float("inf") else None

    def _cost(self, first: int, way: _Shape) -> tuple[float, float]:
        """Return the shares of the part's logic and block RAM."""
        key = first, way.shape
        if key not in self._costs:
            used = resources(_Alone(stages=(way.stage,)), self.part)
            share = used.utilization
            infinite = 0.0 if used.fits else float("inf")
            self._costs[key] = share["logic"] + infinite, share["block_rams"]
        return self._costs[key]

    def _ways(self, first: int, end: int) -> list[_Shape]:
        """Return the shapes of a stage of some layers, those of the fewest adders first."""
        key = first, end
        if key not in self._shapes:
            found = []
            for lanes in self._lanes(first, end):
                for banks in _BANKS:
                    for update in (1, 2, 4, 8, 16, 32, 64):
                        found += self._way(first, end, lanes, banks, update)
            self._shapes[key] = sorted(found, key=lambda way: way.adders)
        return self._shapes[key]

    def _way(self, first: int, end: int, lanes: int, banks: int, update: int) -> list[_Shape]:
        if lanes % update or self.word_bits % update or self.word_bits % banks:
            return []
        constant = self.tables.input.constant and self.tables.steps > 1
        shape = StageShape(
            layers=end - first,
            lanes=lanes,
            update_lanes=update,
            banks=banks,
            weight_memory=self.weight_memory,
            holds=constant and not self.loadable and first == 0,
        )
        stage = StagePlan(
            tables=self.tables,
            first=first,
            shape=shape,
            word_bits=self.word_bits,
            pad=banks,
            buffers=_TwoEach(),
            orders=self._orders,
            loadable=self.loadable,
        )
        cycles = self.tables.steps * stage_step(stage, self.activity)
        return [_Shape(shape=shape, stage=stage, cycles=cycles, adders=lanes * banks + 4 * update)]

    def _lanes(self, first: int, end: int) -> list[int]:
        """Return numbers of lanes that divide some layer evenly, and powers of two."""
        kept = [int(layer.kept.sum()) for layer in self.tables.layers[first:end]]
        lanes = {parts(channels, n) for channels in kept for n in (1, 2, 3, 4)}
        lanes |= {1 << n for n in range(1, 11) if 1 << n < max(kept)}
        return sorted({even for n in lanes if (even := n + n % 2) <= MAX_LANES})
