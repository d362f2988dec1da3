import json
import math
from dataclasses import replace

import pytest
import torch
from refusal import refused
from somagate.model import recipes
from somagate.model.network import Network
from somagate.model.recipe import Conv, Dense, Recipe, Shortcut
from somagate.model.settings import Attention, Prune, SigmoidSum

BASE = Recipe(name="r", data="digits", layers=(Conv(channels=4, pool=2), Dense(neurons=3)))


def test_every_recipe_loads_under_its_own_name():
    assert {"digits", "mnist-dense", "fashion-spquant"} <= set(recipes.names())
    assert list(recipes.names()) == sorted(recipes.names())
    for name in recipes.names():
        assert recipes.find(name).name == name


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_survives_its_dict(name):
    recipe = recipes.find(name)
    assert recipe.quantized
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


@pytest.mark.parametrize(
    ("name", "shape", "weights", "neurons"),
    [
        # Convolutions' weights and neurons of VGG-9 on 3×48×48, as the authors' network has them.
        ("spquant-vgg9", (3, 48, 48), 9_217_728, 921_600),
        ("spquant-resnet19", (3, 32, 32), 11_732_160, 245_760),
        ("attention-vgg16", (3, 32, 32), 14_710_464, 276_480),
        ("attention-resnet12", (3, 32, 32), 9_610_944, 327_680),
        ("sigmoid-sum-cifar10-dvs", (2, 128, 128), 444_672, 2_785_280),
        ("sigmoid-sum-gesture", (2, 128, 128), 592_128, 2_793_472),
        ("sigmoid-sum-nmnist", (2, 34, 34), 149_760, 180_736),
    ],
)  # fmt: skip
def test_the_papers_networks_have_their_sizes(name, shape, weights, neurons):
    with torch.device("meta"):
        network = Network(recipes.find(name), shape)
    convolutions = [layer for layer in network if len(layer.full) == 3]
    groups = [group.weight for layer in convolutions for group in layer.groups]
    assert sum(weight.numel() for weight in groups) == weights
    assert sum(math.prod(layer.full) for layer in convolutions) == neurons


def test_a_recipe_that_nobody_knows_is_refused():
    with pytest.raises(ValueError) as error:
        recipes.find("cifar")
    listed = ", ".join(repr(name) for name in recipes.names())
    assert str(error.value) == f"recipe must be one of {listed}, not 'cifar'"


def test_a_recipe_survives_its_dict():
    assert Recipe.from_dict(BASE.to_dict()) == BASE


def test_a_recipe_from_before_masks_has_none():
    record = BASE.to_dict()
    del record["mask_negative"]
    assert Recipe.from_dict(record) == BASE
    assert replace(BASE, mask_negative=True, layers=(), readout="count").mask_negative


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
            "Recipe encoding must be 'rate', 'direct' or 'frames', not 'x'",
        ),
        ({"input_bits": 9}, ValueError, "Recipe input_bits must be 1…8, not 9"),
        (
            {"readout_leak": 0.3, "leak_shift": 3}, ValueError,
            "Recipe readout_leak must be a multiple of 2**-3, by leak_shift, not 0.3",
        ),
        (
            {"readout_leak": 0.5, "readout": "vote"}, ValueError,
            "Recipe readout_leak must be 1 for readout 'vote', not 0.5",
        ),
        (
            {"readout_leak": 0.5, "loss": "tet"}, ValueError,
            "Recipe readout_leak must be 1 for loss 'tet', not 0.5",
        ),
        (
            {"input_bits": 2}, ValueError,
            "Recipe input_bits must be 1 for encoding 'rate', not 2",
        ),
        ({"steps": 0}, ValueError, "Recipe steps must be 1…65535, not 0"),
        ({"steps": 1.5}, TypeError, "Recipe steps must be an int, not 1.5"),
        ({"weight_bits": 9}, ValueError, "Recipe weight_bits must be 1…8, not 9"),
        ({"state_bits": 1}, ValueError, "Recipe state_bits must be 2…16, not 1"),
        ({"reset": "none"}, ValueError, "Recipe reset must be 'zero' or 'subtract', not 'none'"),
        ({"mask_negative": 1}, TypeError, "Recipe mask_negative must be a bool, not 1"),
        (
            {"mask_negative": True, "layers": ()}, ValueError,
            "Recipe mask_negative must be False where no layer fires, not True",
        ),
        ({"leak": 1.5}, ValueError, "Recipe leak must be 0…1, not 1.5"),
        ({"leak": "1"}, TypeError, "Recipe leak must be a number, not '1'"),
        ({"leak_shift": 16}, ValueError, "Recipe leak_shift must be 0…15, not 16"),
        ({"leak_at": "x"}, ValueError, "Recipe leak_at must be 'load' or 'store', not 'x'"),
        (
            {"readout": "x"}, ValueError,
            "Recipe readout must be 'potential', 'count' or 'vote', not 'x'",
        ),
        (
            {"weights": "x"}, ValueError,
            "Recipe weights must be 'lsq', 'sawb' or 'sigmoid', not 'x'",
        ),
        ({"normalize": 1}, TypeError, "Recipe normalize must be a bool, not 1"),
        (
            {"threshold": "x"}, ValueError,
            "Recipe threshold must be 'channel', 'layer', 'fixed' or 'leak', not 'x'",
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
        (
            {"weights": "sigmoid", "weight_bits": 5, "method": SigmoidSum()}, ValueError,
            "Recipe weight_bits must be 1…4 for weights 'sigmoid', not 5",
        ),
        (
            {"weights": "sigmoid"}, ValueError,
            "Recipe method must be a SigmoidSum where weights are 'sigmoid', and only there",
        ),
        (
            {"threshold": "leak", "normalize": False}, ValueError,
            "Recipe normalize must be True for threshold 'leak', not False",
        ),
        (
            {"method": Prune(), "normalize": False}, ValueError,
            "Recipe normalize must be True for a Prune method, not False",
        ),
        (
            {"method": Attention()}, ValueError,
            "Recipe normalize must be False for an Attention method, not True",
        ),
        (
            {"method": Attention(), "normalize": False, "readout": "count"}, ValueError,
            "Recipe readout must be 'potential' for an Attention method, not 'count'",
        ),
        (
            {"method": Attention(), "normalize": False, "weight_bits": 1}, ValueError,
            "Recipe weight_bits must be 2…8 for an Attention method, not 1",
        ),
        (
            {
                "weights": "sawb", "normalize": False,
                "layers": (Conv(channels=4), Conv(channels=4, shortcut=Shortcut(kernel=1))),
            },
            ValueError,
            (
                "Recipe weights must be 'lsq' for shortcuts with a kernel where normalize is "
                "False, not 'sawb'"
            ),
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


@pytest.mark.parametrize("method", [Prune(rate=0.3), SigmoidSum(rise=5), Attention(density=0.2)])
def test_settings_of_a_method_survive_their_dict(method):
    recipe = replace(BASE, weights="sigmoid" if isinstance(method, SigmoidSum) else "lsq",
                     normalize=not isinstance(method, Attention), method=method)  # fmt: skip
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_a_setting_of_a_method_out_of_range_is_refused():
    with refused(ValueError, "Prune mass must be 0…1, not 2"):
        Prune(mass=2)
    with refused(ValueError, "Prune epochs must be 1…1048576, not 0"):
        Prune(epochs=0)
    with refused(ValueError, "SigmoidSum epochs must be 1…1048576, not 0"):
        SigmoidSum(epochs=0)
    with refused(ValueError, "SigmoidSum rise must be 0.001…1000000.0, not 0"):
        SigmoidSum(rise=0)
    with refused(ValueError, "SigmoidSum cap must be 0.001…1000000.0, not 0"):
        SigmoidSum(cap=0)
    with refused(ValueError, "Attention density must be 0.0001…1, not 0"):
        Attention(density=0)
    with refused(ValueError, "Attention student_epochs must be 1…1048576, not 0"):
        Attention(student_epochs=0)
    with refused(ValueError, "Attention pruned must be 'weight' or 'channel', not 'x'"):
        Attention(pruned="x")


def test_the_float_network_is_neither_pruned_nor_quantized():
    pruned = replace(BASE, epochs=5, mask_negative=True, method=Prune(epochs=3)).floating()
    assert (pruned.quantized, pruned.epochs, pruned.method) == (False, 8, None)
    assert not pruned.mask_negative
    method = Attention(density=0.2, pruned="channel", student_epochs=4)
    whole = replace(BASE, normalize=False, epochs=5, method=method).floating()
    assert (whole.quantized, whole.epochs) == (False, 5)
    assert whole.method == Attention(density=1, exchange=0, spiking_exchange=0, student_epochs=4)
    assert BASE.floating() == replace(BASE, quantized=False)
