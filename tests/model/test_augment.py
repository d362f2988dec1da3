from dataclasses import replace

import torch
from somagate.model.augment import augment
from somagate.model.recipe import Recipe

RECIPE = Recipe(name="r", data="digits", layers=(), move=3.0, turn=20, stretch=0.1)


def drawn(images, recipe=RECIPE, seed=0):
    return augment(images, recipe, 255, torch.Generator().manual_seed(seed))


def test_images_move_alike_for_one_seed_and_keep_their_type():
    images = torch.randint(0, 256, (5, 2, 12, 10), dtype=torch.uint8)
    found = drawn(images)
    assert found.shape == images.shape
    assert found.dtype is torch.uint8
    assert torch.equal(found, drawn(images))
    assert not torch.equal(found, drawn(images, seed=1))
    assert not torch.equal(found, images)


def test_all_frames_of_a_sample_move_alike():
    images = torch.randint(0, 256, (5, 2, 12, 10), dtype=torch.uint8)
    frames = torch.stack([images, images, images], 1)
    found = drawn(frames)
    assert found.shape == frames.shape
    for frame in found.unbind(1):
        assert torch.equal(frame, drawn(images))


def test_a_recipe_without_augmentation_changes_nothing():
    images = torch.randint(0, 256, (5, 1, 4, 4), dtype=torch.uint8)
    still = replace(RECIPE, move=0.0, turn=0, stretch=0)
    assert drawn(images, still) is images
