"""Losses over what the readout did."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .network import Network
from .neuron import Activity


def loss(network: Network, activity: Activity, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the recipe's loss, (), and the logits, (batch, classes).

    'cross-entropy' is that of the readout values. 'tet' is, with o the outputs of each step and
    λ the recipe's `tet`, (1 - λ) · mean over steps of CE(o, labels) + λ · mean of (o - 1)²:
    temporal efficient training (Deng et al., ICLR 2022), as SpQuant-SNN uses it.
    """
    recipe = network.recipe
    if recipe.loss == "cross-entropy":
        logits = network.logits(activity)
        return F.cross_entropy(logits, labels, label_smoothing=recipe.smoothing), logits
    outputs = network.every_step(activity)
    entropy = F.cross_entropy(
        outputs.flatten(0, 1), labels.repeat(len(outputs)), label_smoothing=recipe.smoothing
    )
    distance = F.mse_loss(outputs, torch.ones_like(outputs))
    return (1 - recipe.tet) * entropy + recipe.tet * distance, outputs.mean(0)
