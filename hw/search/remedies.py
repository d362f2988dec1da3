"""What would fit where a plan does not: a smaller plan, or another part."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from ..cost.part import PARTS, Part
from ..cost.resources import Resources, resources
from ..plan.plan import Plan
from ..plan.widths import parts

Counter = Callable[[Plan, Part], Resources]
"""How a plan's resources are found on a part, those of a board included where there is one."""


def remedies(plan: Plan, part: Part, count: Counter = resources) -> list[str]:
    """Return a sentence for each change that would make a plan fit; none where it fits.

    First the least change of each number of the plan, with all others as they are; then what the
    part's large RAMs could hold; and at last the smallest part that takes the plan as it is.
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
    if large := _large_rams(plan, part, count):
        found.append(large)
    found.append(
        f"The {other.title} would take it as it is"
        if other
        else "No part that is known would take it as it is: prune channels, or narrow the weights"
    )
    return found


def _large_rams(plan: Plan, part: Part, count: Counter) -> str:
    """Return what a part's RAMs without initial contents could hold, or ''."""
    number, words, width = part.large_rams
    if not number:
        return ""
    shapes = tuple(replace(shape, weight_memory="spram") for shape in plan.shapes)
    found = count(replace(plan, shapes=shapes), part)
    if not found.fits:
        return ""
    weights = sum(
        memory.stored.words * memory.stored.word_bits
        for memory in found.memories
        if memory.kind == "large"
    )
    return (
        f"The {part.title}'s {number} single-port RAMs of {words * width // 1024} kbit have "
        f"room for the weights, {parts(weights, 1024)} kbit, but start empty: weights there have "
        "to be loaded"
    )


def _with(plan: Plan, *, lanes: int = 4096, update_lanes: int = 256, banks: int = 64) -> Plan:
    """Return the plan with at most so many of each in every stage."""
    shapes = []
    for shape in plan.shapes:
        some, update = min(shape.lanes, lanes), min(shape.update_lanes, update_lanes)
        while some % update:
            update //= 2
        shapes.append(
            replace(shape, lanes=some, update_lanes=update, banks=min(shape.banks, banks))
        )
    return replace(plan, shapes=tuple(shapes))


def _powers(below: int) -> Iterator[int]:
    """Yield the powers of two below a number, the largest first."""
    return (1 << bit for bit in reversed(range((below - 1).bit_length())))


def _lanes(plan: Plan) -> Iterator[tuple[str, Plan]]:
    at_most = "At most " if len(plan.shapes) > 1 else ""
    for n in _powers(max(shape.lanes for shape in plan.shapes)):
        yield f"{at_most}{n} lane{'s' * (n > 1)}", _with(plan, lanes=n)


def _update_lanes(plan: Plan) -> Iterator[tuple[str, Plan]]:
    for n in _powers(max(shape.update_lanes for shape in plan.shapes)):
        yield f"{n} neuron{'s' * (n > 1)} updated in a cycle", _with(plan, update_lanes=n)


def _banks(plan: Plan) -> Iterator[tuple[str, Plan]]:
    for n in _powers(max(shape.banks for shape in plan.shapes)):
        yield f"{n} bank{'s' * (n > 1)}", _with(plan, banks=n)


def _word_bits(plan: Plan) -> Iterator[tuple[str, Plan]]:
    least = max(8, *(n for s in plan.shapes for n in (s.update_lanes, s.banks)))
    bits = plan.word_bits // 2
    while bits >= least:
        yield f"Words of {bits} bits", replace(plan, word_bits=bits)
        bits //= 2


def _smallest(plan: Plan) -> Plan:
    return replace(_with(plan, lanes=1, update_lanes=1, banks=1), loadable=False)
