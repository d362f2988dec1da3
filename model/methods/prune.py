"""Channel pruning of SpQuant-SNN: dynamic masks while training, static ones in the tables.

While training, a predictor in front of each pruned layer says which of the layer's channels matter
for a sample in a step; the others aren't driven. Predictors learn what the layer itself shows: the
fewest channels whose peaks hold most of the whole (the target of FTWT, Elkerdawy et al., CVPR
2022, which the authors' `models/layer.py` derives from). Tables have no predictors. So the rates
at which they keep channels are distilled: a channel that is rarely kept goes for good, and with it
one whose stored potential is mostly negative, which would seldom fire: the membrane prior.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..layers import Layer
from ..loss import loss
from ..network import Network
from ..neuron import Activity
from ..recipe import Conv, Recipe
from ..settings import Prune
from .method import Batch, Method, Phase

_MOMENTUM = 0.05
_FIRST_BIAS = 2.0
"""Predictors start by keeping every channel."""


class Predictor(nn.Module):
    """Scores a layer's channels by the map before it.

    The map's mean over rows and columns goes through a softmax over channels and a linear layer, as
    in the authors' code, whose predictors see a quarter of the channels; these see all.

    Attributes
    ----------
    rate
        How often a channel was kept lately, (channels,).
    potential
        Its mean stored potential lately, (channels,), in levels.
    """

    rate: Tensor
    potential: Tensor

    def __init__(self, sources: int, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(sources, channels)
        nn.init.constant_(self.linear.bias, _FIRST_BIAS)
        self.register_buffer("rate", torch.ones(channels))
        self.register_buffer("potential", torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (steps, samples, channels) of a map (steps, samples, channels, ...)."""
        mean: Tensor = x.detach().flatten(3).mean(-1) if x.ndim > 3 else x.detach()
        scores: Tensor = self.linear(mean.softmax(-1))
        return scores


def target(currents: Tensor, mass: float) -> Tensor:
    """Return the fewest channels that hold a share of the whole, 0 or 1 each.

    Parameters
    ----------
    currents
        (steps, samples, channels, rows, columns). A channel's part is its largest magnitude.
    mass
        That share, 0…1.

    Returns
    -------
    Tensor (steps, samples, channels).
    """
    peaks = currents.abs().flatten(3).amax(-1)
    share = peaks / peaks.sum(-1, keepdim=True).clamp(min=1e-12)
    falling, order = share.sort(-1, descending=True)
    before = falling.cumsum(-1) - falling
    return torch.zeros_like(share).scatter(-1, order, (before < mass).to(share.dtype))


class Pruning(Method):
    """Training with dynamic masks, then with static ones.

    Parameters
    ----------
    recipe
        Its `method` is a `Prune`.
    network
        That is going to be pruned.
    """

    def __init__(self, recipe: Recipe, network: Network) -> None:
        super().__init__(recipe)
        assert isinstance(recipe.method, Prune)
        self.settings = recipe.method
        sources = network.shape[0]
        predictors = {}
        for index, layer in enumerate(network):
            if isinstance(layer.settings, Conv):
                predictors[str(index)] = Predictor(sources, layer.target[0])
            sources = layer.target[0]
        self.predictors = nn.ModuleDict(predictors)

    def phases(self) -> tuple[Phase, ...]:
        """Return dynamic and static masks."""
        rate = self.recipe.learning_rate
        return (
            Phase(name="dynamic", epochs=self.settings.epochs, learning_rate=rate),
            Phase(name="static", epochs=self.recipe.epochs, learning_rate=rate),
        )

    def enter(self, phase: Phase, network: Network, sample: Batch) -> None:
        """Distil the static masks."""
        if phase.name == "static":
            for layer, predictor in self._pairs(network):
                layer.mask.copy_(self.kept(predictor))

    def kept(self, predictor: Predictor) -> Tensor:
        """Return the channels that stay, bool (channels,): one at least."""
        kept = (predictor.rate >= self.settings.rate) & (
            predictor.potential >= -self.settings.negative
        )
        if not kept.any():
            kept[predictor.rate.argmax()] = True
        return kept

    def loss(self, phase: Phase, network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the recipe's loss, with the predictors' in the first phase."""
        if phase.name == "static":
            return super().loss(phase, network, batch)
        scores: dict[int, Tensor] = {}

        def mask(index: int, x: Tensor) -> Tensor | None:
            if str(index) not in self.predictors:
                return None
            scores[index] = self.predictors[str(index)](x)
            return (scores[index].detach() > 0).to(x.dtype)

        errors = []
        for index, activity in enumerate(network.activities(batch.x, mask=mask)):
            if index in scores:
                layer = list(network)[index]
                errors.append(self._follow(index, layer, activity, scores[index]))
        total, logits = loss(network, activity, batch.labels)
        return total + self.settings.weight * torch.stack(errors).mean(), logits

    def _follow(self, index: int, layer: Layer, activity: Activity, scores: Tensor) -> Tensor:
        """Return a predictor's error, and let its statistics follow."""
        predictor = self.predictors[str(index)]
        assert isinstance(predictor, Predictor)
        with torch.no_grad():
            # A channel's gain, which normalization usually has, is the inverse of its threshold.
            deviation = layer.variance.clamp(min=1e-5).sqrt()
            gained = activity.currents / (deviation * layer.theta).reshape(-1, 1, 1)
            wanted = target(gained, self.settings.mass)
            predictor.rate.lerp_((scores > 0).float().mean((0, 1)), _MOMENTUM)
            level = 1.0 if layer.rule().ternary else deviation
            predictor.potential.lerp_(activity.last.mean((0, 2, 3)) / level, _MOMENTUM)
        return F.binary_cross_entropy_with_logits(scores, wanted)

    def _pairs(self, network: Network) -> Iterator[tuple[Layer, Predictor]]:
        for index, layer in enumerate(network):
            if str(index) in self.predictors:
                predictor = self.predictors[str(index)]
                assert isinstance(predictor, Predictor)
                yield layer, predictor
