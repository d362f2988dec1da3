"""Choose a plan for a part and a goal: stages, lanes, banks, update lanes and word width.

For a wanted number of cycles, dynamic programming divides the layers into stages such that all of
them are as fast as wanted and together take the least of the part; the fastest plan is found by
bisection of the cycles. In the end every stage gives back what the others make useless. Cycles are
those of `rate`, logic and memories those of `resources`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from numpy.typing import ArrayLike

from ...export.tables import Tables
from ..cost.part import Part
from ..cost.resources import Resources, resources
from ..cost.rough_cycles import interval
from ..plan.plan import Plan, StageShape
from .balance import by_channel, orders
from .division import Division
from .room import DoesNotFitError, refuse
from .wanted import WORD_BITS, Wanted

WEIGHT_MEMORIES: tuple[Literal["block", "spram"], ...] = ("block", "spram")
LOGIC_LIMIT = 0.85
"""Share of a part's logic that a plan may take: beyond it placement takes long, and often fails."""

_HALVINGS = 7
_WEIGHTS = ((1.0, 1.0), (0.25, 1.0), (1.0, 0.25))
"""How much logic and block RAM count in a plan's size; another one where the first does not fit."""

Progress = Callable[[float, int], None]
"""Told the cycles of the best plan so far, and how many plans were tried."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A plan that was chosen.

    Attributes
    ----------
    plan
        The plan.
    cycles
        From one image to the next, on average, about.
    resources
        What it takes of the part.
    """

    plan: Plan
    cycles: float
    resources: Resources

    @property
    def share(self) -> float:
        """What it takes of the part, of all kinds together."""
        return sum(self.resources.utilization.values())

    @property
    def fits(self) -> bool:
        """Whether the part has it, with the room that placement needs."""
        return self.resources.fits and self.resources.utilization["logic"] <= LOGIC_LIMIT


def choose(
    tables: Tables,
    part: Part,
    wanted: Wanted | None = None,
    *,
    rates: Mapping[str, ArrayLike] | float = 0.1,
    measure: Callable[[Plan, Part], Resources] = resources,
    progress: Progress = lambda cycles, tried: None,
) -> Choice:
    """Return a plan of some tables that fits a part.

    Parameters
    ----------
    tables
        The network.
    part
        The FPGA.
    wanted
        What it is chosen for; by default the smallest plan.
    rates
        Of 'input' and of each layer's map, the share of its bits that are 1, of every channel
        (channels,) or as one number; or one number for all. Rates of single channels also lay the
        channels out such that the banks have equal work.
    measure
        What a plan takes; another function may add what surrounds the accelerator.
    progress
        Told of every plan that is better than those before.

    Raises
    ------
    DoesNotFitError
        Where no plan fits, or none is as fast as wanted.
    ValueError
        Where `word_bits` is none.
    UnsupportedError
        Where the hardware does not support the tables.
    """
    wanted = wanted or Wanted()
    refuse(tables, part)
    # What no shape of stages mends is refused once, by the plan; every shape tried then is a plan.
    Plan.single(tables, lanes=1, update_lanes=1, word_bits=wanted.widths[0])
    every = by_channel(tables, rates)
    activity = {name: float(rate.mean()) for name, rate in every.items()}
    search = _Search(
        tables=tables,
        part=part,
        activity=activity,
        measure=measure,
        free_word_bits=wanted.word_bits is None,
        loadable=wanted.loadable,
        progress=progress,
        divisions=[
            Division(
                tables=tables,
                part=part,
                activity=activity,
                word_bits=n,
                loadable=wanted.loadable,
                weight_memory=memory,
            )
            for memory in (WEIGHT_MEMORIES if part.large_rams[0] else WEIGHT_MEMORIES[:1])
            for n in wanted.widths
        ],
    )
    if wanted.goal == "fastest":
        best = search.fastest()
    else:
        best = search.smallest(float("inf") if wanted.cycles is None else float(wanted.cycles))
    return replace(best, plan=replace(best.plan, orders=orders(best.plan, every)))


@dataclass(kw_only=True)
class _Search:
    tables: Tables
    part: Part
    activity: Mapping[str, float]
    measure: Callable[[Plan, Part], Resources]
    free_word_bits: bool
    loadable: bool
    progress: Progress
    divisions: list[Division]
    tried: int = 0

    def fastest(self) -> Choice:
        """Return the plan of the fewest cycles that fits."""
        best = self.smallest(float("inf"))
        for division in self.divisions:
            low, high = division.least_cycles, best.cycles
            for _ in range(_HALVINGS):
                if low >= high * 0.98:
                    break
                middle = (low * high) ** 0.5
                found = self._divided(division, middle)
                if found is None:
                    low = middle
                    continue
                high = min(middle, found.cycles)
                if found.cycles < best.cycles:
                    best = found
                    self.progress(best.cycles, self.tried)
        return self._give_back(best, best.cycles)

    def smallest(self, cycles: float) -> Choice:
        """Return the smallest plan of at most so many cycles."""
        divided = [self._divided(division, cycles) for division in self.divisions]
        found = [one for one in divided if one is not None]
        if not found:
            raise DoesNotFitError(self._lacks(cycles))
        best = min(found, key=lambda choice: choice.share)
        self.progress(best.cycles, self.tried)
        return self._give_back(best, max(best.cycles, cycles))

    def _divided(self, division: Division, cycles: float) -> Choice | None:
        """Return a plan of at most about so many cycles, if one fits."""
        for weights in _WEIGHTS:
            shapes = division.cheapest(cycles, *weights)
            if shapes is None:
                return None
            found = self._try(shapes, division.word_bits)
            if found.fits:
                return found
        return None

    def _try(self, shapes: tuple[StageShape, ...], word_bits: int) -> Choice:
        plan = Plan(tables=self.tables, word_bits=word_bits, shapes=shapes, loadable=self.loadable)
        self.tried += 1
        return Choice(
            plan=plan,
            cycles=interval(plan, self.activity),
            resources=self.measure(plan, self.part),
        )

    def _give_back(self, best: Choice, cycles: float) -> Choice:
        """Make everything smaller that can be at no more than `cycles`."""
        while True:
            tried = [self._try(*changed) for changed in self._smaller(best.plan)]
            better = [
                choice
                for choice in tried
                if choice.cycles <= cycles * 1.0001 and choice.share < best.share
            ]
            if not better:
                return best
            best = min(better, key=lambda choice: choice.share)

    def _smaller(self, plan: Plan) -> Iterator[tuple[tuple[StageShape, ...], int]]:
        shapes = plan.shapes
        halved = plan.word_bits // 2
        widest = max(number for shape in shapes for number in (shape.banks, shape.update_lanes))
        if self.free_word_bits and halved >= max(WORD_BITS[0], widest):
            yield shapes, halved
        for number, shape in enumerate(shapes):
            changes: list[dict[str, Any]] = [
                {name: getattr(shape, name) // 2}
                for name in ("banks", "update_lanes")
                if getattr(shape, name) > 1
            ]
            if shape.lanes % (2 * shape.update_lanes) == 0:
                changes.append({"lanes": shape.lanes // 2})
            for change in changes:
                changed = replace(shape, **change)
                yield (*shapes[:number], changed, *shapes[number + 1 :]), plan.word_bits
            for kept in (shapes[number - 1], shape) if number else ():
                joined = replace(kept, layers=shapes[number - 1].layers + shape.layers)
                yield (*shapes[: number - 1], joined, *shapes[number + 1 :]), plan.word_bits

    def _lacks(self, cycles: float) -> str:
        """Return why no plan fits."""
        name = self.tables.name
        if cycles < float("inf"):
            fastest = self.fastest()
            return (
                f"{self.part.title} must run {name} in {cycles:.4g} cycles an image, but its "
                f"fastest plan takes about {fastest.cycles:.0f}"
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
