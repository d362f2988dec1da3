"""A layer: synapses, normalization, neurons, pool; trained with the integers that it exports.

One *accumulator LSB* is one step of the weights, so `acc` counts weight integers. Batch
normalization is never computed: its mean and deviation of `acc` are folded into the bias and the
threshold of each channel,

    (acc - mean) / deviation + beta >= theta   where   acc + bias >= threshold,
    bias = beta · deviation - mean,   threshold = theta · deviation,

each rounded to an integer. In training mean and deviation are those of the batch, later the running
ones. A learned scale of the normalization would only stretch beta and theta, so there is none, and
a channel's sign never flips.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from . import neuron, quantize
from .recipe import Conv, Dense, Recipe

THETA_MIN = 1 / 16
"""The lowest threshold, in deviations of the channel's input."""

_MOMENTUM = 0.1
_EPSILON = 1e-5
_UNSET = -1
_GROWTH = 4
"""How much further than in the first batch the potentials of the readout may reach, about."""


class Layer(nn.Module):
    """A layer that maps spikes to spikes, or to potentials where it never fires.

    Parameters
    ----------
    settings
        Its kind and size.
    source
        (channels, rows, columns) or (elements,) of the map before it.
    recipe
        Widths, leak, reset.
    last
        Whether this is the readout.

    Attributes
    ----------
    weight, step
        Float weights; log2 of the value of one weight integer, learned.
    beta, theta, leak
        The normalization's shift and the thresholds, (channels,) each in deviations; the leak, ().
        A layer that never fires is not normalized, and its `beta` is a plain bias.
    mean, variance
        Running statistics of `acc`, (channels,), in accumulator LSBs.
    shift
        Accumulator bits that the stored potential drops. It is chosen with the first batch, such
        that the stored range reaches as far below 0 as the mean threshold lies above; for a layer
        that never fires, such that the potentials have room to grow.
    settled
        Whether training uses the running statistics, and so the integers of the export.
    """

    mean: Tensor
    variance: Tensor
    shift: Tensor

    def __init__(
        self, settings: Conv | Dense, source: tuple[int, ...], recipe: Recipe, *, last: bool = False
    ) -> None:
        super().__init__()
        self.settings = settings
        self.recipe = recipe
        self.fires = not (last and recipe.readout == "potential")
        self.bits = recipe.state_bits if self.fires else recipe.readout_bits
        self.settled = False
        shape: tuple[int, ...]
        if isinstance(settings, Conv):
            channels = settings.channels
            shape = (channels, source[0], settings.kernel, settings.kernel)
            rows, columns = (
                (n + 2 * settings.padding - settings.kernel) // settings.stride + 1
                for n in source[1:]
            )
            self.target: tuple[int, ...] = (
                channels, rows // settings.pool, columns // settings.pool
            )  # fmt: skip
        else:
            channels = settings.neurons
            shape = (channels, math.prod(source))
            self.target = (channels,)
        if min(self.target) < 1:
            raise ValueError(f"{settings} must fit its source {source}, which it does not")
        fan_in = math.prod(shape[1:])
        self.weight = nn.Parameter(torch.randn(shape) / math.sqrt(fan_in))
        step = quantize.STEPS[recipe.weight_bits] / math.sqrt(fan_in)
        self.step = nn.Parameter(torch.tensor(math.log2(step)))
        self.beta = nn.Parameter(torch.zeros(channels))
        self.register_buffer("shift", torch.tensor(_UNSET))
        if self.fires:
            self.theta = nn.Parameter(torch.ones(channels))
            self.leak = nn.Parameter(torch.tensor(float(recipe.leak)))
            self.register_buffer("mean", torch.zeros(channels))
            self.register_buffer("variance", torch.ones(channels))

    def project(self) -> None:
        """Bring the parameters back into their ranges, after an optimizer's step."""
        if self.fires:
            with torch.no_grad():
                self.theta.clamp_(min=THETA_MIN)
                self.leak.clamp_(0, 1)

    def integer_weights(self) -> Tensor:
        """Return the weights in accumulator LSBs: integers, but for a float network."""
        if not self.recipe.quantized:
            return self._derived(self.weight)
        step = torch.exp2(self._derived(self.step))
        return quantize.weights(self._derived(self.weight), step, self.recipe.weight_bits)

    def constants(
        self, mean: Tensor | None = None, variance: Tensor | None = None
    ) -> neuron.Constants:
        """Return what the neurons learned, in accumulator LSBs: integers, but for a float network.

        `mean` and `variance` are of `acc`, (channels,); the running ones where left out.
        """
        rounded = quantize.round_half_up if self.recipe.quantized else lambda x: x
        beta = self._derived(self.beta)
        one = torch.ones((), dtype=beta.dtype)
        if not self.fires:
            if self.recipe.quantized:
                beta = beta / torch.exp2(self._derived(self.step))
            return neuron.Constants(bias=rounded(beta), threshold=None, multiplier=one)
        mean = self._derived(self.mean) if mean is None else mean
        variance = self._derived(self.variance) if variance is None else variance
        deviation = torch.sqrt(variance + _EPSILON)
        threshold = rounded(self._derived(self.theta) * deviation)
        return neuron.Constants(
            bias=rounded(beta * deviation - mean),
            threshold=threshold.clamp(min=1) if self.recipe.quantized else threshold,
            multiplier=rounded(self._derived(self.leak) * (1 << self.recipe.leak_shift)),
        )

    def rule(self) -> neuron.Rule:
        """Return the rule of the neurons."""
        recipe = self.recipe
        return neuron.Rule(
            bits=self.bits,
            shift=max(int(self.shift), 0),
            reset=recipe.reset if self.fires else "none",
            leak_at=recipe.leak_at if self.fires else "load",
            leak_shift=recipe.leak_shift if self.fires else 0,
            quantized=recipe.quantized,
        )

    @property
    def unit(self) -> int:
        """One stored LSB, in accumulator LSBs."""
        return 1 << max(int(self.shift), 0)

    def _derived(self, value: Tensor) -> Tensor:
        """In evaluation work in float64, so that every machine rounds to the same integers."""
        return value if self.training else value.double()

    def synapses(self, x: Tensor) -> Tensor:
        """Return `acc`, (steps, batch, channels, ...), of a map (steps, batch, ...)."""
        weight = self.integer_weights().to(x.dtype)
        if isinstance(self.settings, Dense):
            return F.linear(x.flatten(2), weight)
        acc = F.conv2d(
            x.flatten(0, 1), weight, stride=self.settings.stride, padding=self.settings.padding
        )
        # Neurons that no pool window covers do not exist.
        rows, columns = (self.settings.pool * n for n in self.target[1:])
        return acc[..., :rows, :columns].reshape(*x.shape[:2], -1, rows, columns)

    def neurons(self, x: Tensor, *, record: bool = False) -> neuron.Activity:
        """Return what the neurons do with a map (steps, batch, ...)."""
        acc = self.synapses(x)
        constants = self.constants()
        first = self.training and int(self.shift) == _UNSET
        if self.fires and self.training and not self.settled:
            mean, variance = _moments(acc)
            constants = self.constants(mean, variance)
            with torch.no_grad():
                self.mean.lerp_(mean, 1.0 if first else _MOMENTUM)
                self.variance.lerp_(variance, 1.0 if first else _MOMENTUM)
        if first:
            if constants.threshold is not None:
                shift = round(math.log2(float(constants.threshold.detach().mean())))
            else:
                reached = float(acc.detach().sum(0).abs().max())
                shift = math.ceil(math.log2(max(1.0, _GROWTH * reached)))
            self.shift.fill_(min(max(shift - (self.bits - 1), 0), 15))
        return neuron.run(acc, constants.to(acc.dtype), self.rule(), record=record)

    def forward(self, x: Tensor) -> Tensor:
        """Return the map behind the pool, or the last potentials where the layer never fires."""
        activity = self.neurons(x)
        return activity.last if activity.spikes is None else self.pool(activity.spikes)

    def pool(self, spikes: Tensor) -> Tensor:
        """Return what the next layer sees of `spikes`."""
        if isinstance(self.settings, Dense) or self.settings.pool == 1:
            return spikes
        pooled = F.max_pool2d(spikes.flatten(0, 1), self.settings.pool)
        return pooled.reshape(*spikes.shape[:2], *pooled.shape[1:])

    @torch.no_grad()
    def integers(self) -> "Integers":
        """Return the layer as integers; evaluation computes with these very values."""
        if not self.recipe.quantized:
            raise ValueError(
                "layer must be quantized to have integers; it is that of a float network"
            )
        training = self.training
        self.eval()
        weights, constants = self.integer_weights(), self.constants()
        self.train(training)
        threshold = constants.threshold
        return Integers(
            weights=_int32(weights),
            bias=_int32(constants.bias),
            threshold=None if threshold is None else _int32(threshold),
            multiplier=int(constants.multiplier),
            rule=self.rule(),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Integers:
    """A trained layer, in accumulator LSBs.

    Attributes
    ----------
    weights
        int32, shaped as torch's.
    bias, threshold
        int32 (channels,); the threshold is None where the layer never fires.
    multiplier
        Of the leak.
    rule
        The rest of the neurons' parameters.
    """

    weights: NDArray[np.int32]
    bias: NDArray[np.int32]
    threshold: NDArray[np.int32] | None
    multiplier: int
    rule: neuron.Rule

    def bound(self, high: int) -> int:
        """Return what no intermediate of the update exceeds in magnitude, for inputs 0…`high`."""
        rows = np.abs(self.weights.astype(np.int64)).reshape(len(self.weights), -1).sum(1)
        state = 1 << (self.rule.bits - 1 + self.rule.shift)
        largest = rows.max() * high + np.abs(self.bias).max() + state
        amount = 0 if self.threshold is None else np.abs(self.threshold).max()
        return int(largest + amount) << max(self.rule.leak_shift, 1)


def _moments(acc: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean and the variance of each channel: var_mean, in half the time."""
    flat = acc.reshape(acc.shape[0] * acc.shape[1], acc.shape[2], -1)
    count = flat.shape[0] * flat.shape[2]
    mean = flat.sum((0, 2)) / count
    square = torch.linalg.vecdot(flat, flat).sum(0) / count
    return mean, (square - mean.square()).clamp(min=0)


def _int32(value: Tensor) -> NDArray[np.int32]:
    array: NDArray[np.int32] = value.cpu().numpy().astype(np.int32)
    return array
