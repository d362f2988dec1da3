"""What a training method adds to training: phases, a loss of its own, steps between updates."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ...data import DataSet
from ..loss import loss
from ..network import Network
from ..recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Phase:
    """Epochs with one optimizer and one rise and fall of the learning rate.

    Attributes
    ----------
    name
        As shown.
    epochs
        How many.
    learning_rate
        The peak.
    """

    name: str
    epochs: int
    learning_rate: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """What is trained on at once.

    Attributes
    ----------
    x
        Input maps (steps, samples, channels, rows, columns).
    labels
        int64 (samples,), or what `Method.wanted` returns in their place.
    """

    x: Tensor
    labels: Tensor


class Method(nn.Module):
    """Plain training, in one phase; a method overrides what it does otherwise.

    Its parameters are trained with those of the network, and its state is saved with the training,
    but it is no part of the network that results.
    """

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe

    def phases(self) -> tuple[Phase, ...]:
        """Return what follows what."""
        recipe = self.recipe
        return (Phase(name="train", epochs=recipe.epochs, learning_rate=recipe.learning_rate),)

    def enter(self, phase: Phase, network: Network, sample: Batch) -> None:
        """Prepare a phase; `sample` is the first training samples, not augmented."""

    def start(self, phase: Phase, epoch: int, network: Network) -> None:
        """Prepare an epoch of a phase, counted from 0 in it."""
        last = phase.name == self.phases()[-1].name
        network.settle(last and epoch >= round(phase.epochs * (1 - self.recipe.settle)))

    def wanted(self, data: DataSet) -> Tensor:
        """Return what the network should say to each training sample, (samples, ...)."""
        return torch.tensor(data.train_labels)

    def right(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return which samples of a batch count as right, bool (samples,)."""
        return logits.argmax(1) == labels

    def loss(self, phase: Phase, network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the loss, (), and the logits, (samples, classes)."""
        *_, activity = network.activities(batch.x)
        return loss(network, activity, batch.labels)

    def updated(self, phase: Phase, network: Network) -> None:
        """Follow an update of the parameters."""
        network.project()

    def end(self, phase: Phase, epoch: int, network: Network, optimizer: Optimizer) -> None:
        """Follow an epoch of a phase."""
