"""How many replicas of a pipeline fit a part."""

from collections.abc import Callable
from dataclasses import replace

from ..cost.part import Part
from ..cost.resources import Resources
from ..plan.plan import MAX_REPLICAS, Plan
from .choice import LOGIC_LIMIT, has_room


def most_replicas(
    plan: Plan, part: Part, measure: Callable[[Plan, Part], Resources], *, most: int = MAX_REPLICAS
) -> int:
    """Return how many replicas of a plan's pipeline a part has room for, 0 where not even one.

    Parameters
    ----------
    plan
        Of one replica.
    part
        The FPGA.
    measure
        What a plan takes, which grows evenly from two replicas on.
    most
        More are not asked for.
    """
    if not has_room(measure(plan, part)):
        return 0
    one, two = (measure(replace(plan, replicas=n), part) for n in (2, 3))
    found = most
    for name, count in one.counts.items():
        limit = count.available * (LOGIC_LIMIT if name == "logic" else 1.0)
        each = two.counts[name].used - count.used
        if each > 0:
            found = min(found, int((limit - count.used) // each) + 2)
    while found > 1 and not has_room(measure(replace(plan, replicas=found), part)):
        found -= 1
    return max(found, 1)
