"""What would fit where a plan does not: a smaller plan, or another part."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from .part import PARTS, Part
from .plan import Plan, StageShape
from .resources import Resources, resources

Counter = Callable[[Plan, Part], Resources]
"""How a plan's resources are found on a part, those of a board included where there is one."""


def remedies(plan: Plan, part: Part, count: Counter = resources) -> list[str]:
    """Return a sentence for each change that would make a plan fit; none where it fits.

    First the least change of each number of the plan, with all others as they are; then the
    smallest part that takes the plan as it is; and what the part's large RAMs could hold.
    """
    now = count(plan, part)
    if now.fits:
        return []
    found = []
    for changes in (_lanes(plan), _update_lanes(plan), _banks(plan), _word_bits(plan)):
        sentence = next((text for text, other in changes if count(other, part).fits), None)
        if sentence:
            found.append(f"{sentence} would fit")
    if plan.loadable and count(replace(plan, loadable=False), part).fits:
        found.append("A plan that is not loadable would fit")
    if not found:
        smallest = _smallest(plan)
        if count(smallest, part).fits:
            found.append("One lane, one bank and no loading together would fit")
    others = sorted(PARTS.values(), key=lambda other: other.logic_cells)
    larger = (other for other in others if other != part and resources(plan, other).fits)
    other = next(larger, None)
    found.append(
        f"The {other.title} would take it as it is"
        if other
        else "No part that is known would take it as it is: prune channels, or narrow the weights"
    )
    large = _large_rams(now)
    return found + ([large] if large else [])


def _large_rams(now: Resources) -> str:
    """Return what a part's RAMs without initial contents could hold, or ''."""
    count, words, width = now.part.large_rams
    weights = sum(
        memory.stored.words * memory.stored.word_bits
        for memory in now.memories
        if memory.stored.name.startswith("weights")
    )
    if now.counts["block_rams"].fits or not weights <= count * words * width:
        return ""
    return (
        f"Its {count} single-port RAMs of {words * width // 1024} kbit have room for the weights, "
        f"{-(-weights // 1024)} kbit, but start empty: weights there have to be loaded"
    )


def _with(plan: Plan, change: Callable[[StageShape], StageShape]) -> Plan:
    return replace(plan, shapes=tuple(change(shape) for shape in plan.shapes))


def _narrow(shape: StageShape, lanes: int) -> StageShape:
    """Return a stage with fewer lanes, and update lanes that divide them."""
    update = shape.update_lanes
    while lanes % update:
        update //= 2
    return replace(shape, lanes=lanes, update_lanes=update)


def _lanes(plan: Plan) -> Iterator[tuple[str, Plan]]:
    most = max(shape.lanes for shape in plan.shapes)
    lanes = 1 << (most - 1).bit_length() - 1 if most > 1 else 0
    while lanes:
        limit = lanes
        yield (
            f"{'At most ' if len(plan.shapes) > 1 else ''}{lanes} lane{'s' * (lanes > 1)}",
            _with(plan, lambda s, limit=limit: _narrow(s, limit) if s.lanes > limit else s),
        )
        lanes //= 2


def _update_lanes(plan: Plan) -> Iterator[tuple[str, Plan]]:
    lanes = max(shape.update_lanes for shape in plan.shapes) // 2
    while lanes:
        limit = lanes
        yield (
            f"{lanes} neuron{'s' * (lanes > 1)} updated in a cycle",
            _with(plan, lambda s, n=limit: replace(s, update_lanes=min(s.update_lanes, n))),
        )
        lanes //= 2


def _banks(plan: Plan) -> Iterator[tuple[str, Plan]]:
    banks = max(shape.banks for shape in plan.shapes) // 2
    while banks:
        limit = banks
        yield (
            f"{banks} bank{'s' * (banks > 1)}",
            _with(plan, lambda s, n=limit: replace(s, banks=min(s.banks, n))),
        )
        banks //= 2


def _word_bits(plan: Plan) -> Iterator[tuple[str, Plan]]:
    least = max(8, *(n for s in plan.shapes for n in (s.update_lanes, s.banks)))
    bits = plan.word_bits // 2
    while bits >= least:
        yield f"Words of {bits} bits", replace(plan, word_bits=bits)
        bits //= 2


def _smallest(plan: Plan) -> Plan:
    return replace(
        _with(plan, lambda s: replace(s, lanes=1, update_lanes=1, banks=1)),
        loadable=False,
    )
