"""An input that only dense layers read lies as one row of all its kept elements."""

import numpy as np
import pytest
from plans import Shapes, everything, network
from somagate.hw.plan.flat import is_flat, stored, stored_shape


def test_an_input_that_only_dense_layers_read_is_flat() -> None:
    assert is_flat(network((2, 3, 4), [5]), "input")
    assert not is_flat(network((2, 3, 4), [Shapes(kernel=(1, 1))]), "input")
    assert not is_flat(everything(), "input")  # a dense layer reads it, and a convolution
    assert not is_flat(network((2, 3, 4), [Shapes(kernel=(1, 1))]), "l0")


@pytest.mark.parametrize(
    ("layer", "shape"), [(5, (24, 1, 1)), (Shapes(kernel=(1, 1)), (2, 3, 4))], ids=["flat", "rows"]
)
def test_maps_are_stored_in_the_order_of_their_channels(
    layer: int | Shapes, shape: tuple[int, int, int]
) -> None:
    tables = network((2, 3, 4), [layer])
    maps = np.arange(48).reshape(2, 2, 3, 4)
    assert stored_shape(tables, "input", 2) == shape
    found = stored(tables, "input", np.array([1, 0]), maps)
    assert found.shape == (2, *shape)
    assert (found.reshape(2, -1) == maps[:, ::-1].reshape(2, -1)).all()
