import pytest
import torch
import torch.nn.functional as F
from somagate.model.loss import loss
from somagate.model.network import Network
from somagate.model.recipe import Dense, Recipe

RECIPE = Recipe(name="r", data="digits", layers=(Dense(neurons=9),), classes=3, steps=4, voters=5)


def activity_of(recipe):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Network(recipe, (1, 3, 3)).train()
        x = (torch.rand(4, 6, 1, 3, 3) < 0.5).float()
    *_, activity = network.activities(x)
    return network, activity


@pytest.mark.parametrize("readout", ["count", "vote", "potential"])
def test_the_mean_of_every_step_is_the_logits(readout):
    """The potential's are rounded and saturated beside."""
    network, activity = activity_of(RECIPE.override(readout=readout, readout_bits=16))
    every = network.every_step(activity)
    assert every.shape == (4, 6, 3)
    assert torch.allclose(every.mean(0), network.logits(activity), rtol=1e-4, atol=1e-4)


def test_cross_entropy_is_that_of_the_logits():
    network, activity = activity_of(RECIPE.override(smoothing=0.1))
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    found, logits = loss(network, activity, labels)
    assert torch.equal(logits, network.logits(activity))
    assert torch.equal(found, F.cross_entropy(logits, labels, label_smoothing=0.1))


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_tet_is_the_mean_over_steps_and_the_distance_to_1(share):
    network, activity = activity_of(RECIPE.override(loss="tet", tet=share))
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    found, logits = loss(network, activity, labels)
    outputs = network.every_step(activity)
    entropy = sum(F.cross_entropy(output, labels) for output in outputs) / 4
    assert torch.allclose(found, (1 - share) * entropy + share * (outputs - 1).square().mean())
    assert torch.allclose(logits, outputs.mean(0))
