"""A layer: synapses, normalization, neurons, pool; trained with the integers that it exports."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import fold, neuron, wiring
from .integers import Integers, from_trained
from .modules import Modules
from .recipe import Conv, Dense, Recipe
from .synapses import Group, Weights, adapt
from .wiring import SourceMap

THETA_MIN = 1 / 16
"""The lowest threshold, in deviations of the channel's input."""

_THETA_TINY = 1e-3
"""The same of a layer without normalization, whose weights have no scale of their own."""
_MOMENTUM = 0.1
_UNSET = -1


class Layer(nn.Module):
    """A layer that maps spikes to spikes, or to potentials where it never fires.

    Parameters
    ----------
    settings
        Its kind and size.
    sources
        The maps before it; the last one is its own.
    recipe
        Widths, leak, reset.
    last
        Whether this is the readout.

    Attributes
    ----------
    groups
        Its synapse groups with weights of their own.
    full, target
        Shapes of the neurons, and of the map behind the pool.
    theta, leak
        The thresholds, (channels,) or (), in deviations; the leak, (). In a layer that isn't
        normalized there is one threshold, on the scale of its weights.
    beta
        The normalization's shift, (channels,), in deviations. The readout is not normalized, and
        its `beta` is a plain bias; other layers without normalization have none.
    rho
        What a spike adds through a shortcut without a convolution, (), in deviations.
    shortcut, shortcut_one
        How far back its source lies, in layers, or None; the source's element that stands for 1.
    mean, variance
        Running statistics of `acc`, (channels,), in accumulator LSBs.
    shift
        Accumulator bits that the stored potential drops; chosen with the first batch.
    mask
        Which channels are kept, (channels,), 0 or 1.
    settled
        Whether training uses the running statistics, and so the integers of the export.
    fused
        What training runs in place of `neuron.run`; None: that itself.
    """

    mean: Tensor
    variance: Tensor
    shift: Tensor
    mask: Tensor

    def __init__(
        self,
        settings: Conv | Dense,
        sources: list[SourceMap],
        recipe: Recipe,
        *,
        last: bool = False,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.recipe = recipe
        self.fires = not (last and recipe.readout == "potential")
        self.bits = settings.state_bits or recipe.state_bits
        if not self.fires:
            self.bits = recipe.readout_bits
        elif recipe.store == "ternary" and self.bits != 2:
            raise ValueError(f"state_bits must be 2 for store 'ternary', not {self.bits}")
        self.normalized = self.fires and recipe.normalize
        self.settled = False
        self.fused: Callable[..., neuron.Activity] | None = None
        self.full = wiring.neurons(settings, sources[-1].shape)
        self.target = wiring.pooled(settings, self.full)
        channels = self.target[0]
        self.groups = Modules[Group](wiring.groups(settings, sources, recipe, last=last))
        for group in self.groups[1:] if not recipe.normalize else ():
            group.follow(self.main)
        self.shortcut = wiring.identity(settings, sources)
        self.shortcut_one = 1 if self.shortcut is None else sources[-self.shortcut].high
        self.register_buffer("shift", torch.tensor(_UNSET))
        self.register_buffer("mask", torch.ones(channels))
        if self.normalized or not self.fires:
            self.beta = nn.Parameter(torch.zeros(channels))
        if self.fires:
            theta = torch.ones(
                channels if recipe.threshold == "channel" and self.normalized else ()
            )
            learned = recipe.threshold in ("channel", "layer")
            self.theta = nn.Parameter(theta, requires_grad=learned)
            leak = torch.tensor(float(recipe.leak))
            self.leak = nn.Parameter(leak, requires_grad=recipe.leak_learned)
        if self.shortcut is not None:
            self.rho = nn.Parameter(torch.ones(()))
        if self.normalized:
            self.register_buffer("mean", torch.zeros(channels))
            self.register_buffer("variance", torch.ones(channels))
        self.project()

    @property
    def main(self) -> Group:
        """The group whose source is the map just before."""
        return self.groups[0]

    @property
    def backs(self) -> list[int]:
        """How far back the sources lie, in the order in which `forward` takes their maps."""
        backs = [group.back for group in self.groups]
        return backs if self.shortcut is None else [*backs, self.shortcut]

    @property
    def high(self) -> int:
        """The largest element of the map behind the pool."""
        return self.settings.area if isinstance(self.settings, Conv) else 1

    def project(self) -> None:
        """Bring the parameters back into their ranges, after an optimizer's step."""
        if self.fires:
            with torch.no_grad():
                self.theta.clamp_(min=THETA_MIN if self.normalized else _THETA_TINY)
                finest = 2.0**-self.recipe.leak_shift
                self.leak.clamp_(0, 1 - finest if self.recipe.threshold == "leak" else 1)

    def adapt(self) -> None:
        """Start to quantize trained float weights."""
        adapt(self.groups)

    def integer_weights(self) -> Weights:
        """Return weights in accumulator LSBs, and the value of one LSB, of each group.

        Weights are integers, but for a float network.
        """
        return [group.integers(self._derived(group.weight)) for group in self.groups]

    def constants(
        self,
        scale: Tensor,
        mean: Tensor | None = None,
        variance: Tensor | None = None,
    ) -> neuron.Constants:
        """Return what the neurons learned, in accumulator LSBs: integers, but for a float network.

        `scale` is the value of one LSB; `mean` and `variance` are of `acc`, (channels,); where
        left out, the running ones.
        """
        if not self.fires:
            return fold.readout(self.recipe, scale, self._derived(self.beta))
        parameters: dict[str, Any] = {
            "theta": self._derived(self.theta), "leak": self._derived(self.leak),
        }  # fmt: skip
        if self.shortcut is not None:
            parameters["rho"] = self._derived(self.rho) / self.shortcut_one
        if not self.normalized:
            return fold.plain(self.recipe, scale, self.target[0], **parameters)
        return fold.normalized(
            self.recipe,
            self._derived(self.mean) if mean is None else mean,
            self._derived(self.variance) if variance is None else variance,
            self._derived(self.beta),
            **parameters,
        )

    def rule(self) -> neuron.TrainingRule:
        """Return the rule of the neurons."""
        recipe = self.recipe
        if not self.fires:
            return neuron.TrainingRule(
                bits=self.bits, shift=max(int(self.shift), 0), reset="none", leak_at="load",
                leak_shift=recipe.readout_shift, quantized=recipe.quantized,
            )  # fmt: skip
        ternary = recipe.store == "ternary"
        return neuron.TrainingRule(
            bits=self.bits,
            shift=max(int(self.shift), 0),
            ternary=ternary,
            reset=recipe.reset,
            mask_negative=recipe.mask_negative,
            leak_at=recipe.leak_at,
            leak_shift=0 if ternary else recipe.leak_shift,
            quantized=recipe.quantized,
            stacked=recipe.store_gradient == "stacked",
            peak=recipe.spike_peak,
            learned=recipe.threshold == "layer",
        )

    @property
    def unit(self) -> int:
        """One stored LSB, in accumulator LSBs."""
        return 1 << max(int(self.shift), 0)

    def scale(self) -> Tensor:
        """Return the value of one accumulator LSB, ()."""
        return self.integer_weights()[0][1]

    def _derived(self, value: Tensor) -> Tensor:
        """In evaluation work in float64, so that every machine rounds to the same integers."""
        return value if self.training else value.double()

    def sums(self, weights: Weights, *maps: Tensor) -> Tensor:
        """Return `acc` of the groups with weights, (steps, batch, channels, ...)."""
        total: Tensor | None = None
        for group, (weight, _), x in zip(self.groups, weights, maps, strict=False):
            acc = group(x, weight.to(x.dtype))
            if len(self.full) == 3:  # neurons that no pool window covers do not exist
                acc = acc[..., : self.full[1], : self.full[2]]
            total = acc if total is None else total + acc
        assert total is not None
        # Some GPU convolutions compute by way of fractions. Sums of integers are integers.
        return total if self.training or not self.recipe.quantized else total.round()

    def neurons(
        self,
        *maps: Tensor,
        record: bool = False,
        mask: Tensor | None = None,
        weights: Weights | None = None,
    ) -> neuron.Activity:
        """Return what the neurons do with their sources' maps (steps, batch, ...).

        `mask`, (steps, batch, channels), multiplies what drives them, as `Layer.mask` does.
        `weights` are `integer_weights` where they are known already.
        """
        weights = self.integer_weights() if weights is None else weights
        acc = self.sums(weights, *maps)
        scale = weights[0][1]
        first = self.training and int(self.shift) == _UNSET
        if self.normalized and self.training and not self.settled:
            mean, variance = fold.moments(acc)
            constants = self.constants(scale, mean, variance)
            with torch.no_grad():
                self.mean.lerp_(mean, 1.0 if first else _MOMENTUM)
                self.variance.lerp_(variance, 1.0 if first else _MOMENTUM)
        else:
            constants = self.constants(scale)
        if first:
            quantized = self.recipe.quantized and not self.rule().ternary
            self.shift.fill_(fold.shift(acc, constants, self.bits) if quantized else 0)
        constants = constants.to(acc.dtype)
        if constants.identity is not None:
            x = maps[-1]
            x = x[..., : self.full[1], : self.full[2]] if x.ndim == 5 else x
            acc = acc + constants.identity.reshape(-1, *[1] * (acc.ndim - 3)) * x
        if not bool(self.mask.all()):
            mask = self.mask if mask is None else self.mask * mask
        if mask is not None:
            mask = mask.to(acc.dtype).reshape(*mask.shape, *[1] * (acc.ndim - 3))
        run = self.fused if self.fused is not None and self.training else neuron.run
        return run(acc, constants, self.rule(), record=record, mask=mask)

    def forward(self, *maps: Tensor) -> Tensor:
        """Return the map behind the pool, or the last potentials where the layer never fires."""
        activity = self.neurons(*maps)
        return activity.last if activity.spikes is None else self.pool(activity.spikes)

    def pool(self, spikes: Tensor) -> Tensor:
        """Return what the next layer sees of `spikes`."""
        if isinstance(self.settings, Dense) or self.settings.pool == 1:
            return spikes
        size, flat = self.settings.pool, spikes.flatten(0, 1)
        if self.settings.pool_kind == "max":
            pooled = F.max_pool2d(flat, size)
        else:
            pooled = F.avg_pool2d(flat, size, divisor_override=1)
        return pooled.reshape(*spikes.shape[:2], *pooled.shape[1:])

    @torch.no_grad()
    def integers(self, weights: Weights | None = None) -> "Integers":
        """Return the very integers that evaluation computes with; see `neurons` for `weights`."""
        if not self.recipe.quantized:
            raise ValueError(
                "layer must be quantized to have integers; it is that of a float network"
            )
        training = self.training
        self.eval()
        weights = self.integer_weights() if weights is None else weights
        constants = self.constants(weights[0][1])
        self.train(training)
        return from_trained([weight for weight, _ in weights], constants, self.mask, self.rule())
