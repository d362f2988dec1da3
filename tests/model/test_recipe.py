from dataclasses import replace

import pytest
from refusal import refused
from somagate.model import recipes
from somagate.model.recipe import Conv, Dense, Recipe

BASE = Recipe(name="r", data="digits", layers=(Conv(channels=4, pool=2), Dense(neurons=3)))


def test_every_recipe_loads_under_its_own_name():
    assert recipes.names() == ("digits", "digits-dense", "mnist", "mnist-dense")
    for name in recipes.names():
        assert recipes.load(name).name == name


@pytest.mark.parametrize("name", recipes.names())
def test_the_recipes_take_spikes_and_keep_equal_hidden_states(name):
    recipe = recipes.load(name)
    assert recipe.encoding == "rate"
    assert recipe.quantized


def test_a_recipe_that_nobody_knows_is_refused():
    with refused(
        ValueError,
        "recipe must be one of 'digits', 'digits-dense', 'mnist', 'mnist-dense', not 'cifar'",
    ):
        recipes.load("cifar")


def test_a_recipe_survives_its_dict():
    assert Recipe.from_dict(BASE.to_dict()) == BASE


def test_an_override_changes_what_is_given():
    changed = BASE.override(weight_bits=2, steps=None)
    assert changed == replace(BASE, weight_bits=2)


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"layers": (3,)}, TypeError, "Recipe layers must be Conv or Dense, not 3"),
        ({"classes": 1}, ValueError, "Recipe classes must be 2…65536, not 1"),
        ({"encoding": "x"}, ValueError, "Recipe encoding must be 'rate' or 'direct', not 'x'"),
        ({"input_bits": 9}, ValueError, "Recipe input_bits must be 1…8, not 9"),
        (
            {"input_bits": 2}, ValueError,
            "Recipe input_bits must be 1 for encoding 'rate', not 2",
        ),
        ({"steps": 0}, ValueError, "Recipe steps must be 1…65535, not 0"),
        ({"steps": 1.5}, TypeError, "Recipe steps must be an int, not 1.5"),
        ({"weight_bits": 9}, ValueError, "Recipe weight_bits must be 1…8, not 9"),
        ({"state_bits": 1}, ValueError, "Recipe state_bits must be 2…16, not 1"),
        ({"reset": "none"}, ValueError, "Recipe reset must be 'zero' or 'subtract', not 'none'"),
        ({"leak": 1.5}, ValueError, "Recipe leak must be 0…1, not 1.5"),
        ({"leak": "1"}, TypeError, "Recipe leak must be a number, not '1'"),
        ({"leak_shift": 16}, ValueError, "Recipe leak_shift must be 0…15, not 16"),
        ({"leak_at": "x"}, ValueError, "Recipe leak_at must be 'load' or 'store', not 'x'"),
        ({"readout": "x"}, ValueError, "Recipe readout must be 'potential' or 'count', not 'x'"),
        ({"readout_bits": 17}, ValueError, "Recipe readout_bits must be 2…16, not 17"),
        ({"epochs": 0}, ValueError, "Recipe epochs must be 1…1048576, not 0"),
        ({"batch": 0}, ValueError, "Recipe batch must be 1…1048576, not 0"),
        ({"learning_rate": 2}, ValueError, "Recipe learning_rate must be 0…1, not 2"),
        ({"settle": -1}, ValueError, "Recipe settle must be 0…1, not -1"),
        ({"move": 33}, ValueError, "Recipe move must be 0…32, not 33"),
        ({"turn": 181}, ValueError, "Recipe turn must be 0…180, not 181"),
        ({"stretch": 2}, ValueError, "Recipe stretch must be 0…1, not 2"),
        ({"threads": 0}, ValueError, "Recipe threads must be 1…1024, not 0"),
        ({"smoothing": 2}, ValueError, "Recipe smoothing must be 0…1, not 2"),
    ],
)  # fmt: skip
def test_a_setting_out_of_range_is_refused(changes, kind, message):
    with refused(kind, message):
        replace(BASE, **changes)


def test_a_layer_out_of_range_is_refused():
    with refused(ValueError, "Conv channels must be 1…65535, not 0"):
        Conv(channels=0)
    with refused(ValueError, "Conv pool must be 1…15, not 16"):
        Conv(channels=1, pool=16)
    with refused(ValueError, "Dense neurons must be 1…1048576, not 0"):
        Dense(neurons=0)
