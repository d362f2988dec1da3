from dataclasses import replace

import pytest
from refusal import refused
from somagate.model import recipes
from somagate.model.recipe import Conv, Dense, Recipe, Shortcut

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
        (
            {"encoding": "x"}, ValueError,
            "Recipe encoding must be 'rate' or 'direct' or 'frames', not 'x'",
        ),
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
        (
            {"readout": "x"}, ValueError,
            "Recipe readout must be 'potential' or 'count' or 'vote', not 'x'",
        ),
        ({"weights": "x"}, ValueError, "Recipe weights must be 'lsq' or 'sawb', not 'x'"),
        ({"normalize": 1}, TypeError, "Recipe normalize must be a bool, not 1"),
        (
            {"threshold": "x"}, ValueError,
            "Recipe threshold must be 'channel' or 'layer' or 'fixed', not 'x'",
        ),
        ({"store": "x"}, ValueError, "Recipe store must be 'shift' or 'ternary', not 'x'"),
        (
            {"store": "ternary"}, ValueError,
            "Recipe state_bits must be 2 for store 'ternary', not 3",
        ),
        (
            {"store": "ternary", "state_bits": 2, "leak_at": "store"}, ValueError,
            "Recipe leak_at must be 'load' for store 'ternary', not 'store'",
        ),
        (
            {"spike_gradient": "window", "normalize": False}, ValueError,
            "Recipe spike_gradient must be 'ramp' where normalize is False, not 'window'",
        ),
        (
            {"readout": "vote", "steps": 4000}, ValueError,
            "Recipe steps · voters must be at most 32767, not 40000",
        ),
        (
            {"readout_weight_bits": 9}, ValueError,
            "Recipe readout_weight_bits must be 1…8, not 9",
        ),
        ({"tet": 2}, ValueError, "Recipe tet must be 0…1, not 2"),
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


def test_a_recipe_with_a_shortcut_survives_its_dict():
    conv = Conv(channels=4, pool=2, pool_kind="sum", shortcut=Shortcut(kernel=1, stride=2))
    recipe = replace(BASE, layers=(Conv(channels=4), conv, Dense(neurons=2, weight_bits=8)))
    assert Recipe.from_dict(recipe.to_dict()) == recipe


def test_a_layer_out_of_range_is_refused():
    with refused(ValueError, "Conv channels must be 1…65535, not 0"):
        Conv(channels=0)
    with refused(ValueError, "Conv pool must be 1…15, not 16"):
        Conv(channels=1, pool=16)
    with refused(ValueError, "Conv pool_kind must be 'max' or 'sum', not 'mean'"):
        Conv(channels=1, pool_kind="mean")
    with refused(TypeError, "Conv shortcut must be a Shortcut or None, not 2"):
        Conv(channels=1, shortcut=2)
    with refused(ValueError, "Shortcut back must be 2…255, not 1"):
        Shortcut(back=1)
    with refused(ValueError, "Shortcut stride must be 1 without a kernel, not 2; set kernel=1"):
        Shortcut(stride=2)
    with refused(ValueError, "Dense neurons must be 1…1048576, not 0"):
        Dense(neurons=0)
