"""Trained networks and their tables: torch in evaluation mode and golden do the same."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from negative import kept_from_firing
from refusal import refused
from somagate import data
from somagate.data.encode import encode
from somagate.export import checkpoint
from somagate.export.neuron import Activation
from somagate.model import checkpoint as checkpoints
from somagate.model.feed import inputs
from somagate.model.loss import loss
from somagate.model.network import Network
from somagate.model.quantizers import sigmoid_sum as quantizers
from somagate.model.recipe import Conv, Dense, Recipe, Shortcut
from somagate.model.settings import Attention, Prune, SigmoidSum
from somagate.model.train import Told, train
from somagate.sim.golden import golden

torch.set_num_threads(1)

BASE = Recipe(
    name="tiny-net",
    data="digits",
    layers=(Conv(channels=4, pool=2), Conv(channels=5, pool=2)),
    classes=3,
    steps=5,
)
CASES = {
    "as the recipes": {},
    "1-bit weights, 2-bit states": {"weight_bits": 1, "state_bits": 2},
    "ternary weights, 4-bit states": {"weight_bits": 2, "state_bits": 4},
    "8-bit weights, 16-bit states": {"weight_bits": 8, "state_bits": 16, "readout_bits": 16},
    "3-bit weights, leak at store": {"weight_bits": 3, "leak_at": "store"},
    "reset by subtraction": {"reset": "subtract", "state_bits": 5},
    "subtraction and leak at store": {"reset": "subtract", "leak_at": "store", "leak": 0.5},
    "no leak": {"leak": 1.0, "leak_shift": 0},
    "a fine leak": {"leak": 0.9, "leak_shift": 12, "state_bits": 8},
    "spike counts": {"readout": "count"},
    "a narrow readout": {"readout_bits": 4},
    "a readout that forgets": {"readout_leak": 0.625},
    "direct input": {"encoding": "direct", "input_bits": 4},
    "8-bit direct input, wide sums": {
        "encoding": "direct", "input_bits": 8, "weight_bits": 8, "leak_shift": 15,
    },
    "strides, no padding, pool that does not divide": {
        "layers": (
            Conv(channels=4, kernel=3, padding=0, stride=1, pool=3),
            Conv(channels=6, kernel=2, stride=2, padding=1),
        )
    },
    "dense": {"layers": (Dense(neurons=12), Dense(neurons=7))},
    "no hidden layer": {"layers": ()},
    "sum pools": {
        "layers": (Conv(channels=4, pool=2, pool_kind="sum"), Conv(channels=5), Dense(neurons=6))
    },
    "a sum pool before the readout": {"layers": (Conv(channels=4, pool=3, pool_kind="sum"),)},
    "a shortcut of spikes": {
        "layers": (
            Conv(channels=4, pool=2), Conv(channels=6), Conv(channels=4, shortcut=Shortcut()),
        )
    },
    "a shortcut of counts, under a pool": {
        "layers": (
            Conv(channels=4, pool=2, pool_kind="sum"), Conv(channels=6, kernel=5, padding=2),
            Conv(channels=4, shortcut=Shortcut(), pool=3),
        ),
        "weight_bits": 8,
    },
    "shortcuts with convolutions, one from the input": {
        "layers": (
            Conv(channels=4), Conv(channels=6, stride=2, shortcut=Shortcut(kernel=1, stride=2)),
            Conv(channels=5, shortcut=Shortcut(kernel=3, stride=4), stride=2, pool=2),
        ),
    },
    "widths of their own": {
        "layers": (
            Conv(channels=4, pool=2, weight_bits=8, state_bits=6), Dense(neurons=9, weight_bits=1),
        ),
        "readout_weight_bits": 6,
    },
    "votes": {"readout": "vote", "voters": 4},
    "frames of counts": {"encoding": "frames", "input_bits": 5},
    "no normalization": {
        "normalize": False, "reset": "subtract", "leak_shift": 8, "state_bits": 12, "leak": 0.9,
        "weight_bits": 8, "encoding": "direct", "input_bits": 8, "spike_peak": 0.3,
        "layers": (Conv(channels=6, pool=2, pool_kind="sum"), Conv(channels=5)),
    },
    "no normalization, a shortcut of spikes": {
        "normalize": False, "reset": "subtract", "leak_shift": 8, "state_bits": 12,
        "weight_bits": 8,
        "layers": (Conv(channels=4), Conv(channels=5), Conv(channels=4, shortcut=Shortcut())),
    },
    "ternary potentials": {"store": "ternary", "state_bits": 2, "leak": 0.5},
    "ternary potentials, reset by subtraction": {
        "store": "ternary", "state_bits": 2, "reset": "subtract",
    },
    "SpQuant-SNN": {
        "store": "ternary", "state_bits": 2, "leak": 0.5, "weights": "sawb", "weight_bits": 2,
        "store_gradient": "stacked", "spike_gradient": "window", "threshold": "layer",
        "loss": "tet", "readout_weight_bits": 8,
        "layers": (
            Conv(channels=4, pool=2, pool_kind="sum"), Conv(channels=6),
            Conv(channels=4, shortcut=Shortcut()),
        ),
    },
    "SpQuant-SNN, 5-bit potentials": {
        "state_bits": 5, "leak": 0.5, "leak_learned": False, "weights": "sawb", "weight_bits": 4,
        "store_gradient": "stacked", "spike_gradient": "window", "threshold": "fixed",
        "loss": "tet",
    },
    "sigmoid sums, binary": {"weights": "sigmoid", "weight_bits": 1, "method": SigmoidSum()},
    "sigmoid sums, ternary, a learned leak": {
        "weights": "sigmoid", "weight_bits": 2, "method": SigmoidSum(), "threshold": "leak",
        "leak": 0.5, "readout": "vote", "voters": 3, "state_bits": 8,
    },
    "sigmoid sums that shift": {
        "weights": "sigmoid", "weight_bits": 4, "method": SigmoidSum(), "readout_weight_bits": 8,
        "layers": (Conv(channels=4, pool=2, weight_bits=8), Conv(channels=5, pool=2)),
    },
    "channel masks": {"method": Prune()},
    "channel masks on ternary potentials, with a shortcut": {
        "method": Prune(), "store": "ternary", "state_bits": 2,
        "layers": (Conv(channels=4), Conv(channels=6), Conv(channels=4, shortcut=Shortcut())),
    },
    "compressed": {
        "normalize": False, "reset": "subtract", "leak_shift": 8, "state_bits": 12, "steps": 8,
        "weight_bits": 8, "encoding": "direct", "input_bits": 8, "threshold": "layer",
        "method": Attention(pruned="channel"),
    },
    "bfloat16 until settled": {"precision": "bfloat16"},
    "one step": {"steps": 1},
    "masked negative potentials": {"mask_negative": True, "steps": 8},
    "masked negative potentials, reset by subtraction": {
        "mask_negative": True, "reset": "subtract", "leak_at": "store", "readout": "count",
    },
    "masked negative states of SpQuant-SNN": {
        "mask_negative": True, "store": "ternary", "state_bits": 2, "leak": 0.5,
        "store_gradient": "stacked", "spike_gradient": "window", "threshold": "layer",
        "weights": "sawb", "weight_bits": 2, "loss": "tet", "readout_weight_bits": 8,
    },
}  # fmt: skip
SHAPE, MAXIMUM = (1, 9, 8), 16


def trained(recipe, *, updates=12, seed=0):
    """Train on noise for a few batches, so that every parameter leaves its first value."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Network(recipe, SHAPE)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    network.train()
    for update in range(updates):
        if update == 4:
            compress(network)
        network.settle(update > updates // 2)
        images = torch.randint(0, 17, shape(recipe, 16), generator=generator, dtype=torch.uint8)
        labels = torch.randint(0, recipe.classes, (16,), generator=generator)
        *_, activity = network.activities(inputs(recipe, images, MAXIMUM))
        optimizer.zero_grad()
        loss(network, activity, labels)[0].backward()
        optimizer.step()
        network.project()
    return network.eval()


def compress(network):
    """Do what the methods do between their phases."""
    for index, layer in enumerate(network):
        if isinstance(network.recipe.method, Prune | Attention) and layer is not network.readout:
            layer.mask[index::3] = 0
        for group in layer.groups:
            if isinstance(group.quantizer, quantizers.SigmoidSum):
                group.quantizer.adapt(group.weight)
                group.quantizer.temperature.fill_(40)


def shape(recipe, count):
    frames = (recipe.steps,) if recipe.encoding == "frames" else ()
    return (count, *frames, *SHAPE)


def images(recipe, count=20):
    return np.random.default_rng(1).integers(0, 17, shape(recipe, count), dtype=np.uint8)


@pytest.mark.parametrize("name", CASES)
def test_torch_and_golden_agree_on_every_spike_and_potential(name):
    recipe = replace(BASE, **CASES[name])
    network = trained(recipe)
    tables = checkpoint.tables(network, maximum=MAXIMUM)
    samples = images(recipe)
    maps = encode(
        samples.swapaxes(0, 1) if recipe.encoding == "frames" else samples,
        encoding=tables.input.encoding, steps=tables.steps, maximum=tables.input.maximum,
        high=tables.input.activation.high,
    )  # fmt: skip
    expected = golden.run(tables, maps, potentials=True)
    x = inputs(recipe, samples, MAXIMUM)
    for layer, trace in zip(tables.layers, network.trace(x), strict=True):
        spikes, potentials = expected.spikes[layer.name], expected.potentials[layer.name]
        assert trace.spikes.shape == spikes.shape
        assert (trace.spikes == spikes).all(), layer.name
        assert (trace.potentials == potentials).all(), layer.name
        if layer.neuron.threshold is not None:
            assert spikes.any() and not spikes.all(), layer.name
            assert potentials.min() < potentials.max(), layer.name
    with torch.no_grad():
        output = network(x)
    assert (output.numpy() == expected.output).all()
    assert (output.argmax(1).numpy() == expected.prediction).all()


@pytest.mark.parametrize("name", [name for name in CASES if "masked" in name])
def test_masks_keep_trained_neurons_from_firing(name):
    recipe = replace(BASE, **CASES[name])
    tables = checkpoint.tables(trained(recipe), maximum=MAXIMUM)
    fires = [layer.neuron.threshold is not None for layer in tables.layers]
    assert [layer.neuron.mask_negative for layer in tables.layers] == fires
    maps = encode(images(recipe), encoding="rate", steps=tables.steps, maximum=MAXIMUM)
    assert kept_from_firing(tables, maps) == [
        layer.name for layer, fire in zip(tables.layers, fires, strict=True) if fire
    ]


@pytest.mark.parametrize("name", CASES)
def test_settled_training_sees_the_integers_of_the_export(name):
    network = trained(replace(BASE, **CASES[name]))
    x = inputs(network.recipe, images(network.recipe), MAXIMUM)
    with torch.no_grad():
        expected = network(x)
        network.train()
        network.settle(True)
        for layer in network:
            for group in layer.groups:
                group.quantizer.hard = True
        # The constants are derived in float32 here and in float64 there; the exported ones agree.
        assert (network(x) == expected).float().mean() > 0.9


def exact_type(network):
    return network.exact_type(network.eval().integer_weights())


def test_wide_sums_are_evaluated_in_float64():
    assert exact_type(trained(BASE)) is torch.float32
    wide = replace(BASE, **CASES["8-bit direct input, wide sums"])
    assert exact_type(trained(wide)) is torch.float64


@pytest.fixture
def saved(tmp_path):
    def save(recipe):
        path = tmp_path / "checkpoint.pt"
        checkpoints.save(
            checkpoints.Checkpoint(
                network=trained(recipe), seed=3, maximum=MAXIMUM, accuracy=0.75
            ),
            path,
        )  # fmt: skip
        return path

    return save


def test_an_exported_checkpoint_has_the_tables_of_its_network(saved):
    path = saved(BASE)
    tables = checkpoint.export(path)
    assert tables.sha256 == checkpoint.tables(trained(BASE), maximum=MAXIMUM).sha256
    assert tables.name == "tiny_net"
    assert [layer.name for layer in tables.layers] == ["conv1", "conv2", "readout"]
    assert (tables.input.shape, tables.input.maximum, tables.steps) == (SHAPE, MAXIMUM, 5)
    assert tables.input.activation == Activation()
    assert (tables.readout.layer, tables.readout.kind) == ("readout", "potential")
    assert checkpoints.read(path).accuracy == 0.75


def test_a_direct_input_is_a_constant_value(saved):
    tables = checkpoint.export(saved(replace(BASE, encoding="direct", input_bits=4)))
    assert tables.input.activation == Activation(kind="value", bits=4)
    assert tables.input.constant
    assert tables.input.encoding == "direct"


def test_a_float_network_is_refused(saved):
    path = saved(replace(BASE, quantized=False))
    with refused(
        checkpoint.CheckpointError,
        f"{path} must be a checkpoint of a quantized network, but is of a float one",
    ):
        checkpoint.export(path)


METHODS = {
    "none": {},
    "prune": {"method": Prune(epochs=2, mass=0.6, rate=0.7), "store": "ternary", "state_bits": 2},
    "sigmoid sum": {
        "weights": "sigmoid", "weight_bits": 1, "readout_weight_bits": 8, "threshold": "leak",
        "state_bits": 8, "readout": "vote", "voters": 3, "method": SigmoidSum(epochs=2),
    },
    "attention": {
        "normalize": False, "threshold": "layer", "reset": "subtract", "state_bits": 12,
        "leak_shift": 8, "weight_bits": 8, "encoding": "direct", "input_bits": 4,
        "method": Attention(
            teacher_epochs=2, student_epochs=2, density=0.5, pruned="channel", learning_rate=0.02
        ),
    },
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_the_accuracy_before_is_that_of_the_tables_after(tmp_path, name):
    layers = (Conv(channels=8, pool=2), Conv(channels=8, pool=2, pool_kind="sum"))
    recipe = Recipe(
        name="r", data="digits", epochs=4, layers=layers, steps=2, learning_rate=0.02,
        **METHODS[name],
    )  # fmt: skip
    result = train(recipe, tmp_path / "run", told=Told(progress=False))
    digits = data.read("digits")
    tables = checkpoint.export(result.checkpoint)
    maps = encode(
        digits.test_images, encoding=recipe.encoding, steps=2, maximum=16, high=recipe.input_high
    )
    predicted = golden.run(tables, maps).prediction
    after = float((predicted == digits.test_labels).mean())
    assert checkpoint.accuracy(result.checkpoint) == result.accuracy == after > 0.5


def test_thresholds_stay_positive_whatever_training_does():
    network = trained(BASE)
    for layer in network:
        if layer.fires:
            with torch.no_grad():
                layer.theta.fill_(-5.0)
                layer.variance.zero_()
    network.project()
    for layer in checkpoint.tables(network, maximum=MAXIMUM).layers[:-1]:
        assert layer.neuron.threshold.min() >= 1
