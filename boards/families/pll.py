"""What the families' clock generators have in common."""

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

from amaranth.lib import wiring
from amaranth.lib.wiring import Out

CLOCK_TOLERANCE = 0.01
"""How far the clock that a PLL makes may be from the one wanted, as a ratio."""


class PllParameters(Protocol):
    """The dividers that make one clock of another, found and checked by the family."""

    @property
    def output_hz(self) -> int:
        """The clock it makes: the nearest to the one wanted, in Hz."""

    def create(self, port: Any) -> "Pll":
        """Return the generator fed by the pin `port`."""


class Pll(wiring.Component):
    """A clock from a pin; its family elaborates it.

    Members
    -------
    clock : Out(1)
    locked : Out(1)
        The clock is stable; asynchronous.
    """

    def __init__(self, parameters: Any, port: Any) -> None:
        self.parameters = parameters
        self.port = port
        super().__init__({"clock": Out(1), "locked": Out(1)})


Parameters = TypeVar("Parameters", bound=PllParameters)


def nearest(name: str, found: Iterable[Parameters], output_hz: int) -> Parameters:
    """Return the first of those whose clock is nearest to `output_hz`.

    Raises
    ------
    ValueError
        If that is more than 1 % away; the message names the PLL.
    """
    best = min(found, key=lambda pll: abs(pll.output_hz - output_hz))
    if abs(best.output_hz - output_hz) > CLOCK_TOLERANCE * output_hz:
        raise ValueError(
            f"{name} output_hz must be within 1 % of a clock it can make, not {output_hz}: the "
            f"nearest is {best.output_hz}"
        )
    return best
