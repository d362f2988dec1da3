import numpy as np
import pytest
from somagate.view.explore import ahead, near


def beaten(values: np.ndarray, number: int) -> bool:
    """Whether another point is no worse in all and better in something, or the same and earlier."""
    mine = values[number]
    return any(
        (other <= mine).all() and ((other < mine).any() or place < number)
        for place, other in enumerate(values)
        if place != number
    )


@pytest.mark.parametrize("figures", [1, 2, 4])
def test_the_front_is_what_nothing_beats(figures: int) -> None:
    values = np.random.default_rng(figures).integers(0, 6, (60, figures))
    found = ahead(values)
    assert found.tolist() == [not beaten(values, number) for number in range(60)]
    assert 0 < found.sum() < 60


def test_of_points_that_are_the_same_the_first_is_ahead() -> None:
    assert ahead([[1, 2], [1, 2], [0, 3]]).tolist() == [True, False, True]


def test_neighbours_would_be_ahead_with_a_figure_a_little_less() -> None:
    values = [[100, 5], [104, 5], [120, 5], [104, 9], [110, 9]]
    assert ahead(values).tolist() == [True, False, False, False, False]
    assert near(values, [0.95, 1]).tolist() == [True, True, False, True, False]
    assert near(values, [0.8, 1]).tolist() == [True, True, True, True, True]
