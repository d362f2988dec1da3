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
from dataclasses import dataclass

import torch
from torch import Tensor

from . import neuron
from .groups import Neurons
from .quantizers import quantize
from .recipe import Recipe

EPSILON = 1e-5
"""Added to the variance."""

REACH = 4 * 127
"""The largest weight of a shortcut without a convolution; tables hold it in 8-bit parts."""

_GROWTH = 4
"""How much further than in the first batch the potentials of the readout may reach, about."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """How what neurons learn is rounded and saturated.

    Attributes
    ----------
    leak_shift
        The leak is a multiple of 2**-leak_shift.
    quantized
        False: nothing is rounded.
    ternary
        Whether potentials are -1, 0 and 1.
    of_leak
        Whether the threshold is 1 / (1 - leak), in deviations.
    window
        Whether a spike's gradient is as wide as the deviation.
    positive
        Whether thresholds are 1 at least.
    """

    leak_shift: int
    quantized: bool = True
    ternary: bool = False
    of_leak: bool = False
    window: bool = False
    positive: bool = True

    @staticmethod
    def of(settings: Neurons, *, quantized: bool = True) -> "Form":
        """Return that of a recipe's settings of the neurons."""
        return Form(
            leak_shift=settings.leak_shift,
            quantized=quantized,
            ternary=settings.store == "ternary",
            of_leak=settings.threshold == "leak",
            window=settings.spike_gradient == "window",
        )


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
    form = Form.of(recipe, quantized=recipe.quantized)
    return fold(form, torch.zeros_like(deviation), deviation, theta, leak, rho)


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
    form = Form.of(recipe, quantized=recipe.quantized)
    return fold(form, beta * deviation - mean, deviation, theta, leak, rho)


def fold(
    form: Form,
    bias: Tensor,
    deviation: Tensor,
    theta: Tensor | None,
    leak: Tensor,
    rho: Tensor | None = None,
) -> neuron.Constants:
    """Fold all that is in deviations: threshold, levels, and the weight of a spike, `rho`.

    `bias` is in accumulator LSBs; without `theta` the neurons never fire.
    """

    def rounded(x: Tensor) -> Tensor:
        return quantize.round_half_up(x) if form.quantized else x

    def at_least_1(x: Tensor) -> Tensor:
        return rounded(x).clamp(min=1) if form.quantized else x

    multiplier = rounded(leak * (1 << form.leak_shift))
    if form.of_leak:
        theta = 1 / (1 - multiplier / (1 << form.leak_shift))
    threshold = None
    if theta is not None:
        threshold = (at_least_1 if form.positive else rounded)(theta * deviation)
    return neuron.Constants(
        bias=rounded(bias),
        threshold=threshold,
        multiplier=torch.ones_like(multiplier) if form.ternary else multiplier,
        level=rounded(leak * deviation) if form.ternary else None,
        boundary=at_least_1(deviation / 2) if form.ternary else None,
        width=deviation if form.window else None,
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
