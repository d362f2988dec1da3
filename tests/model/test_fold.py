import torch
from somagate.model import fold
from somagate.model.recipe import Recipe

RECIPE = Recipe(name="r", data="d", layers=())
MEAN, VARIANCE = torch.tensor([1.25, -3.6]), torch.tensor([9.0, 400.0])
BETA = torch.tensor([0.5, -0.25])


def folded(recipe=RECIPE, **changes):
    parameters = {"theta": torch.tensor(1.5), "leak": torch.tensor(0.7), **changes}
    return fold.normalized(recipe, MEAN, VARIANCE, BETA, **parameters)


def test_thresholds_and_biases_are_in_accumulator_lsbs():
    found = folded()
    assert found.threshold.tolist() == [5, 30]  # 4.5 rounds up
    assert found.bias.tolist() == [0, -1]  # 0.25 and -1.4
    assert found.multiplier == 6  # 0.7 · 8 = 5.6
    assert found.level is found.boundary is found.width is found.identity is None


def test_ternary_levels_hold_the_leak():
    found = folded(RECIPE.override(store="ternary", state_bits=2))
    assert found.level.tolist() == [2, 14]
    assert found.boundary.tolist() == [2, 10]
    assert found.multiplier == 1


def test_a_readout_may_forget():
    leaky = RECIPE.override(readout_leak=0.625, leak_shift=6)
    assert fold.readout(leaky, torch.tensor(0.25), torch.tensor([1.0])).multiplier == 40


def test_a_leak_may_give_the_threshold():
    """Of PLIF, 1 / (1 - leak), with the leak that the hardware has: 6 / 8."""
    assert folded(RECIPE.override(threshold="leak")).threshold.tolist() == [12, 80]


def test_a_spike_through_a_shortcut_weighs_its_deviations():
    found = folded(rho=torch.tensor(0.5))
    assert found.identity.tolist() == [2, 10]
    assert folded(rho=torch.tensor(100.0)).identity.tolist() == [300, fold.REACH]


def test_a_window_is_as_wide_as_the_deviation():
    found = folded(RECIPE.override(spike_gradient="window"))
    assert torch.allclose(found.width, torch.tensor([3.0, 20.0]))


def test_without_normalization_one_is_the_scale_of_the_weights():
    recipe = RECIPE.override(normalize=False, threshold="layer", leak_shift=8)
    found = fold.plain(
        recipe, torch.tensor(0.125), 3, theta=torch.tensor(0.7), leak=torch.tensor(0.9),
        rho=torch.tensor(1.0),
    )  # fmt: skip
    assert found.threshold.tolist() == [6, 6, 6]
    assert found.bias.tolist() == [0, 0, 0]
    assert found.identity.tolist() == [8, 8, 8]
    assert found.multiplier == 230


def test_thresholds_are_1_at_least():
    assert folded(theta=torch.tensor(1e-3)).threshold.min() == 1


def test_a_float_network_rounds_nothing():
    found = folded(RECIPE.override(quantized=False), theta=torch.tensor(1e-3))
    assert torch.allclose(found.threshold, torch.tensor([0.003, 0.02]))
    assert torch.allclose(found.bias, torch.tensor([0.25, -1.4]), atol=1e-4)


def test_a_readout_has_a_bias_alone():
    found = fold.readout(RECIPE, torch.tensor(0.25), torch.tensor([1.0, -0.5]))
    assert found.bias.tolist() == [4, -2]
    assert found.threshold is None
    assert found.multiplier == 1


def test_moments_of_a_map_that_stands_still_are_those_of_one_step():
    acc = torch.randn(1, 6, 3, 4, 4).expand(5, -1, -1, -1, -1)
    mean, variance = fold.moments(acc)
    expected, spread = acc.clone().mean((0, 1, 3, 4)), acc.clone().var((0, 1, 3, 4), correction=0)
    assert torch.allclose(mean, expected, atol=1e-6)
    assert torch.allclose(variance, spread, atol=1e-5)
