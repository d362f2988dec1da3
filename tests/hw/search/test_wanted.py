"""What is wanted of a plan is checked before anything is searched."""

import pytest
from refusal import refused
from somagate.hw.search.wanted import WORD_BITS, Goal, Wanted


@pytest.mark.parametrize("goal", ["large", 0, None])
def test_a_goal_that_is_none_is_named(goal: object) -> None:
    with refused(ValueError, f"goal must be 'smallest', 'fastest' or 'latency', not {goal!r}"):
        Wanted(goal=goal)


@pytest.mark.parametrize("cycles", ["1000", 0, -1])
def test_cycles_that_are_none_are_named(cycles: object) -> None:
    with refused(ValueError, f"cycles must be a number above 0, not {cycles!r}"):
        Wanted(cycles=cycles)


@pytest.mark.parametrize("goal", ["fastest", "latency"])
def test_cycles_beside_another_goal_are_refused(goal: Goal) -> None:
    with refused(ValueError, f"cycles must be left out where goal is {goal!r}, not 10"):
        Wanted(goal=goal, cycles=10)


def test_the_widths_are_one_or_all_that_may_be() -> None:
    assert Wanted().widths == WORD_BITS
    assert Wanted(most_word_bits=64).widths == (8, 16, 32, 64)
    assert Wanted(word_bits=512, most_word_bits=64).widths == (512,)
