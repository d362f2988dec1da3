"""What a layer's neurons learned, folded into accumulator LSBs.

One *accumulator LSB* is one step of the weights, so `acc` counts weight integers. Batch
normalization is never computed: its mean and deviation of `acc` are folded into the bias and the
threshold of each channel,

    (acc - mean) / deviation + beta >= theta   where   acc + bias >= threshold,
    bias = beta · deviation - mean,   threshold = theta · deviation,

each rounded to an integer. In training mean and deviation are those of the batch, later the running
ones. A learned scale of the normalization would only stretch beta and theta, so there is none, and
a channel's sign never flips. Without normalization there is no bias, and a deviation is 1 on the
scale of the float weights.
"""

import math

import torch
from torch import Tensor

from . import neuron
from .quantizers import quantize
from .recipe import Recipe

EPSILON = 1e-5
"""Added to the variance."""

REACH = 4 * 127
"""The largest weight of a shortcut without a convolution; tables hold it in 8-bit parts."""

_GROWTH = 4
"""How much further than in the first batch the potentials of the readout may reach, about."""


def readout(recipe: Recipe, scale: Tensor, beta: Tensor) -> neuron.Constants:
    """Return those of a layer that never fires; `scale` is the value of one LSB."""
    bias = beta / scale
    return neuron.Constants(
        bias=quantize.round_half_up(bias) if recipe.quantized else bias,
        threshold=None,
        multiplier=torch.full_like(scale, recipe.readout_leak * (1 << recipe.readout_shift)),
    )


def plain(
    recipe: Recipe,
    scale: Tensor,
    channels: int,
    *,
    theta: Tensor,
    leak: Tensor,
    rho: Tensor | None = None,
) -> neuron.Constants:
    """Return those of a layer without normalization; `scale` is the value of one LSB."""
    deviation = (1 / scale).expand(channels)
    return _fold(recipe, torch.zeros_like(deviation), deviation, theta, leak, rho)


def normalized(
    recipe: Recipe,
    mean: Tensor,
    variance: Tensor,
    beta: Tensor,
    *,
    theta: Tensor,
    leak: Tensor,
    rho: Tensor | None = None,
) -> neuron.Constants:
    """Return those of a normalized layer; `mean` and `variance` are of `acc`, (channels,)."""
    deviation = torch.sqrt(variance + EPSILON)
    return _fold(recipe, beta * deviation - mean, deviation, theta, leak, rho)


def _fold(
    recipe: Recipe,
    bias: Tensor,
    deviation: Tensor,
    theta: Tensor,
    leak: Tensor,
    rho: Tensor | None,
) -> neuron.Constants:
    """Fold all that is in deviations: threshold, levels, and the weight of a spike, `rho`."""

    def rounded(x: Tensor) -> Tensor:
        return quantize.round_half_up(x) if recipe.quantized else x

    def at_least_1(x: Tensor) -> Tensor:
        return rounded(x).clamp(min=1) if recipe.quantized else x

    ternary = recipe.store == "ternary"
    multiplier = rounded(leak * (1 << recipe.leak_shift))
    if recipe.threshold == "leak":
        theta = 1 / (1 - multiplier / (1 << recipe.leak_shift))
    return neuron.Constants(
        bias=rounded(bias),
        threshold=at_least_1(theta * deviation),
        multiplier=torch.ones_like(multiplier) if ternary else multiplier,
        level=rounded(leak * deviation) if ternary else None,
        boundary=at_least_1(deviation / 2) if ternary else None,
        width=deviation if recipe.spike_gradient == "window" else None,
        identity=None if rho is None else rounded(rho * deviation).clamp(-REACH, REACH),
    )


def moments(acc: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean and the variance of each channel: var_mean, in half the time."""
    if acc.stride(0) == 0:
        acc = acc[:1]
    flat = acc.reshape(acc.shape[0] * acc.shape[1], acc.shape[2], -1)
    count = flat.shape[0] * flat.shape[2]
    mean = flat.sum((0, 2)) / count
    square = torch.linalg.vecdot(flat, flat).sum(0) / count
    return mean, (square - mean.square()).clamp(min=0)


@torch.no_grad()
def shift(acc: Tensor, constants: neuron.Constants, bits: int) -> int:
    """Choose with the first batch how many accumulator bits the stored potential drops.

    The stored range reaches as far below 0 as the mean threshold lies above; for a layer that never
    fires, the potentials have room to grow, and are those of a layer that forgets nothing. `acc` is
    (steps, ...), `bits` the stored width.
    """
    if constants.threshold is not None:
        reach = round(math.log2(float(constants.threshold.mean())))
    else:
        reach = math.ceil(math.log2(max(1.0, _GROWTH * float(acc.sum(0).abs().max()))))
    return min(max(reach - (bits - 1), 0), 15)
