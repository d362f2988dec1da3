"""Attention-guided compression's losses and its ReLU network (arXiv 2107.12445).

Attention maps and their distance follow `szagoruyko/attention-transfer`, `utils.py`. How the paper
weighs its losses, and which layers it compares, was not found: here they are the maps of all
convolutions, with the weights that attention transfer uses.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..network import Network
from ..recipe import Conv
from ..settings import Attention


def relu_network(network: Network, x: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Run a network with its float weights, and with ReLUs in place of the neurons.

    Parameters
    ----------
    network
        Without normalization. Its sum pools are averages here.
    x
        Input maps (steps, samples, channels, rows, columns); their mean over the steps counts,
        on a scale of 0 to 1.

    Returns
    -------
    logits
        (samples, classes).
    maps
        (samples, channels, rows, columns) of each convolution, behind the ReLU, before the pool.
    """
    maps = [x.mean(0) / network.recipe.input_high]
    found: list[Tensor] = []
    for layer in network:
        total = layer.sums([(group.weight, group.weight) for group in layer.groups],
                           *[maps[-back][None] for back in layer.backs])[0]  # fmt: skip
        if layer.shortcut is not None:
            total = total + maps[-layer.shortcut][..., : layer.full[1], : layer.full[2]]
        if layer is network.readout:
            return total + layer.beta, found
        active = F.relu(total)
        if isinstance(layer.settings, Conv):
            found.append(active)
        maps.append(layer.pool(active[None])[0] / layer.high)
    raise AssertionError("a network has a readout")


def attention_map(active: Tensor) -> Tensor:
    """Return Q = vec(mean over channels of A²), of length 1, (samples, rows · columns).

    A is `active`, (samples, channels, rows, columns).
    """
    return F.normalize(active.square().mean(1).flatten(1))


def attention_distance(student: list[Tensor], teacher: list[Tensor]) -> Tensor:
    """Return the sum over layers of the mean of (Q_student - Q_teacher)², ()."""
    distances = [
        (attention_map(one) - attention_map(other)).square().mean()
        for one, other in zip(student, teacher, strict=True)
    ]
    return torch.stack(distances).sum() if distances else torch.zeros(())


def guided_loss(
    settings: Attention,
    labels: Tensor,
    student: tuple[Tensor, list[Tensor]],
    teacher: tuple[Tensor, list[Tensor]],
) -> Tensor:
    """Return (1 - d) · CE + d · τ² · KL(teacher / τ, student / τ) + a · attention distance.

    d is the settings' `distillation`, τ their `temperature`, a their `attention`.
    """
    share, temperature = settings.distillation, settings.temperature
    entropy = F.cross_entropy(student[0], labels)
    divergence = F.kl_div(
        F.log_softmax(student[0] / temperature, 1),
        F.log_softmax(teacher[0] / temperature, 1),
        reduction="batchmean",
        log_target=True,
    )
    distance = attention_distance(student[1], teacher[1])
    return (
        (1 - share) * entropy + share * temperature**2 * divergence + settings.attention * distance
    )


@torch.no_grad()
def convert(network: Network, x: Tensor, settings: Attention) -> None:
    """Make a spiking network of a trained ReLU network: choose its integers and thresholds.

    Layer by layer, the threshold is a percentile of what the neurons receive from the spiking
    layers before them, times a scale, as in DIET-SNN (Rathi and Roy, 2021).

    Parameters
    ----------
    network
        In training mode.
    x
        Input maps (steps, samples, channels, rows, columns) of some samples.
    settings
        Percentile and scale.
    """
    maps = [x]
    for layer in network:
        layer.adapt()
        sources = [maps[-back] for back in layer.backs]
        weights = layer.integer_weights()
        scale = weights[0][1]
        received = layer.sums(weights, *sources) * scale
        if layer.shortcut is not None:
            identity = sources[-1][..., : layer.full[1], : layer.full[2]]
            received = received + identity / layer.shortcut_one
        if layer.fires:
            layer.theta.fill_(percentile(received, settings.percentile) * settings.scale)
            layer.project()
        activity = layer.neurons(*sources)
        if activity.spikes is not None:
            maps.append(layer.pool(activity.spikes))


def percentile(values: Tensor, share: float) -> Tensor:
    """Return the smallest of the numbers that at least `share` percent of them don't exceed, ()."""
    values = values.flatten()
    rank = max(1, min(len(values), -int(-len(values) * share // 100)))
    return values.kthvalue(rank).values
