from dataclasses import replace

import pytest
import torch
from somagate.model.methods.compression import Compression
from somagate.model.methods.method import Batch
from somagate.model.network import Network
from somagate.model.recipe import Conv, Dense, Recipe, Shortcut
from somagate.model.settings import Attention

RECIPE = Recipe(
    name="r", data="digits", classes=3, steps=3, encoding="direct", input_bits=4, epochs=4,
    normalize=False, weight_bits=8, threshold="layer", reset="subtract", state_bits=12,
    leak=1.0, leak_shift=8, readout_bits=16, settle=0.5,
    layers=(Conv(channels=8, pool=2, pool_kind="sum"), Conv(channels=10), Dense(neurons=6)),
    method=Attention(teacher_epochs=2, student_epochs=3, density=0.2),
)  # fmt: skip
CHANNELS = replace(RECIPE, method=replace(RECIPE.method, pruned="channel", density=0.5))


def made(recipe):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Network(recipe, (1, 6, 6)).train()
        method = Compression(recipe, network)
    parameters = [*network.parameters(), *method.parameters()]
    return network, method, torch.optim.Adam(parameters, lr=0.01)


def batch(samples=16):
    generator = torch.Generator().manual_seed(0)
    value = torch.randint(0, 16, (samples, 1, 6, 6), generator=generator).float()
    return Batch(x=value.expand(3, *value.shape), labels=torch.arange(samples) % 3)


def run(network, method, optimizer, *, updates=3):
    """Train every phase with a few updates an epoch; yield after each epoch."""
    for phase in method.phases():
        method.enter(phase, network, batch())
        for epoch in range(phase.epochs):
            method.start(phase, epoch, network)
            for _ in range(updates):
                optimizer.zero_grad()
                loss, _ = method.loss(phase, network, batch())
                loss.backward()
                optimizer.step()
                method.updated(phase, network)
            method.end(phase, epoch, network, optimizer)
            yield phase.name, epoch, loss.item()


def kept(network):
    return sum(int((layer.main.weight != 0).sum()) for layer in network)


def test_the_density_is_the_same_from_the_second_phase_to_the_tables():
    network, method, optimizer = made(RECIPE)
    total = sum(layer.main.weight.numel() for layer in network)
    expected = sum(int(method.get_buffer(f"mask_{i}_0").sum()) for i in range(4))
    assert expected / total == pytest.approx(0.2, abs=0.01)
    before = [method.get_buffer(f"mask_{i}_0").clone() for i in range(4)]
    for name, _epoch, _ in run(network, method, optimizer):
        masks = [method.get_buffer(f"mask_{i}_0") for i in range(4)]
        assert sum(int(mask.sum()) for mask in masks) == expected
        if name == "teacher":
            assert kept(network) == total
        else:
            # What has just grown is 0 until the next update.
            assert 0.5 * expected < kept(network) <= expected
    assert any((mask != old).any() for mask, old in zip(masks, before, strict=True))
    for layer, mask in zip(network, masks, strict=True):
        assert not layer.integers().weights[0][mask.numpy() == 0].any()


def test_the_weights_that_stay_make_up_for_those_that_go():
    network, method, _ = made(RECIPE)
    before = [layer.main.weight.detach().clone() for layer in network]
    method.enter(method.phases()[1], network, batch())
    for index, (layer, old) in enumerate(zip(network, before, strict=True)):
        mask = method.get_buffer(f"mask_{index}_0")
        expected = old * mask * (mask.numel() / mask.sum()).sqrt()
        assert torch.allclose(layer.main.weight, expected)


def test_every_phase_learns():
    network, method, optimizer = made(RECIPE)
    losses = {}
    for name, _, loss in run(network, method, optimizer, updates=8):
        losses.setdefault(name, []).append(loss)
    assert list(losses) == ["teacher", "student", "spiking"]
    assert losses["teacher"][-1] < losses["teacher"][0]
    assert losses["student"][-1] < losses["student"][0]
    assert losses["spiking"][-1] < losses["spiking"][0]


def test_teacher_weights_stand_still_after_their_phase():
    network, method, optimizer = made(RECIPE)
    seen = {}
    for name, epoch, _ in run(network, method, optimizer):
        seen[name, epoch] = method.teacher.state_dict()["layers.0.groups.0.weight"].clone()
    assert not torch.equal(seen["teacher", 0], seen["teacher", 1])
    assert torch.equal(seen["teacher", 1], seen["spiking", 3])


def test_channels_that_nothing_reads_are_pruned_in_the_end():
    network, method, optimizer = made(CHANNELS)
    for name, epoch, _ in run(network, method, optimizer):
        masks = [layer.mask for layer in network]
        if name != "spiking" or epoch < 2:
            assert all(mask.all() for mask in masks)
    assert [int(mask.sum()) for mask in masks] == [4, 5, 3, 3]
    for layer, other in zip(network, list(network)[1:], strict=False):
        flat = other.main.weight.reshape(other.main.weight.shape[0], len(layer.mask), -1)
        assert torch.equal((flat != 0).any(2).any(0).float(), layer.mask)


def test_a_channel_without_a_positive_weight_is_of_no_use():
    network, method, _ = made(RECIPE)
    one, two, dense, readout = network
    with torch.no_grad():
        one.main.weight[2] = -one.main.weight[2].abs()
        dense.main.weight.zero_()
        readout.main.weight.zero_()
    used = method.used(network)
    assert torch.equal(used[0], method.read(network)[0] * (torch.arange(8) != 2))
    assert used[2].tolist() == [1, 0, 0, 0, 0, 0]
    assert used[3].tolist() == [1, 1, 1]
    assert used[1].any()


def test_a_channel_that_a_shortcut_reads_stays():
    layers = (Conv(channels=8), Conv(channels=6), Conv(channels=8, shortcut=Shortcut()))
    network, method, _ = made(replace(CHANNELS, layers=layers))
    assert [int(read.sum()) for read in method.read(network)] == [8, 3, 4, 3]


def test_each_phase_exchanges_its_own_share():
    still = replace(RECIPE, method=replace(RECIPE.method, spiking_exchange=0.0))
    network, method, optimizer = made(still)
    masks = {}
    for name, epoch, _ in run(network, method, optimizer):
        masks[name, epoch] = [method.get_buffer(f"mask_{i}_0").clone() for i in range(4)]

    def moved(before, after):
        return any((one != other).any() for one, other in zip(before, after, strict=True))

    assert moved(masks["teacher", 1], masks["student", 0])
    assert not moved(masks["student", 2], masks["spiking", 3])
