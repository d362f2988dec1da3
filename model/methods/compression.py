"""Attention-guided compression: a meta-model, a sparse network that it guides, a spiking network.

1. The uncompressed network is trained with ReLUs.
2. The same network with few weights is trained with ReLUs too. Its loss also compares its logits
   and attention maps with those of the first, and its weights move to where they are missed.
3. Its weights are quantized, its ReLUs become spiking neurons, and weights, thresholds and leaks
   are trained together (DIET-SNN). Weights still move until the network is settled.
"""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Optimizer

from ..network import Network
from ..recipe import Recipe
from ..settings import Attention
from . import sparse
from .attention import convert, guided_loss, relu_network
from .method import Batch, Method, Phase


class Compression(Method):
    """The three phases, 'teacher', 'student' and 'spiking'.

    Parameters
    ----------
    recipe
        Its `method` is an `Attention`.
    network
        That is going to be compressed.

    Attributes
    ----------
    teacher
        The uncompressed network.
    """

    teacher: Network

    def __init__(self, recipe: Recipe, network: Network) -> None:
        super().__init__(recipe)
        assert isinstance(recipe.method, Attention)
        self.settings = recipe.method
        self.teacher = Network(replace(recipe, method=None, quantized=False), network.shape)
        self.places: list[tuple[int, int, int]] = []
        for index, layer in enumerate(network):
            for number, back in zip(range(len(layer.groups)), layer.backs, strict=False):
                source = index - back
                channels = network.shape[0] if source < 0 else list(network)[source].target[0]
                if source >= 0 or not self.by_channel:  # nothing makes the input's channels
                    self.places.append((index, number, channels))
        weights = self._weights(network)
        for place, weight, density in zip(self.places, weights, self._first(weights), strict=True):
            mask = sparse.random_mask(weight, density, place[2] if self.by_channel else None)
            self.register_buffer(f"mask_{place[0]}_{place[1]}", mask)

    def _first(self, weights: list[Tensor]) -> list[float]:
        """Return the density of each group at first."""
        if self.by_channel:
            return [self.settings.density] * len(weights)
        sizes = [
            (len(weight), place[2], weight[0].numel() // place[2])
            for weight, place in zip(weights, self.places, strict=True)
        ]
        return sparse.densities(sizes, self.settings.density)

    @property
    def by_channel(self) -> bool:
        """Whether whole channels are pruned."""
        return self.settings.pruned == "channel"

    def phases(self) -> tuple[Phase, ...]:
        """Return the three phases."""
        settings, recipe = self.settings, self.recipe
        slow, rate = recipe.learning_rate, settings.learning_rate
        return (
            Phase(name="teacher", epochs=settings.teacher_epochs, learning_rate=rate),
            Phase(name="student", epochs=settings.student_epochs, learning_rate=rate),
            Phase(name="spiking", epochs=recipe.epochs, learning_rate=slow),
        )

    def enter(self, phase: Phase, network: Network, sample: Batch) -> None:
        """Take the masks into force, or turn ReLUs into neurons."""
        if phase.name == "student":
            self._zero(network)
            for weight, mask in zip(self._weights(network), self._masks(), strict=True):
                # Few weights give sums as large as all did before, so that signals don't fade.
                with torch.no_grad():
                    weight /= mask.mean().sqrt()
        elif phase.name == "spiking":
            convert(network, sample.x, self.settings)

    def start(self, phase: Phase, epoch: int, network: Network) -> None:
        """Prune the channels for good that are of no use, once weights move no more."""
        super().start(phase, epoch, network)
        if phase.name == "spiking" and network.readout.settled:
            for layer, used in zip(network, self.used(network), strict=True):
                layer.mask.copy_(used)

    def loss(self, phase: Phase, network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the phase's loss, and the logits of the network that it trains."""
        if phase.name == "spiking":
            return super().loss(phase, network, batch)
        if phase.name == "teacher":
            logits, _ = relu_network(self.teacher, batch.x)
            return F.cross_entropy(logits, batch.labels), logits
        with torch.no_grad():
            teacher = relu_network(self.teacher, batch.x)
        student = relu_network(network, batch.x)
        return guided_loss(self.settings, batch.labels, student, teacher), student[0]

    def updated(self, phase: Phase, network: Network) -> None:
        """Keep pruned weights at 0."""
        super().updated(phase, network)
        if phase.name != "teacher":
            self._zero(network)

    def end(self, phase: Phase, epoch: int, network: Network, optimizer: Optimizer) -> None:
        """Let weights move."""
        if phase.name == "teacher" or network.readout.settled:
            return
        weights, masks = self._weights(network), self._masks()
        momenta = [sparse.momentum(weight, optimizer) for weight in weights]
        settings = self.settings
        first = settings.exchange if phase.name == "student" else settings.spiking_exchange
        share = sparse.annealed(first, epoch, phase.epochs)
        if self.by_channel:
            channels = [place[2] for place in self.places]
            sparse.exchange_channels(weights, masks, momenta, share, channels)
        else:
            sparse.exchange(weights, masks, momenta, share)

    def used(self, network: Network) -> list[Tensor]:
        """Return which channels of each layer can fire and are read, 0 or 1 each, (channels,).

        Without a positive weight none fires, as there is no bias. All classes are used, and one
        channel of a layer at least.
        """
        found = self.read(network)
        for layer, kept in zip(list(network)[:-1], found, strict=False):
            if layer.shortcut is None:
                weights = [group.weight.flatten(1) for group in layer.groups]
                kept *= torch.stack([(weight > 0).any(1) for weight in weights]).any(0)
            kept[0] += not kept.any()
        return found

    def read(self, network: Network) -> list[Tensor]:
        """Return which channels of each layer another one reads, 0 or 1 each, (channels,)."""
        found = [torch.zeros_like(layer.mask) for layer in network]
        found[-1].fill_(1)
        for (index, number, channels), mask in zip(self.places, self._masks(), strict=True):
            source = index - list(network)[index].backs[number]
            if source >= 0:
                found[source] += sparse.by_channel(mask, channels)
        for index, layer in enumerate(network):
            if layer.shortcut is not None and index >= layer.shortcut:
                found[index - layer.shortcut].fill_(1)
        return [read.clamp(max=1).ceil() for read in found]

    def _weights(self, network: Network) -> list[Tensor]:
        layers = list(network)
        return [layers[i].groups[n].weight for i, n, _ in self.places]

    def _masks(self) -> list[Tensor]:
        return [self.get_buffer(f"mask_{i}_{n}") for i, n, _ in self.places]

    @torch.no_grad()
    def _zero(self, network: Network) -> None:
        for weight, mask in zip(self._weights(network), self._masks(), strict=True):
            weight.mul_(mask)
