"""The papers' large networks, after an update in every phase, as tables."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from somagate.export import checkpoint
from somagate.model import recipes
from somagate.model.feed import inputs
from somagate.model.methods.method import Batch
from somagate.model.methods.registry import method
from somagate.model.network import Network
from somagate.sim.golden import golden

torch.set_num_threads(1)

NETWORKS = {
    "spquant-vgg9": (2, 48, 48),
    "spquant-resnet19": (3, 32, 32),
    "spquant-yolo": (2, 96, 128),
    "sigmoid-sum-nmnist": (2, 34, 34),
    "attention-resnet12": (3, 32, 32),
}
SAMPLES = 2


def batch(recipe, shape):
    generator = np.random.default_rng(0)
    steps = (recipe.steps,) if recipe.encoding == "frames" else ()
    images = generator.integers(0, recipe.input_high + 1, (SAMPLES, *steps, *shape), np.uint8)
    if steps:
        images *= generator.random(images.shape) < 0.1
    labels = torch.arange(SAMPLES)
    if recipe.name == "spquant-yolo":
        labels = torch.zeros(SAMPLES, 6, 8, 6)
        labels[:, 2, 3] = torch.tensor([1, 0, 0.5, 0.5, 0.5, 0.5])
    return Batch(x=inputs(recipe, images, 255), labels=labels)


@pytest.mark.parametrize("name", NETWORKS)
def test_torch_and_golden_agree_on_every_spike_of_the_papers_networks(name):
    recipe = replace(recipes.find(name), steps=2, precision="float32")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Network(recipe, NETWORKS[name]).train()
        training = method(recipe, network)
    parameters = [*network.parameters(), *training.parameters()]
    optimizer = torch.optim.Adam([p for p in parameters if p.requires_grad], lr=1e-3)
    given = batch(recipe, NETWORKS[name])
    for phase in training.phases():
        training.enter(phase, network, given)
        training.start(phase, 0, network)
        loss, _ = training.loss(phase, network, given)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        training.updated(phase, network)
    tables = checkpoint.tables(network, maximum=255)
    x = given.x[:, :1]
    expected = golden.run(tables, x.numpy().astype(np.uint8), potentials=True)
    for layer, trace in zip(tables.layers, network.trace(x), strict=True):
        assert (trace.spikes == expected.spikes[layer.name]).all(), layer.name
        assert (trace.potentials == expected.potentials[layer.name]).all(), layer.name
        if layer.neuron.threshold is not None:
            assert 0.005 < expected.spikes[layer.name].mean() < 0.9, layer.name
