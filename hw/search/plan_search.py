"""The search for a plan.

For a ladder of cycles, dynamic programming divides the layers into stages such that all of them are
as fast as that and together take the least of the part; of each plan there are as many replicas as
fit. From the best of those, plans that differ in one number are tried for as long as they are
better, compared by the cycles of the whole plan. Cycles are those of a `Timing`, logic and memories
those of `resources`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate
from math import ceil

import numpy as np
from numpy.typing import NDArray

from ...export.tables import Tables
from ..cost.part import Part
from ..cost.resources import Resources
from ..cost.rough_cycles import alone, between
from ..plan import plan_file
from ..plan.plan import MAX_REPLICAS, Plan, StageShape
from ..plan.support import most_tiles
from .balance import orders
from .choice import LOGIC_LIMIT, Choice
from .division import Division
from .moves import changed, smaller
from .repeat import most_replicas
from .room import DoesNotFitError
from .timing import Timing
from .wanted import Wanted

_STEP = 1.75
"""From one rung of the ladder of cycles to the next."""
_WEIGHTS = ((1.0, 1.0), (0.25, 1.0), (1.0, 0.25))
"""How much logic and block RAM count in a plan's size."""
_LONGEST = 32.0
"""How many times the fewest cycles it goes on to, before the most that any plan takes."""
_REPLICAS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
"""How many of the smallest plan's are compared for a rate."""
_AIMS = 5
"""How often the smallest plan is looked for, where those before were too slow when followed."""
_FILLED, _STARTS, _FOLLOWED = 16, 4, 5
"""How many plans are repeated as often as they fit, from how many of them the search goes on, and
how many of the plans beside one are followed."""

Progress = Callable[[float, int], None]
"""Told the cycles of the best plan so far, and how many plans were tried; now and then."""


@dataclass(kw_only=True)
class PlanSearch:
    """A search.

    Attributes
    ----------
    tables, part, rates, timing, wanted, measure, progress
        As of `choose`; the rates of every channel.
    divisions
        Of each width of a word and kind of memory that come into question.
    tried
        Plans so far.
    """

    tables: Tables
    part: Part
    rates: Mapping[str, NDArray[np.float64]]
    timing: Timing
    wanted: Wanted
    measure: Callable[[Plan, Part], Resources]
    progress: Progress
    divisions: list[Division]
    tried: int = 0
    _followed: dict[str, float] = field(default_factory=dict)

    def fastest(self) -> Choice:
        """Return the plan of the fewest cycles that fits."""
        tried: list[Choice] = []
        for division in self.divisions:
            tried += [
                choice
                for cycles in _ladder(division)
                for shapes in self._divided(division, cycles)
                if (choice := self._try(shapes, division.word_bits)).fits
            ]
            if tried:
                self.progress(min(choice.cycles for choice in tried), self.tried)
        if not tried:
            raise DoesNotFitError(self._lacks(float("inf")))
        found = self._filled(tried, _FILLED)
        self.progress(found[0].cycles, self.tried)
        best = [self._follow(choice) for choice in found[:_STARTS]]
        climbed = [self._climb(choice) for choice in sorted(best, key=_order)[:2]]
        return self._give_back(min(climbed, key=_order), 0.0)

    def smallest(self, cycles: float) -> Choice:
        """Return the smallest plan of at most so many cycles from image to image."""
        aim = cycles
        for _ in range(_AIMS):
            best = self._cheapest(aim)
            if best is None:
                break
            best = self._follow(best)
            if best.cycles <= cycles:
                return self._give_back(best, cycles)
            aim *= 0.98 * cycles / best.cycles
        if cycles < float("inf"):
            fastest = self.fastest()
            if fastest.cycles <= cycles:
                return self._give_back(fastest, cycles)
            raise DoesNotFitError(self._lacks(fastest.cycles))
        raise DoesNotFitError(self._lacks(cycles))

    def _cheapest(self, cycles: float) -> Choice | None:
        """Return the smallest plan of about so many cycles, of as many replicas as that takes."""
        found: list[Choice] = []
        for division in self.divisions:
            for replicas in _REPLICAS if cycles < float("inf") else (1,):
                if cycles * replicas < division.least_cycles:
                    continue
                for shapes in self._divided(division, cycles * replicas):
                    choice = self._try(shapes, division.word_bits, replicas)
                    if choice.fits:
                        found.append(choice)
                        break
        return min(found, key=lambda choice: choice.share, default=None)

    def _divided(self, division: Division, cycles: float) -> Iterator[tuple[StageShape, ...]]:
        """Yield the stages of at most about so many cycles that take the least, in some measure."""
        for weights in _WEIGHTS:
            shapes = division.cheapest(cycles, *weights)
            if shapes is None:
                return
            yield shapes

    def _filled(self, tried: list[Choice], count: int) -> list[Choice]:
        """Return the most promising plans, as often as each fits, the fastest first."""
        unique = {(choice.plan.shapes, choice.plan.word_bits): choice for choice in tried}
        found = sorted(unique.values(), key=self._promise)[:count]
        return sorted((self._repeated(choice) for choice in found), key=_order)

    def _promise(self, choice: Choice) -> tuple[float, float]:
        """Return about the cycles of as many replicas as there is room for, also in part."""
        if self.wanted.goal == "latency":
            return _order(choice)
        used = choice.resources.utilization
        largest = max(used["logic"] / LOGIC_LIMIT, *used.values())
        return max(choice.cycles * largest, float(choice.plan.sample_words)), choice.share

    def _repeated(self, choice: Choice) -> Choice:
        """Return a plan of one replica with as many as fit, where that makes it any faster."""
        if self.wanted.goal == "latency":
            return choice
        # No more than the words of images can come in for.
        plan = choice.plan
        most = min(MAX_REPLICAS, ceil(choice.cycles / plan.sample_words))
        replicas = most_replicas(plan, self.part, self.measure, most=most)
        return self._try(plan.shapes, plan.word_bits, replicas) if replicas > 1 else choice

    def _try(self, shapes: tuple[StageShape, ...], word_bits: int, replicas: int = 1) -> Choice:
        plan = Plan(
            tables=self.tables,
            word_bits=word_bits,
            shapes=shapes,
            loadable=self.wanted.loadable,
            replicas=replicas,
        )
        self.tried += 1
        return Choice(plan=plan, cycles=self._about(plan), resources=self.measure(plan, self.part))

    def _about(self, plan: Plan) -> float:
        """Return the cycles of a plan as its stages by themselves have them."""
        told = alone if self.wanted.goal == "latency" else between
        return max(told(plan, self.timing.stage), float(plan.sample_words))

    def _follow(self, choice: Choice) -> Choice:
        """Return a plan with its channels in the best order, and its cycles by following it."""
        choice = self._ordered(choice)
        if self.wanted.goal == "smallest" and self.wanted.cycles is None:
            return choice  # however long it takes
        plan, latency = choice.plan, self.wanted.goal == "latency"
        one = replace(plan, replicas=1)
        key = plan_file.dump(one)
        if key not in self._followed:
            told = self.timing.latency(one) if latency else self.timing.interval(one)
            self._followed[key] = self._about(one) if told is None else told
        cycles = self._followed[key]
        if not latency:
            cycles = max(cycles / plan.replicas, float(plan.sample_words))
        return replace(choice, cycles=cycles)

    def _ordered(self, choice: Choice) -> Choice:
        """Lay the channels out such that banks have equal work, where the part has room for it.

        In another order other bits of weights may be constant.
        """
        plan = replace(choice.plan, orders=orders(choice.plan, self.rates))
        if plan.orders == choice.plan.orders:
            return choice
        ordered = replace(choice, plan=plan, resources=self.measure(plan, self.part))
        return ordered if ordered.fits else choice

    def _climb(self, best: Choice) -> Choice:
        """Go on to a plan beside the best one, for as long as there is a better one."""
        while True:
            self.progress(best.cycles, self.tried)
            about = self._about(best.plan)
            near = [
                choice
                for shapes, bits in changed(best.plan, self.wanted.widths)
                if self._is_plan(shapes, bits) and (choice := self._try(shapes, bits)).fits
            ]
            found = [one for one in self._filled(near, 2 * _FOLLOWED) if one.cycles < about * 1.02]
            followed = [self._follow(choice) for choice in found[:_FOLLOWED]]
            better = min(followed, key=_order, default=best)
            if better.cycles >= best.cycles * 0.998:
                return best
            best = better

    def _give_back(self, best: Choice, cycles: float) -> Choice:
        """Make everything smaller that can be without being slower than the best, or `cycles`."""
        enough = max(best.cycles, cycles) * 1.0001
        while True:
            self.progress(best.cycles, self.tried)
            about = self._about(best.plan) / best.cycles
            tried = [
                choice
                for replicas, layouts in self._less(best.plan)
                for shapes, bits in layouts
                if self._is_plan(shapes, bits)
                and (choice := self._try(shapes, bits, replicas)).fits
                and choice.share < best.share
                and choice.cycles <= enough * about * 1.05
            ]
            for choice in sorted(tried, key=lambda choice: choice.share)[:_FOLLOWED]:
                followed = self._follow(choice)
                if followed.cycles <= enough:
                    best = followed
                    break
            else:
                return best

    def _less(self, plan: Plan) -> Iterator[tuple[int, list[tuple[tuple[StageShape, ...], int]]]]:
        widths = self.wanted.widths
        yield plan.replicas, [one for one in changed(plan, widths) if smaller(plan, one)]
        if plan.replicas > 1:
            yield plan.replicas - 1, [(plan.shapes, plan.word_bits)]

    def _is_plan(self, shapes: tuple[StageShape, ...], word_bits: int) -> bool:
        """Return whether words are wide enough for stages, and layers have rows for their tiles."""
        firsts = accumulate((shape.layers for shape in shapes), initial=0)
        return all(
            max(shape.banks, shape.update_lanes) <= word_bits
            and shape.tiles <= most_tiles(self.tables, first)[0]
            for shape, first in zip(shapes, firsts, strict=False)
        )

    def _lacks(self, cycles: float) -> str:
        """Return why no plan fits, or none is fast enough; `cycles` are those of the fastest."""
        name = self.tables.name
        if cycles < float("inf"):
            return (
                f"{self.part.title} must run {name} in {self.wanted.cycles:.4g} cycles an image, "
                f"but its fastest plan takes about {cycles:.0f}"
            )
        shape = StageShape(layers=len(self.tables.layers), lanes=1, update_lanes=1)
        least = self._try((shape,), self.divisions[0].word_bits)
        short = [
            f"{count.used:,} of {count.available:,} {count.name}"
            for count in least.resources.counts.values()
            if not count.fits
        ]
        return (
            f"{self.part.title} must have room for {name}, but its smallest plan takes "
            f"{', '.join(short) or 'too much of the logic'}; take a larger part, fewer bits a "
            "weight or potential, or prune channels"
        )


def _ladder(division: Division) -> Iterator[float]:
    """Yield cycles from the fewest that any plan takes upwards."""
    cycles, most = division.least_cycles, division.most_cycles
    while cycles < most and cycles < _LONGEST * division.least_cycles:
        yield cycles
        cycles *= _STEP
    yield most


def _order(choice: Choice) -> tuple[float, float]:
    """Fewer cycles first, and of as many the smaller plan."""
    return choice.cycles, choice.share
