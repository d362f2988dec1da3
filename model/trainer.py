"""One training: the network, its method, its optimizer, and epoch after epoch."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from ..data import DataSet
from .augment import augment
from .feed import inputs
from .methods.method import Batch, Phase
from .methods.registry import method
from .network import Network
from .parallel import World
from .recipe import Recipe

STATE_FORMAT = "somagate training state"

_WARMUP = 0.1
_SAMPLE = 256
"""Samples that a phase may be prepared with."""


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """Figures of one epoch: mean loss and accuracy of its batches, in training mode."""

    epoch: int
    loss: float
    accuracy: float


class Trainer:
    """A training between two epochs. Nothing random outlives an epoch.

    Parameters
    ----------
    recipe, data
        What to train, and on what.
    seed
        Of the first weights, the order of the images and their augmentation.
    device
        Where.
    world
        The processes that share the work.

    Attributes
    ----------
    network, method
        What is trained.
    epochs, batches
        Of all phases; of one epoch.
    history
        Figures of every epoch that is over.
    """

    def __init__(
        self, recipe: Recipe, data: DataSet, seed: int, device: torch.device, world: World
    ) -> None:
        self.recipe, self.data, self.seed = recipe, data, seed
        self.device, self.world = device, world
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = Network(recipe, data.shape).to(device)
            self.method = method(recipe, self.network).to(device)
        self.phases = self.method.phases()
        self.wanted = self.method.wanted(data)
        self.optimizer = self._optimizer()
        self.epochs = sum(phase.epochs for phase in self.phases)
        self.batches = math.ceil(len(data.train_labels) / recipe.batch)
        self.history: list[Epoch] = []

    def epoch(self, advance: Callable[[], None]) -> Epoch:
        """Train for an epoch, calling `advance` after every batch; return its figures."""
        network, index = self.network, len(self.history)
        phase, number = self._phase(index)
        network.train()
        self.method.train()
        if number == 0:
            self.method.enter(phase, network, self.sample())
            self.optimizer = self._optimizer()
        self.method.start(phase, number, network)
        generator = torch.Generator().manual_seed((self.seed << 20) + index)
        order = torch.randperm(len(self.data.train_labels), generator=generator)
        loss_sum, right = 0.0, 0
        for count in range(self.batches):
            chosen = order[count * self.recipe.batch : (count + 1) * self.recipe.batch]
            rate = self._rate(phase, number * self.batches + count)
            loss, hits = self._update(phase, chosen, rate, generator)
            loss_sum, right = loss_sum + loss, right + hits
            advance()
        self.method.end(phase, number, network, self.optimizer)
        loss_sum, hits_sum = self.world.total(loss_sum, right)
        samples = len(self.data.train_labels)
        figures = Epoch(epoch=index, loss=loss_sum / samples, accuracy=hits_sum / samples)
        self.history.append(figures)
        return figures

    def _update(
        self, phase: Phase, chosen: Tensor, rate: float, generator: torch.Generator
    ) -> tuple[float, int]:
        """Take a step with this process's part of a batch; return its summed loss and its hits."""
        part = chosen[self.world.rank :: self.world.size]
        weight = len(part) / len(chosen)
        if not len(part):
            part = chosen[:1]  # so that every process takes every step
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        batch = self._batch(part, generator)
        loss, logits = self.method.loss(phase, self.network, batch)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss * (weight * self.world.size))
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        self.world.average(p.grad for p in parameters if p.grad is not None)
        self.optimizer.step()
        self.method.updated(phase, self.network)
        self.world.average([*self.network.buffers(), *self.method.buffers()])
        hits = int(self.method.right(logits, batch.labels).sum()) if weight else 0
        return loss.item() * weight * len(chosen), hits

    def _batch(self, chosen: Tensor, generator: torch.Generator | None) -> Batch:
        images = torch.as_tensor(self.data.train_images[chosen.numpy()]).to(self.device)
        if generator is not None:
            images = augment(images, self.recipe, self.data.maximum, generator)
        labels = self.wanted[chosen].to(self.device)
        return Batch(x=inputs(self.recipe, images, self.data.maximum), labels=labels)

    def sample(self) -> Batch:
        """Return the first training samples, as they are: what a phase is prepared with."""
        return self._batch(torch.arange(min(_SAMPLE, len(self.data.train_labels))), None)

    def _phase(self, index: int) -> tuple[Phase, int]:
        """Return the phase of an epoch, and which of its epochs it is."""
        for phase in self.phases:
            if index < phase.epochs:
                return phase, index
            index -= phase.epochs
        raise IndexError(f"epoch must be below {self.epochs}")

    def _rate(self, phase: Phase, update: int) -> float:
        """Rise linearly to the peak, then fall along a cosine to 0."""
        total = phase.epochs * self.batches
        warm = max(1, round(_WARMUP * total))
        if update < warm:
            return phase.learning_rate * (update + 1) / warm
        fallen = (update - warm) / max(1, total - warm)
        return phase.learning_rate * (1 + math.cos(math.pi * fallen)) / 2

    def _optimizer(self) -> torch.optim.Adam:
        parameters = [*self.network.parameters(), *self.method.parameters()]
        return torch.optim.Adam([p for p in parameters if p.requires_grad])

    def state(self) -> dict[str, Any]:
        """Return all that `restore` needs to go on from here."""
        return {
            "format": STATE_FORMAT,
            "recipe": self.recipe.to_dict(),
            "seed": self.seed,
            "network": self.network.state_dict(),
            "method": self.method.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "history": [asdict(figures) for figures in self.history],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state` returned."""
        self.network.load_state_dict(state["network"])
        self.method.load_state_dict(state["method"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.history = [Epoch(**figures) for figures in state["history"]]
