"""How large a stage is: what a user, or the planner, decides about it."""

from dataclasses import dataclass
from typing import Literal

from ...checks.arguments import choice, integer

MAX_LANES = 4096
"""Of a stage."""


@dataclass(frozen=True, kw_only=True)
class StageShape:
    """How large one stage is.

    Attributes
    ----------
    layers
        Layers that it executes.
    lanes
        Output channels computed at the same time.
    update_lanes
        Neurons updated in one cycle; divides `lanes` and the plan's `word_bits`.
    banks
        Weight rows read in one cycle; a power of two.
    holds
        Compute the sums of layers that read a constant input alone once, and keep them.
    weight_memory
        'block' is block RAM. 'spram' is RAM with one port, such as iCE40UP5K's: it is larger, but
        holds nothing at start, so weights must be loaded before the first inference.
    """

    layers: int
    lanes: int = 16
    update_lanes: int = 4
    banks: int = 1
    holds: bool = False
    weight_memory: Literal["block", "spram"] = "block"

    def __post_init__(self) -> None:
        integer("StageShape layers", self.layers, 1, 65535)
        integer("StageShape lanes", self.lanes, 1, MAX_LANES)
        integer("StageShape update_lanes", self.update_lanes, 1, 256)
        integer("StageShape banks", self.banks, 1, 64)
        if not isinstance(self.holds, bool):
            raise TypeError(f"StageShape holds must be a bool, not {self.holds!r}")
        choice("StageShape weight_memory", self.weight_memory, ("block", "spram"))
        if self.lanes % self.update_lanes:
            raise ValueError(
                f"StageShape update_lanes must divide lanes {self.lanes}, "
                f"not be {self.update_lanes}"
            )
        if self.banks & (self.banks - 1):
            raise ValueError(f"StageShape banks must be a power of two, not {self.banks}")
