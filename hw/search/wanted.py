"""What a plan is chosen for."""

from dataclasses import dataclass
from typing import Literal, get_args

from ...checks.arguments import choice

Goal = Literal["smallest", "fastest", "latency"]
GOALS: tuple[Goal, ...] = get_args(Goal)
WORD_BITS = (8, 16, 32, 64, 128, 256)
"""Widths of a word that are searched."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a plan is chosen for, and what is fixed of it.

    Attributes
    ----------
    goal
        'smallest' takes the least; 'fastest' as much as there is for images a second, 'latency' for
        one image by itself.
    cycles
        From one image to the next, that are enough: the smallest plan that reaches them is chosen.
        Any are where it is left out.
    word_bits
        Of the plan; 8 to 1024, a power of two. Searched where it is left out.
    most_word_bits
        The widest that is searched; what surrounds the accelerator may not take more.
    loadable
        Of the plan.

    Raises
    ------
    ValueError
        Where `goal` or `cycles` is none, or `cycles` comes with another goal than 'smallest'.
    """

    goal: Goal = "smallest"
    cycles: float | None = None
    word_bits: int | None = None
    most_word_bits: int = WORD_BITS[-1]
    loadable: bool = False

    def __post_init__(self) -> None:
        choice("goal", self.goal, GOALS)
        if self.cycles is None:
            return
        if self.goal != "smallest":
            raise ValueError(
                f"cycles must be left out where goal is {self.goal!r}, not {self.cycles!r}"
            )
        if not (isinstance(self.cycles, int | float) and self.cycles > 0):
            raise ValueError(f"cycles must be a number above 0, not {self.cycles!r}")

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths of a word that come into question."""
        if self.word_bits is not None:
            return (self.word_bits,)
        return tuple(bits for bits in WORD_BITS if bits <= self.most_word_bits)
