"""What is wanted of a plan is checked before anything is searched."""

import pytest
from refusal import refused
from somagate.hw.search.wanted import WORD_BITS, Wanted


@pytest.mark.parametrize("goal", ["large", 0, None])
def test_a_goal_that_is_none_is_named(goal: object) -> None:
    with refused(ValueError, f"goal must be 'smallest' or 'fastest', not {goal!r}"):
        Wanted(goal=goal)


@pytest.mark.parametrize("cycles", ["1000", 0, -1])
def test_cycles_that_are_none_are_named(cycles: object) -> None:
    with refused(ValueError, f"cycles must be a number above 0, not {cycles!r}"):
        Wanted(cycles=cycles)


def test_cycles_beside_the_fastest_are_refused() -> None:
    with refused(ValueError, "cycles must be left out where goal is 'fastest', not 10"):
        Wanted(goal="fastest", cycles=10)


def test_the_widths_are_one_or_all_that_may_be() -> None:
    assert Wanted().widths == WORD_BITS
    assert Wanted(most_word_bits=64).widths == (8, 16, 32, 64)
    assert Wanted(word_bits=512, most_word_bits=64).widths == (512,)
