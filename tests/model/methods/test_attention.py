import pytest
import torch
import torch.nn.functional as F
from somagate.model.methods.attention import (
    attention_distance,
    attention_map,
    convert,
    guided_loss,
    percentile,
    relu_network,
)
from somagate.model.network import Network
from somagate.model.recipe import Conv, Dense, Recipe, Shortcut
from somagate.model.settings import Attention

RECIPE = Recipe(
    name="r", data="digits", classes=3, steps=40, encoding="direct", input_bits=4,
    normalize=False, weight_bits=8, threshold="layer", reset="subtract", state_bits=16,
    leak=1.0, leak_shift=8, readout_bits=16,
    layers=(
        Conv(channels=6, pool=2, pool_kind="sum"), Conv(channels=5),
        Conv(channels=6, shortcut=Shortcut()), Dense(neurons=8),
    ),
)  # fmt: skip


def made(recipe=RECIPE, **changes):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Network(recipe.override(**changes), (1, 6, 6)).train()


def pixels(samples=12):
    generator = torch.Generator().manual_seed(0)
    value = torch.randint(0, 16, (samples, 1, 6, 6), generator=generator).float()
    return value.expand(40, *value.shape)


def test_the_relu_network_has_the_weights_of_the_spiking_one():
    network = made(quantized=False)
    one, two, three, dense, readout = (layer.main.weight for layer in network)
    logits, maps = relu_network(network, pixels())
    first = F.relu(F.conv2d(pixels()[0] / 15, one, padding=1))
    pooled = F.avg_pool2d(first, 2)
    second = F.relu(F.conv2d(pooled, two, padding=1))
    third = F.relu(F.conv2d(second, three, padding=1) + pooled)
    expected = F.linear(F.relu(F.linear(third.flatten(1), dense)), readout)
    assert torch.allclose(logits, expected, atol=1e-5)
    for found, wanted in zip(maps, (first, second, third), strict=True):
        assert torch.allclose(found, wanted, atol=1e-5)


def test_attention_maps_have_length_1_and_no_channels():
    active = torch.rand(4, 3, 5, 6)
    found = attention_map(active)
    expected = (active[..., 2, 4] ** 2).mean(1)
    assert found.shape == (4, 30)
    assert torch.allclose(found.norm(dim=1), torch.ones(4))
    assert torch.allclose(
        found[:, 2 * 6 + 4] * (active**2).mean(1).flatten(1).norm(dim=1), expected
    )


def test_the_distance_is_0_for_equal_attention_and_grows():
    active = torch.rand(4, 3, 5, 6)
    assert attention_distance([active, active], [active * 2, active * 3]) < 1e-12
    other = torch.rand(4, 7, 5, 6)
    expected = (attention_map(active) - attention_map(other)).square().mean()
    assert torch.allclose(attention_distance([active], [other]), expected)
    assert attention_distance([], []) == 0


def test_the_guided_loss_adds_its_three_parts():
    settings = Attention(distillation=0.3, temperature=2.0, attention=50.0)
    student, teacher = torch.randn(4, 3), torch.randn(4, 3)
    maps, guides = [torch.rand(4, 2, 3, 3)], [torch.rand(4, 2, 3, 3)]
    labels = torch.tensor([0, 1, 2, 0])
    soft, wanted = (student / 2).softmax(1), (teacher / 2).softmax(1)
    divergence = (wanted * (wanted / soft).log()).sum(1).mean()
    expected = (
        0.7 * F.cross_entropy(student, labels)
        + 0.3 * 4 * divergence
        + 50 * attention_distance(maps, guides)
    )
    found = guided_loss(settings, labels, (student, maps), (teacher, guides))
    assert torch.allclose(found, expected)


@pytest.mark.parametrize(("share", "expected"), [(50, 5), (99.7, 10), (90, 9), (91, 10)])
def test_a_percentile_is_one_of_the_numbers(share, expected):
    values = torch.arange(10, 0, -1).float().reshape(2, 5)
    assert percentile(values, share) == expected


def test_a_converted_network_spikes_as_often_as_its_relus_are_high():
    """No leak, soft reset: a rate, times all thresholds up to it, is about the ReLU's value."""
    layers = (Conv(channels=6, pool=2, pool_kind="sum"), Conv(channels=5), Conv(channels=6))
    network = made(quantized=False, layers=layers)
    settings = Attention(percentile=100, scale=1.0)
    convert(network, pixels(), settings)
    _, maps = relu_network(network, pixels())
    threshold = 1
    for index, activity in enumerate(network.activities(pixels())):
        if index < len(maps):
            threshold = threshold * list(network)[index].theta
            rates = activity.spikes.mean(0) * threshold
            assert (rates - maps[index]).abs().mean() < 0.15 * maps[index].mean() + threshold / 40
            assert 0 < activity.spikes.mean() < 1


def test_a_conversion_chooses_steps_and_stored_ranges():
    network = made()
    before = [float(layer.main.quantizer.step.detach()) for layer in network]
    with torch.no_grad():
        for layer in network:
            layer.main.weight.mul_(0.25)
    convert(network, pixels(), Attention())
    after = [float(layer.main.quantizer.step.detach()) for layer in network]
    assert [b - a for b, a in zip(before, after, strict=True)] == pytest.approx([2] * 5, abs=0.4)
    assert all(int(layer.shift) >= 0 for layer in network)
