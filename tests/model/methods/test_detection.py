from dataclasses import replace

import numpy as np
import pytest
import torch
from refusal import refused
from somagate import data
from somagate.data.boxes import Grid, decode, mean_average_precision, suppress
from somagate.data.encode import encode
from somagate.export import checkpoint as exporter
from somagate.model import checkpoint
from somagate.model.methods.detection import Detection, precision, truth
from somagate.model.network import Network
from somagate.model.recipe import Conv, Recipe
from somagate.model.settings import Detect
from somagate.model.train import Told, train
from somagate.sim.golden import golden
from torch.nn import functional

GRID = Grid(rows=2, columns=2, classes=2, boxes=1)
RECIPE = Recipe(
    name="r", data="moving-shapes:train=24,test=12,steps=3,size=16,shapes=1,classes=2",
    classes=GRID.outputs, encoding="frames", steps=3, epochs=4, batch=8, learning_rate=0.02,
    layers=(Conv(channels=6, pool=2), Conv(channels=8, pool=2)), readout_bits=16,
    method=Detect(grid=GRID, least=0.0),
)  # fmt: skip
FINE = Grid(rows=4, columns=4, classes=2, boxes=1)
SHARED = replace(
    RECIPE, classes=FINE.outputs, epochs=2, method=Detect(grid=FINE, kernel=3, least=0.0)
)


def test_training_comes_closer_to_the_boxes_and_ends_in_tables(tmp_path):
    result = train(RECIPE, tmp_path / "run", told=Told(progress=False))
    assert result.epochs[-1].loss < result.epochs[0].loss / 2
    loaded = checkpoint.read(result.checkpoint)
    shapes = data.read(RECIPE.data)
    assert precision(loaded.network, shapes) == result.accuracy
    tables = exporter.export(result.checkpoint)
    maps = encode(shapes.test_images.swapaxes(0, 1), encoding="frames", steps=3)
    outputs = golden.run(tables, maps).output * loaded.network.lsb
    found = [suppress(one) for one in decode(outputs, GRID, (16, 16), least=0.0)]
    expected = mean_average_precision(found, truth(shapes, shapes.test_boxes), 2)
    assert result.accuracy == expected


@pytest.mark.parametrize("kernel", [1, 3])
def test_cells_with_the_same_weights_are_a_convolution_written_out(kernel):
    recipe = replace(SHARED, method=Detect(grid=FINE, kernel=kernel))
    for chosen in (recipe, recipe.floating()):
        readout = Network(chosen, (2, 16, 16)).readout
        group = readout.main
        assert group.weight.shape == (7, 8, kernel, kernel)
        ((dense, _),) = readout.integer_weights()
        maps = (torch.rand(5, 8, 4, 4) < 0.4).float()
        integers, _ = group.quantizer(group.weight)
        expected = functional.conv2d(maps, integers, padding=kernel // 2)
        found = functional.linear(maps.flatten(1), dense)
        by_cell = found.reshape(5, 4, 4, 7).permute(0, 3, 1, 2)
        assert torch.allclose(by_cell, expected, atol=1e-3)
        factor = torch.rand(5, 7, 4, 4)
        pairs = [(by_cell * factor).sum(), (expected * factor).sum()]
        gradients = [torch.autograd.grad(total, group.weight)[0] for total in pairs]
        assert torch.allclose(*gradients, rtol=1e-3)
        assert gradients[0].abs().max() > 0


def test_cells_with_the_same_weights_end_in_tables(tmp_path):
    result = train(SHARED, tmp_path / "run", told=Told(progress=False))
    assert result.epochs[-1].loss < result.epochs[0].loss
    network = checkpoint.read(result.checkpoint).network
    tables = exporter.export(result.checkpoint)
    shapes = data.read(RECIPE.data)
    maps = encode(shapes.test_images.swapaxes(0, 1), encoding="frames", steps=3)
    expected = network(torch.from_numpy(maps).float()).detach()
    assert np.array_equal(golden.run(tables, maps).output, expected.numpy())
    (group,) = tables.layers[-1].synapses
    assert group.weights.shape == (112, 128)
    # A corner sees 2×2 places of 4×4, and a place in the middle 3×3.
    seen = (group.weights.reshape(4, 4, 7, 8, 16) != 0).any((2, 3)).sum(-1)
    assert seen.tolist()[:2] == [[4, 6, 6, 4], [6, 9, 9, 6]]


def test_values_times_the_lsb_are_the_logits():
    network = Network(RECIPE, (2, 16, 16)).train()
    x = (torch.rand(3, 4, 2, 16, 16) < 0.2).float()
    *_, activity = network.activities(x)
    expected = network.logits(activity)
    assert torch.allclose(network.values(activity) * network.lsb, expected, rtol=1e-5)
    counts = Network(
        Recipe(name="c", data="d", layers=(), classes=3, steps=3, readout="count"), (2, 16, 16)
    ).train()
    *_, activity = counts.activities(x)
    found = counts.values(activity) * counts.lsb
    assert torch.allclose(found, counts.logits(activity), rtol=1e-5)


def test_a_sample_is_right_where_every_held_cell_knows_its_class():
    detection = Detection(RECIPE, Network(RECIPE, (2, 16, 16)))
    labels = torch.zeros(3, 2, 2, 6)
    labels[:, 0, 1, 0] = 1
    labels[:, 0, 1, 1] = torch.tensor([0.0, 1.0, 1.0])
    labels[2, 1, 1, :2] = torch.tensor([1.0, 0.0])
    logits = torch.zeros(3, 2, 2, 7)
    logits[..., 1] = 1
    assert detection.right(logits.flatten(1), labels).tolist() == [False, True, False]


def test_a_data_set_without_boxes_is_refused():
    detection = Detection(RECIPE, Network(RECIPE, (2, 16, 16)))
    with refused(ValueError, "digits must have boxes to train a detector, but has labels"):
        detection.wanted(data.read("digits"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": 5}, "Recipe classes must be the 28 outputs of the grid, not 5"),
        (
            {"readout": "count"},
            "Recipe readout must be 'potential' for a Detect method, not 'count'",
        ),
        (
            {"readout_weight_bits": 1, "method": Detect(grid=GRID, kernel=1)},
            (
                "Recipe readout_weight_bits must be 2…8 for a Detect method with a kernel, which "
                "leaves weights out, not 1"
            ),
        ),
        (
            {"move": 1.0},
            "Recipe move, turn and stretch must be 0 for a Detect method: boxes don't follow",
        ),
    ],
)
def test_a_recipe_that_can_not_detect_is_refused(changes, message):
    with refused(ValueError, message):
        replace(RECIPE, **changes)


def test_settings_out_of_range_are_refused():
    with refused(TypeError, "Detect grid must be a Grid, not 4"):
        Detect(grid=4)
    with refused(ValueError, "Detect kernel must be 1…15, not 17"):
        Detect(grid=GRID, kernel=17)
    with refused(ValueError, "Detect kernel must be odd, not 4"):
        Detect(grid=GRID, kernel=4)
    with refused(ValueError, "Detect least must be 0…1, not 2"):
        Detect(grid=GRID, least=2)
    with refused(ValueError, "Detect most must be 0…1, not 2"):
        Detect(grid=GRID, most=2)


def test_a_kernel_needs_a_place_for_each_cell():
    with refused(
        ValueError,
        "Detect kernel must be None unless the last map has the 2×2 cells of the grid; "
        "its shape is (8, 4, 4)",
    ):
        Network(replace(RECIPE, method=Detect(grid=GRID, kernel=3)), (2, 16, 16))


def test_boxes_of_each_sample_are_the_truth():
    shapes = data.read(RECIPE.data)
    found = truth(shapes, shapes.test_boxes)
    assert len(found) == 12
    labels, places = shapes.test_boxes.of(3)
    assert np.array_equal(found[3].label, labels)
    assert np.array_equal(found[3].place, places)
