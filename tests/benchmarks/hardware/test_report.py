"""A goal that is missed is told."""

import pytest

from benchmarks.hardware.report import Goal


@pytest.mark.parametrize(
    ("most", "measured", "row"),
    [
        (True, 11, ["x", "≤ 10 MHz", "11 MHz", "**no**"]),
        (True, 10, ["x", "≤ 10 MHz", "10 MHz", "yes"]),
        (False, 9, ["x", "≥ 10 MHz", "9 MHz", "**no**"]),
        (False, 10, ["x", "≥ 10 MHz", "10 MHz", "yes"]),
    ],
)
def test_a_goal_that_is_missed_says_so(most, measured, row):
    goal = Goal(what="x", goal=10, measured=measured, most=most, unit="MHz")
    assert goal.row() == row
