import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from refusal import refused
from somagate.model.layers import THETA_MIN, Layer
from somagate.model.network import Network
from somagate.model.recipe import Conv, Dense, Recipe, Shortcut
from somagate.model.wiring import SourceMap

torch.set_num_threads(1)

RECIPE = Recipe(name="r", data="digits", layers=(), classes=3, steps=4)
CONV = Conv(channels=6, pool=2)


def layer(settings=CONV, source=(2, 6, 6), *, recipe=RECIPE, last=False):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Layer(settings, [SourceMap(shape=source)], recipe, last=last)


def maps(batch=32, source=(2, 6, 6), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(4, batch, *source, generator=generator) < 0.3).float()


def acc_of(one, x):
    return one.sums(one.integer_weights(), x)


def test_shapes_follow_the_kernel_the_stride_and_the_pool():
    assert layer(Conv(channels=6), (2, 7, 5)).target == (6, 7, 5)
    assert layer(Conv(channels=6, pool=2), (2, 7, 5)).target == (6, 3, 2)
    assert layer(Conv(channels=6, stride=2, padding=0), (2, 7, 5)).target == (6, 3, 2)
    assert layer(Dense(neurons=9), (2, 7, 5)).target == (9,)


def test_mixed_precision_is_of_training_alone():
    recipe = RECIPE.override(precision="bfloat16", encoding="direct", input_bits=8)
    network = Network(replace(recipe, layers=(CONV,)), (2, 6, 6))
    one, *_ = network
    x = 255 * maps()
    sums = acc_of(one.eval(), x)
    assert torch.equal(sums.double(), acc_of(one, x.double()))
    assert not torch.allclose(acc_of(one.train(), x), sums, rtol=1e-5)


def test_a_layer_that_does_not_fit_is_refused():
    with refused(
        ValueError,
        "Conv(channels=6, kernel=3, stride=1, padding=1, pool=9) must fit its source (2, 7, 5), "
        "which it does not",
    ):
        layer(Conv(channels=6, pool=9), (2, 7, 5))
    with refused(ValueError, "Recipe layers must be Dense behind a Dense, not "
                 "Conv(channels=1, kernel=3, stride=1, padding=1, pool=1)"):  # fmt: skip
        recipe = Recipe(name="r", data="d", layers=(Dense(neurons=2), Conv(channels=1)))
        Network(recipe, (1, 4, 4))


def test_folding_is_batch_normalization_and_a_threshold():
    """Float: a neuron without memory fires where its normalized sum reaches theta."""
    recipe = RECIPE.override(quantized=False, leak=0.0, steps=1)
    one = layer(recipe=recipe)
    with torch.no_grad():
        one.theta.uniform_(0.5, 1.5)
        one.beta.uniform_(-0.5, 0.5)
    x = maps()[:1]
    one.train()
    found = one.neurons(x).spikes
    acc = F.conv2d(x[0], one.main.weight, padding=1)
    normalized = F.batch_norm(acc, None, None, training=True) + one.beta[:, None, None]
    margin = normalized - one.theta[:, None, None]
    assert ((margin >= 0) == found[0].bool())[margin.abs() > 1e-4].all()
    assert 0.05 < found.mean() < 0.5


def test_constants_are_the_rounded_fold():
    one = layer().eval()
    with torch.no_grad():
        one.mean.copy_(torch.tensor([0.0, 1.25, -3.6, 10.0, 0.5, -0.5]))
        one.variance.copy_(torch.tensor([4.0, 9.0, 16.0, 0.01, 1.0, 1.0]))
        one.theta.copy_(torch.tensor([1.0, 1.5, 0.75, 1.0, 2.0, 0.5]))
        one.beta.copy_(torch.tensor([0.0, 0.5, -0.25, 0.0, 1.0, 0.0]))
        one.leak.fill_(0.7)
    constants = one.constants(one.scale())
    assert constants.threshold.tolist() == [2, 5, 3, 1, 2, 1]
    assert constants.bias.tolist() == [0, 0, 3, -10, 1, 1]
    assert constants.multiplier == math.floor(0.7 * 8 + 0.5)


def test_gradients_of_the_fold_are_those_of_batch_normalization():
    """Float: with smooth spikes replaced by the margin itself, both have the same gradients."""
    recipe = RECIPE.override(quantized=False)
    one = layer(recipe=recipe).double()
    x = maps().double()
    acc = acc_of(one, x)
    variance, mean = torch.var_mean(acc, (0, 1, 3, 4), correction=0)
    constants = one.constants(one.scale(), mean, variance)
    bias, threshold = (v[:, None, None] for v in (constants.bias, constants.threshold))
    ((acc + bias) / threshold - 0.5).pow(3).sum().backward()
    found = [p.grad.clone() for p in (one.main.weight, one.beta, one.theta)]
    one.zero_grad()
    acc = acc_of(one, x).flatten(0, 1)
    normalized = F.batch_norm(acc, None, None, training=True) + one.beta[:, None, None]
    (normalized / one.theta[:, None, None] - 0.5).pow(3).sum().backward()
    for mine, other in zip(found, (one.main.weight, one.beta, one.theta), strict=True):
        assert torch.allclose(mine, other.grad)
        assert mine.abs().min() > 1e-3


@pytest.mark.parametrize("bits", [2, 3, 5, 16])
def test_the_shift_brings_the_threshold_to_the_end_of_the_stored_range(bits):
    one = layer(Dense(neurons=50), (400,), recipe=RECIPE.override(state_bits=bits)).train()
    one(maps(source=(400,)))
    integers = one.integers()
    reach = integers.threshold.mean() / (1 << integers.rule.shift)
    if bits == 16:
        assert integers.rule.shift == 0
    else:
        assert 1 / math.sqrt(2) <= reach / (1 << (bits - 1)) <= math.sqrt(2)


@pytest.mark.parametrize("bits", [6, 12, 16])
def test_a_readout_has_room_for_four_times_its_first_potentials(bits):
    recipe = RECIPE.override(readout_bits=bits, weight_bits=8)
    one = layer(Dense(neurons=10), (400,), recipe=recipe, last=True).train()
    x = maps(source=(400,))
    with torch.no_grad():
        reached = float(acc_of(one, x).sum(0).abs().max())
    one(x)
    room = one.unit << (bits - 1)
    assert room >= 4 * reached
    assert one.unit == 1 or room < 8 * reached


def test_running_statistics_follow_the_batches_until_settled():
    one = layer().train()
    with torch.no_grad():
        acc = acc_of(one, maps())
    one(maps())
    variance, mean = torch.var_mean(acc, (0, 1, 3, 4), correction=0)
    assert torch.allclose(one.mean, mean) and torch.allclose(one.variance, variance)
    one(maps(seed=1))
    assert not torch.allclose(one.mean, mean)
    before = one.mean.clone(), one.variance.clone()
    one.settled = True
    one(maps(seed=2))
    assert (one.mean == before[0]).all() and (one.variance == before[1]).all()


def test_projection_keeps_thresholds_positive_and_leaks_in_range():
    one = layer()
    with torch.no_grad():
        one.theta.fill_(-1)
        one.leak.fill_(1.2)
    one.project()
    assert (one.theta == THETA_MIN).all()
    assert one.leak == 1


def test_integers_bound_every_sum():
    one = layer().train()
    one(maps())
    integers = one.integers()
    largest = np.abs(integers.weights[0]).reshape(6, -1).sum(1).max()
    assert integers.bound(1) >= (largest + np.abs(integers.bias).max()) * 2
    assert integers.bound(255) >= 255 * largest


def test_a_float_layer_has_no_integers():
    with refused(
        ValueError,
        "layer must be quantized to have integers; it is that of a float network",
    ):
        layer(recipe=RECIPE.override(quantized=False)).integers()


def test_every_parameter_gets_a_gradient():
    recipe = Recipe(
        name="r", data="digits", layers=(CONV, Dense(neurons=8)), classes=3, steps=4
    )  # fmt: skip
    network = Network(recipe, (2, 6, 6)).train()
    *_, activity = network.activities(maps())
    network.logits(activity).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.filterwarnings("ignore")  # torch's compiler itself does what warns
def test_fused_neurons_do_the_same_in_training_alone():
    recipe = Recipe(name="r", data="digits", layers=(CONV, Dense(neurons=8)), classes=3, steps=4)
    results = []
    for fused in (False, True):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            network = Network(recipe, (2, 6, 6)).train()
        if fused:
            network.fuse(backend="eager")
        *_, activity = network.activities(maps())
        network.logits(activity).square().sum().backward()
        results.append((network(maps()), list(network)[0].main.weight.grad))
        assert (network.eval()(maps()) == network(maps())).all()
    for plain, compiled in zip(*results, strict=True):
        assert torch.equal(plain, compiled)


def test_sums_of_an_input_that_stands_still_are_computed_once(monkeypatch):
    one, calls = layer(Conv(channels=6), (2, 6, 6)).train(), []
    convolve = F.conv2d
    monkeypatch.setattr(
        F, "conv2d", lambda x, *args, **kwargs: calls.append(len(x)) or convolve(x, *args, **kwargs)
    )
    still = maps()[:1].expand(4, -1, -1, -1, -1)
    found = one.neurons(still)
    assert calls == [32]
    expected = layer(Conv(channels=6), (2, 6, 6)).train().neurons(still.clone())
    assert calls == [32, 4 * 32]
    assert torch.equal(found.spikes, expected.spikes)


@pytest.mark.parametrize("quantized", [False, True])
def test_groups_of_a_layer_without_normalization_have_one_lsb(quantized):
    """One source's elements are counts of up to 4, the other's spikes; both stand for up to 1."""
    recipe = RECIPE.override(quantized=quantized, normalize=False, weight_bits=8)
    sources = [SourceMap(shape=(3, 6, 6)), SourceMap(shape=(2, 6, 6), high=4)]
    settings = Conv(channels=6, shortcut=Shortcut(kernel=1))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        one = Layer(settings, sources, recipe).train()
        counts = torch.randint(0, 5, (4, 8, 2, 6, 6)).float()
        spikes = (torch.rand(4, 8, 3, 6, 6) < 0.3).float()
    one.adapt()
    weights = one.integer_weights()
    main, other = (group.weight for group in one.groups)
    expected = F.conv2d(counts.flatten(0, 1) / 4, main, padding=1)
    expected = expected + F.conv2d(spikes.flatten(0, 1), other)
    found = one.sums(weights, counts, spikes) * weights[0][1]
    error = (found.flatten(0, 1) - expected).abs().mean()
    assert weights[0][1] == weights[1][1]
    assert error < (0.08 if quantized else 1e-5)
    assert expected.abs().mean() > 0.4
