"""Random movement, rotation and stretching of images, reproducible from a generator."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .recipe import Recipe


def augment(images: Tensor, recipe: Recipe, maximum: int, generator: torch.Generator) -> Tensor:
    """Return each image moved, turned and stretched by a random amount, bilinearly.

    Parameters
    ----------
    images
        uint8 (samples, channels, rows, columns) or (samples, steps, channels, rows, columns),
        0…maximum; all frames of a sample move alike.
    recipe
        Its `move`, `turn` and `stretch` say how far at most.
    maximum
        The largest pixel.
    generator
        Of the random numbers.
    """
    if not (recipe.move or recipe.turn or recipe.stretch):
        return images
    frames = images.flatten(1, -3)
    samples, channels, rows, columns = frames.shape

    def uniform(most: float) -> Tensor:
        return (2 * torch.rand(samples, generator=generator) - 1).to(images.device) * most

    angle = uniform(math.radians(recipe.turn))
    wide, tall = 1 + uniform(recipe.stretch), 1 + uniform(recipe.stretch)
    right, down = uniform(2 * recipe.move / columns), uniform(2 * recipe.move / rows)
    cosine, sine = angle.cos(), angle.sin()
    # affine_grid counts in half widths and half heights, so turning needs their ratio.
    ratio = rows / columns
    across = torch.stack([cosine * wide, -sine * wide * ratio, right], 1)
    along = torch.stack([sine * tall / ratio, cosine * tall, down], 1)
    grid = F.affine_grid(
        torch.stack([across, along], 1), [samples, channels, rows, columns], align_corners=False
    )
    moved = F.grid_sample(frames.float(), grid, align_corners=False)
    return moved.add_(0.5).floor_().clamp_(0, maximum).to(images.dtype).reshape(images.shape)
