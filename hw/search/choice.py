"""A plan that was chosen, and what it takes."""

from dataclasses import dataclass

from ..cost.resources import Resources
from ..plan.plan import Plan

LOGIC_LIMIT = 0.85
"""Share of a part's logic that a plan may take: beyond it placement takes long, and often fails."""


def has_room(used: Resources) -> bool:
    """Return whether a part has what is used, with the room that placement needs."""
    return used.fits and used.utilization["logic"] <= LOGIC_LIMIT


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A plan that was chosen.

    Attributes
    ----------
    plan
        The plan.
    cycles
        From one image to the next, on average; of 'latency' those of one alone. By the timing that
        `choose` was given; of the smallest plan of all about, as it isn't followed.
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
        return has_room(self.resources)
