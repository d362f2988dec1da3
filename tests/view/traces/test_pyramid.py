import numpy as np
import pytest
from somagate.view.traces.pyramid import HEIGHT, WIDTH, Pyramid


def test_a_picture_of_few_elements_is_these_elements() -> None:
    values = np.arange(12).reshape(4, 3)
    picture, place = Pyramid(values).tile((0, 4), (0, 3))
    assert picture.tolist() == values.T.tolist()
    assert place == (0, 0, 4, 3)


def test_a_part_is_whole_elements_and_nothing_outside() -> None:
    values = np.arange(100).reshape(10, 10)
    picture, place = Pyramid(values).tile((2.5, 4.5), (-7, 1.2))
    assert picture.tolist() == values[2:5, 0:2].T.tolist()
    assert place == (2, 0, 3, 2)
    picture, place = Pyramid(values).tile((99, 120), (5, 5))
    assert picture.tolist() == [[95]] and place == (9, 5, 1, 1)


@pytest.mark.parametrize("shape", [(1001, 501), (4003, 2001), (30_001, 97), (17, 9001)])
def test_a_picture_has_no_more_than_the_pixels_and_keeps_the_mean(shape: tuple[int, int]) -> None:
    values = np.random.default_rng(1).random(shape) < 0.1
    pyramid = Pyramid(values)
    picture, place = pyramid.tile((0, shape[0]), (0, shape[1]))
    assert picture.shape[0] <= HEIGHT and picture.shape[1] <= WIDTH
    assert place == (0, 0, *shape)
    assert abs(picture.mean() - values.mean()) < 0.02


def test_a_single_spike_is_seen_from_any_distance() -> None:
    values = np.zeros((20_000, 3_000), bool)
    values[12_345, 678] = True
    picture, (left, bottom, width, height) = Pyramid(values).tile((0, 20_000), (0, 3_000))
    assert np.count_nonzero(picture) == 1
    row, column = np.argwhere(picture)[0]
    assert abs(left + width * (column + 0.5) / picture.shape[1] - 12_345) < 40
    assert abs(bottom + height * (row + 0.5) / picture.shape[0] - 678) < 12
