"""How many cycles plans take: what a search compares them by, and is given from outside."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ..cost.rough_cycles import stage_cycles
from ..plan.plan import Plan
from ..plan.stage_plan import StagePlan


class Timing(Protocol):
    """Tells cycles an image: of stages by themselves quickly, of whole plans if it can.

    Of plans it is asked with one replica, and returns None where it knows nothing better than what
    their stages take.
    """

    def stage(self, stage: StagePlan) -> float:
        """Return how long a stage is at work, about."""

    def interval(self, plan: Plan) -> float | None:
        """Return the cycles from one image to the next."""

    def latency(self, plan: Plan) -> float | None:
        """Return the cycles of an image that has the plan to itself."""


@dataclass(frozen=True, kw_only=True)
class RoughTiming:
    """What `rough_cycles` tells of the mean activity of every map.

    Attributes
    ----------
    activity
        Of 'input' and of each layer that another one reads, behind its pool: the share of the bits
        of its map that are 1, 0…1.
    """

    activity: Mapping[str, float]

    def stage(self, stage: StagePlan) -> float:
        """Return how long a stage is at work, about."""
        return stage.tables.steps * sum(stage_cycles(stage, self.activity).values())

    def interval(self, plan: Plan) -> None:
        """Know nothing better."""

    def latency(self, plan: Plan) -> None:
        """Know nothing better."""
