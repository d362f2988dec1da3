from dataclasses import replace

import torch
from somagate.model.methods.method import Batch
from somagate.model.methods.prune import Pruning, target
from somagate.model.network import Network
from somagate.model.recipe import Conv, Dense, Recipe
from somagate.model.settings import Prune

RECIPE = Recipe(
    name="r", data="digits", classes=3, steps=4, epochs=3,
    layers=(Conv(channels=8, pool=2), Conv(channels=6), Dense(neurons=7)), method=Prune(epochs=2),
)  # fmt: skip


def made(recipe=RECIPE):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Network(recipe, (1, 6, 6)).train()
        return network, Pruning(recipe, network)


def batch(samples=16):
    generator = torch.Generator().manual_seed(0)
    x = (torch.rand(4, samples, 1, 6, 6, generator=generator) < 0.4).float()
    return Batch(x=x, labels=torch.arange(samples) % 3)


def test_the_target_is_the_fewest_channels_that_hold_the_mass():
    currents = torch.zeros(1, 2, 4, 2, 2)
    currents[0, 0, :, 1, 0] = torch.tensor([5.0, -1.0, 3.0, 1.0])
    currents[0, 1, :, 0, 0] = torch.tensor([1.0, 1.0, -97.0, 1.0])
    assert target(currents, 0.85)[0].tolist() == [[1, 1, 1, 0], [0, 0, 1, 0]]
    assert target(currents, 0.79)[0, 0].tolist() == [1, 0, 1, 0]
    assert target(currents, 1.0)[0, 0].tolist() == [1, 1, 1, 1]


def test_only_convolutions_are_pruned_by_predictors():
    _, pruning = made()
    assert set(pruning.predictors) == {"0", "1"}
    assert [phase.name for phase in pruning.phases()] == ["dynamic", "static"]
    assert [phase.epochs for phase in pruning.phases()] == [2, 3]


def test_masked_channels_are_silent_for_that_sample_and_step():
    network, pruning = made()
    layer = list(network)[0]
    mask = torch.ones(4, 16, 8)
    mask[:, 3, 5] = 0
    layer.neurons(batch().x)  # fixes the shift
    free, masked = (layer.neurons(batch().x, mask=m) for m in (None, mask))
    assert free.spikes[:, 3, 5].any()
    assert not masked.spikes[:, 3, 5].any()
    masked.spikes[:, 3, 5] = free.spikes[:, 3, 5]
    assert torch.equal(free.spikes, masked.spikes)


def test_predictors_learn_their_targets():
    network, pruning = made()
    with torch.no_grad():
        list(network)[0].theta[2:5] = 9  # a channel that is this hard to fire matters little
    dynamic = pruning.phases()[0]
    optimizer = torch.optim.Adam(pruning.parameters(), lr=0.05)
    losses = []
    for _ in range(100):
        optimizer.zero_grad()
        total, logits = pruning.loss(dynamic, network, batch())
        total.backward()
        optimizer.step()
        losses.append(total.item())
    assert logits.shape == (16, 3)
    assert losses[-1] < losses[0] - 0.05
    rates = pruning.predictors["0"].rate
    assert rates[2:5].max() < 0.5 < rates[[0, 1, 5, 6, 7]].min()


def test_what_is_rarely_kept_or_mostly_negative_goes():
    network, pruning = made()
    dynamic, static = pruning.phases()
    first, second = pruning.predictors["0"], pruning.predictors["1"]
    first.rate.copy_(torch.tensor([0.9, 0.4, 0.5, 1, 1, 1, 1, 0]))
    first.potential.copy_(torch.tensor([0, 0, 0, -0.81, -0.8, 1, 0, 0]))
    second.rate.copy_(torch.tensor([0.1, 0.2, 0.0, 0.3, 0.1, 0.1]))
    pruning.enter(dynamic, network, batch())
    assert all(layer.mask.all() for layer in network)
    pruning.enter(static, network, batch())
    one, two, *others = network
    assert one.mask.tolist() == [1, 0, 1, 0, 1, 1, 1, 0]
    assert two.mask.tolist() == [0, 0, 0, 1, 0, 0]
    assert all(layer.mask.all() for layer in others)
    assert one.integers().mask.tolist() == [bool(kept) for kept in one.mask]


def test_static_masks_train_without_predictors():
    network, pruning = made(replace(RECIPE, loss="tet"))
    total, _ = pruning.loss(pruning.phases()[1], network, batch())
    total.backward()
    assert all(p.grad is None for p in pruning.parameters())
    assert list(network)[0].main.weight.grad.abs().sum() > 0
