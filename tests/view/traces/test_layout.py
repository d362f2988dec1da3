import numpy as np
import pytest
from somagate.view.traces.layout import Mosaic, inside, number, numbered


@pytest.mark.parametrize("shape", [(1,), (7,), (100,), (1, 1, 1), (5, 3, 4), (16, 8, 8), (3, 1, 9)])
def test_each_neuron_has_a_cell_of_its_own_that_shows_its_value(shape: tuple[int, ...]) -> None:
    mosaic = Mosaic.of(shape)
    values = np.arange(np.prod(shape)).reshape(shape)
    picture = mosaic.laid(values)
    assert picture.shape == mosaic.size[::-1]
    for place in np.ndindex(shape):
        x, y = mosaic.cell(place)
        assert picture[y, x] == values[place]
        assert mosaic.neuron(x + 0.5, y + 0.5) == place
        assert numbered(number(place, shape), shape) == place
    assert np.isfinite(picture).sum() == values.size


def test_gaps_and_what_lies_outside_hold_no_neuron() -> None:
    mosaic = Mosaic.of((5, 3, 4))
    found = [mosaic.neuron(x, y) for y in range(-2, 30) for x in range(-2, 60)]
    assert len([place for place in found if place is not None]) == 60
    assert mosaic.frames()[1] == (4, 3)
    assert Mosaic.of((7,)).frames()[0] == [(0, 0)]


def test_a_place_lies_in_a_shape_or_not() -> None:
    assert inside((2, 0), (3, 1)) and not inside((3, 0), (3, 1)) and not inside((0,), (3, 1))
    assert numbered(99, (2, 3)) == (1, 2) and numbered(-1, (2, 3)) == (0, 0)
