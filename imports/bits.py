"""How many bits a source's numbers may take."""

from dataclasses import dataclass
from typing import Literal

from ..checks.arguments import choice, flag, integer


@dataclass(frozen=True, kw_only=True)
class Bits:
    """How many bits numbers may take, and what to do where they need more.

    Attributes
    ----------
    weights
        1…8.
    states
        2…16, at most; fewer are taken where no potential needs them.
    scales
        Of a layer that isn't exact: 'channel' is any number, one a channel; 'power' powers of two,
        one a channel; 'layer' one of any size for all channels.
    exact
        Refuse what isn't exact, with the reason.
    """

    weights: int = 8
    states: int = 16
    scales: Literal["channel", "power", "layer"] = "channel"
    exact: bool = False

    def __post_init__(self) -> None:
        integer("weight_bits", self.weights, 1, 8)
        integer("state_bits", self.states, 2, 16)
        choice("scales", self.scales, ("channel", "power", "layer"))
        flag("exact", self.exact)

    @property
    def largest(self) -> int:
        """The largest weight."""
        return max(1, (1 << (self.weights - 1)) - 1)
