"""Segments as a walker might send them, for the blocks behind it."""

import random

from somagate.hw.plan.stage_plan import StagePlan


def drawn(plan: StagePlan, rng: random.Random, *, count: int, addr: int) -> dict[str, int]:
    """Return a segment of `count` words at an address, or an empty one, its fields drawn."""
    units = plan.word_bits // plan.grain
    first, final = rng.randrange(units), rng.randrange(units)
    if count == 1 and first > final:
        first, final = final, first
    empty = rng.random() < 0.2
    planes = max(d.planes for d in plan.descriptors) > 1
    return {
        "addr": addr,
        "words": 0 if empty else count - 1,
        "first": first,
        "final": final,
        "row": rng.getrandbits(plan.word_row_bits),
        "empty": int(empty),
        "memory": rng.randrange(len(plan.weights)),
        "negate": rng.randrange(2) if planes else 0,
        "double": rng.randrange(2) if planes else 0,
        "last": rng.randrange(2),
    }


def widest(plan: StagePlan) -> int:
    """Return the words of the widest map row that the stage reads."""
    return max(plan.map(name).row_words for name in plan.read_maps)
