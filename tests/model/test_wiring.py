import pytest
from refusal import refused
from somagate.model.network import Network
from somagate.model.recipe import Conv, Dense, Recipe, Shortcut


def network(*layers, **settings):
    return Network(Recipe(name="r", data="d", layers=layers, **settings), (2, 8, 8))


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            (Conv(channels=2), Conv(channels=3, shortcut=Shortcut(back=4))),
            "Shortcut back must be at most 2 here, not 4",
        ),
        (
            (Conv(channels=4), Conv(channels=3, shortcut=Shortcut())),
            (
                "Shortcut source must have the shape (3, 8, 8) of the layer's neurons, "
                "not (2, 8, 8); set kernel=1"
            ),
        ),
        (
            (Conv(channels=4), Conv(channels=3, stride=2, shortcut=Shortcut(kernel=1))),
            (
                "Shortcut must produce 4×4 neurons as the layer has, not 8×8; "
                "change its kernel or its stride"
            ),
        ),
    ],
)
def test_a_shortcut_that_does_not_fit_is_refused(layers, message):
    with refused(ValueError, message):
        network(*layers)


def test_layers_behind_a_sum_pool_see_counts():
    one, two, readout = network(Conv(channels=4, pool=2, pool_kind="sum"), Dense(neurons=3))
    assert (one.high, one.main.one, two.main.one, readout.main.one) == (4, 1, 4, 1)


def test_a_layer_has_its_own_widths():
    one, two, readout = network(
        Conv(channels=4, weight_bits=8, state_bits=6), Dense(neurons=3), readout_weight_bits=5
    )
    assert [layer.main.quantizer.bits for layer in (one, two, readout)] == [8, 4, 5]
    assert [layer.bits for layer in (one, two, readout)] == [6, 3, 12]


def test_a_width_that_the_store_has_not_is_refused():
    with refused(ValueError, "state_bits must be 2 for store 'ternary', not 3"):
        network(Dense(neurons=3, state_bits=3), store="ternary", state_bits=2)


def test_sawb_has_no_single_bit():
    with refused(
        ValueError,
        "Recipe weight_bits must be 2…8 for weights 'sawb', not 1; choose weights 'lsq'",
    ):
        network(Dense(neurons=3), weights="sawb", weight_bits=1)
