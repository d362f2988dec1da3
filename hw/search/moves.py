"""Plans that differ from one in a single number: what a search tries beside it."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from ..plan.plan import Plan
from ..plan.stage_shape import MAX_LANES, StageShape
from .division import AHEAD, BANKS, FLAGS, TILES, UPDATE_LANES

Layout = tuple[tuple[StageShape, ...], int]
"""The shapes of a plan's stages, and the width of its words."""


def changed(plan: Plan, widths: tuple[int, ...]) -> Iterator[Layout]:
    """Yield the stages and the width of a word of the plans beside a plan.

    Each has twice or half of one number of one stage, the next width of a word of those that are
    searched, two stages joined, or one divided. Not all of them are plans.
    """
    shapes, bits = plan.shapes, plan.word_bits
    for other in _beside(bits, widths):
        yield shapes, other
    for number, shape in enumerate(shapes):
        before, after = shapes[:number], shapes[number + 1 :]
        for change in _changes(shape):
            yield (*before, replace(shape, **change), *after), bits
        for first in range(1, shape.layers):
            halves = (replace(shape, layers=n, tiles=1) for n in (first, shape.layers - first))
            yield (*before, *halves, *after), bits
    for number, pair in enumerate(pairwise(shapes)):
        layers = sum(shape.layers for shape in pair)
        for kept in pair:
            joined = replace(kept, layers=layers, tiles=1)
            yield (*shapes[:number], joined, *shapes[number + 2 :]), bits


def smaller(plan: Plan, other: Layout) -> bool:
    """Return whether a layout may take less than a plan: nothing of it is more."""
    shapes, bits = other
    if bits > plan.word_bits or len(shapes) > len(plan.shapes):
        return False
    if len(shapes) < len(plan.shapes):
        return True
    numbers = ("lanes", "update_lanes", "banks", "ahead", "flags", "tiles")
    pairs = zip(shapes, plan.shapes, strict=True)
    return all(getattr(a, n) <= getattr(b, n) for a, b in pairs for n in numbers)


def _changes(shape: StageShape) -> Iterator[dict[str, Any]]:
    """Yield what may change of one stage."""
    for banks in _beside(shape.banks, BANKS):
        yield {"banks": banks}
    for update in _beside(shape.update_lanes, UPDATE_LANES):
        if shape.lanes % update == 0:
            yield {"update_lanes": update}
    for tiles in _beside(shape.tiles, TILES):
        if shape.layers == 1:
            yield {"tiles": tiles}
    for flags in _beside(shape.flags, FLAGS):
        yield {"flags": flags}
    for ahead in _beside(shape.ahead, AHEAD):
        yield {"ahead": ahead}
    for lanes in (shape.lanes * 2, shape.lanes // 2 if shape.lanes % 2 == 0 else 0):
        if 0 < lanes <= MAX_LANES:
            update = shape.update_lanes
            yield {"lanes": lanes, "update_lanes": update if lanes % update == 0 else update // 2}


def _beside(value: int, known: tuple[int, ...]) -> Iterator[int]:
    """Yield the next smaller and the next larger of some numbers in ascending order."""
    yield from [number for number in known if number < value][-1:]
    yield from [number for number in known if number > value][:1]
