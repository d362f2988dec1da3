import numpy as np
import pytest
import torch
from refusal import refused
from somagate.data.encode import encode
from somagate.model.feed import inputs
from somagate.model.recipe import Recipe

RECIPE = Recipe(name="r", data="digits", layers=(), steps=5)


@pytest.mark.parametrize("maximum", [16, 255])
@pytest.mark.parametrize(("encoding", "bits"), [("rate", 1), ("direct", 4), ("direct", 8)])
def test_inputs_are_the_encoded_images(encoding, bits, maximum):
    recipe = RECIPE.override(encoding=encoding, input_bits=bits)
    images = np.random.default_rng(0).integers(0, maximum + 1, (3, 2, 9, 8), dtype=np.uint8)
    expected = encode(
        images, encoding=encoding, steps=5, maximum=maximum, high=recipe.input_high
    )  # fmt: skip
    found = inputs(recipe, images, maximum)
    assert found.dtype is torch.float32
    assert (found.numpy() == expected).all()
    assert (inputs(recipe, torch.tensor(images), maximum) == found).all()


def test_frames_are_one_a_step():
    recipe = RECIPE.override(encoding="frames", input_bits=3)
    frames = np.random.default_rng(0).integers(0, 8, (3, 5, 2, 4, 4), dtype=np.uint8)
    assert (inputs(recipe, frames, 7).numpy() == frames.swapaxes(0, 1)).all()


def test_frames_that_do_not_fit_are_refused():
    recipe = RECIPE.override(encoding="frames", input_bits=3)
    with refused(
        ValueError,
        "frames must have the shape (samples, 5, channels, rows, columns) for 5 steps, "
        "not (3, 4, 2, 4, 4)",
    ):
        inputs(recipe, np.zeros((3, 4, 2, 4, 4), np.uint8), 7)
    with refused(ValueError, "frames must be 0…7 for 3 input_bits, not reach 9"):
        inputs(recipe, np.full((3, 5, 2, 4, 4), 9, np.uint8), 9)
