"""Samples as the input maps of a network, in torch, on the device of the training."""

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from .recipe import Recipe


def inputs(recipe: Recipe, images: Tensor | NDArray[Any], maximum: int) -> Tensor:
    """Return the maps of samples, float32 (steps, samples, channels, rows, columns).

    They are those of `somagate.data.encode.encode`, computed where `images` lies.

    Parameters
    ----------
    recipe
        Its encoding, steps and input bits.
    images
        uint8 (samples, channels, rows, columns), or for 'frames' (samples, steps, channels, rows,
        columns).
    maximum
        The sample that stands for the full scale.

    Raises
    ------
    ValueError
        Where frames are not one a step, or hold more than an input element can be.
    """
    pixels = torch.as_tensor(images)
    if recipe.encoding == "frames":
        if pixels.ndim != 5 or pixels.shape[1] != recipe.steps:
            raise ValueError(
                f"frames must have the shape (samples, {recipe.steps}, channels, rows, columns) "
                f"for {recipe.steps} steps, not {tuple(pixels.shape)}"
            )
        most = int(pixels.max()) if pixels.numel() else 0
        if most > recipe.input_high:
            raise ValueError(
                f"frames must be 0…{recipe.input_high} for {recipe.input_bits} input_bits, "
                f"not reach {most}"
            )
        return pixels.transpose(0, 1).float()
    pixels = pixels.to(torch.int32)
    if recipe.encoding == "direct":
        value = (2 * pixels * recipe.input_high + maximum) // (2 * maximum)
        return value.float().expand(recipe.steps, *value.shape)
    steps = torch.arange(recipe.steps + 1, device=pixels.device, dtype=torch.int32)
    counts = steps.reshape(-1, *[1] * pixels.ndim) * pixels + maximum // 2
    return counts.div(maximum, rounding_mode="floor").diff(dim=0).float()
