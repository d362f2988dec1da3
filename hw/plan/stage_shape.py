"""How large a stage is: what a user, or the planner, decides about it."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from ...checks.arguments import choice, integer

MAX_LANES = 4096
"""Of a stage."""
MAX_TILES = 16
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
    ahead
        Layers that are at work at a time, the update at one and walker and array at those behind
        it, as far as they read nothing that is not there yet. More than two keep the array busy
        where a layer, or a time step of a stage's only one, is over sooner than its last sum is
        updated; then as many maps from outside are kept.
    flags
        Words of a map that are looked at in a cycle, each by a flag that says whether it holds a
        spike, so that those that hold none take no cycle; 0 for no flags: every word takes one.
    tiles
        Arrays that share out the rows of one layer's map, each with a copy of its weights.
    """

    layers: int
    lanes: int = 16
    update_lanes: int = 4
    banks: int = 1
    holds: bool = False
    weight_memory: Literal["block", "spram"] = "block"
    ahead: int = 2
    flags: int = 0
    tiles: int = 1

    def __post_init__(self) -> None:
        integer("StageShape layers", self.layers, 1, 65535)
        integer("StageShape lanes", self.lanes, 1, MAX_LANES)
        integer("StageShape update_lanes", self.update_lanes, 1, 256)
        integer("StageShape banks", self.banks, 1, 64)
        integer("StageShape tiles", self.tiles, 1, MAX_TILES)
        if self.tiles > 1 and self.layers != 1:
            raise ValueError(
                f"StageShape tiles must be 1 where a stage has {self.layers} layers, not "
                f"{self.tiles}: give the layer that they share out a stage of its own"
            )
        if not isinstance(self.holds, bool):
            raise TypeError(f"StageShape holds must be a bool, not {self.holds!r}")
        choice("StageShape weight_memory", self.weight_memory, ("block", "spram"))
        integer("StageShape ahead", self.ahead, 2, 4)
        integer("StageShape flags", self.flags, 0, 32)
        if self.lanes % self.update_lanes:
            raise ValueError(
                f"StageShape update_lanes must divide lanes {self.lanes}, "
                f"not be {self.update_lanes}"
            )
        if self.banks & (self.banks - 1):
            raise ValueError(f"StageShape banks must be a power of two, not {self.banks}")

    def told(self) -> dict[str, Any]:
        """Return all fields; what came later than the first plan files is left out where it is off.

        So a plan without it has the file and the identity that it had before.
        """
        later = {"ahead": 2, "flags": 0, "tiles": 1}
        return {key: value for key, value in asdict(self).items() if value != later.get(key, ...)}
