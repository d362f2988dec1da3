"""A break-even is where two lines cross."""

import pytest

from benchmarks.rivals.nonspiking import break_even


def test_a_break_even_lies_where_the_line_crosses():
    assert break_even([(0.1, 100), (0.2, 200)], 150) == pytest.approx(0.15)
    assert break_even([(0.1, 100), (0.2, 200)], 300) is None
