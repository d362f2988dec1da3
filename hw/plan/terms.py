"""Numbers that the logic of a block grows with, and what several blocks count in the same way.

A term is a width, or a count of widths: an adder of n bits is n, a multiplexer of m inputs of n
bits (m − 1) · n. `hw.cost.resources` multiplies terms with coefficients of the part's family,
which were fitted to real syntheses.
"""

from collections.abc import Iterable
from typing import Any

from .stage_plan import StagePlan
from .widths import bits_of

Terms = dict[str, float]


def varying(values: Iterable[dict[str, Any]]) -> int:
    """Return how many bits of some layers' numbers differ from layer to layer."""
    columns: dict[tuple[str, int], list[int]] = {}
    for value in values:
        for name, number in value.items():
            numbers = number if isinstance(number, list) else [number]
            for index, n in enumerate(numbers):
                columns.setdefault((name, index), []).append(int(n))
    found = 0
    for column in columns.values():
        same = column[0]
        change = 0
        for n in column:
            change |= n ^ same
        found += (change if change >= 0 else ~change).bit_count()
    return found


def most_planes(plan: StagePlan) -> int:
    """Return the bit planes of the widest map that a layer reads."""
    return max(descriptor.planes for descriptor in plan.descriptors)


def field_bits(plan: StagePlan) -> int:
    """Return the bits that a word or an event has beside its row and its bits."""
    signed = any(s.map.activation.signed for d in plan.descriptors for s in d.sources)
    return (len(plan.weight_depths) - 1).bit_length() + signed + (most_planes(plan) > 1) + 1


def address_bits(plan: StagePlan) -> int:
    """Return the width of an address of the map memory."""
    return bits_of(plan.map_words)
