"""A network: its layers in a row, and the integers that it exports."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .layers import Layer
from .modules import Modules
from .neuron import Activity, run
from .recipe import Dense, Recipe
from .synapses import Weights
from .wiring import SourceMap

_EXACT_FLOAT32 = 1 << 24

Mask = Callable[[int, Tensor], Tensor | None]
"""From a layer's index and its source map: what its neurons' drive is multiplied by, (steps, batch,
channels), or None."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerTrace:
    """What the neurons of one layer did.

    Attributes
    ----------
    spikes
        uint8 (steps, samples, channels, ...), before the pool; all 0 where the layer never fires.
    potentials
        The stored integers, int32 of the same shape.
    """

    spikes: NDArray[np.uint8]
    potentials: NDArray[np.int32]


class Network(nn.Module):
    """Spiking layers and a readout.

    In training mode it is differentiable; in evaluation mode a quantized network computes the
    integer rule that `somagate.sim.golden` defines, and both agree on every spike and potential.

    Parameters
    ----------
    recipe
        What to build.
    shape
        (channels, rows, columns) of the input.

    Attributes
    ----------
    layers
        The last one is the readout, or for 'vote' the layer whose neurons vote.
    """

    def __init__(self, recipe: Recipe, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.recipe = recipe
        self.shape = shape
        sources = [SourceMap(shape=shape, high=recipe.input_high)]
        layers: list[Layer] = []

        def add(layer: Layer) -> None:
            layers.append(layer)
            sources.append(SourceMap(shape=layer.target, high=layer.high))

        for settings in recipe.layers:
            if len(sources[-1].shape) == 1 and not isinstance(settings, Dense):
                raise ValueError(f"Recipe layers must be Dense behind a Dense, not {settings}")
            add(Layer(settings, sources, recipe))
        voters = recipe.voters if recipe.readout == "vote" else 1
        add(Layer(Dense(neurons=recipe.classes * voters), sources, recipe, last=True))
        self.layers = Modules[Layer](layers)
        self.gain = nn.Parameter(torch.ones(()))
        self.settle(False)

    def __iter__(self) -> Iterator[Layer]:
        """Iterate over the layers, in order."""
        return iter(self.layers)

    @property
    def readout(self) -> Layer:
        """The last layer."""
        return list(self)[-1]

    def settle(self, settled: bool) -> None:
        """Freeze the normalization, or let it follow the batches again."""
        mixed = self.recipe.precision == "bfloat16" and not settled
        for layer in self:
            layer.settled = settled
            for group in layer.groups:
                group.mixed = mixed

    def project(self) -> None:
        """Bring the parameters back into their ranges, after an optimizer's step."""
        for layer in self:
            layer.project()

    def fuse(self, backend: str = "inductor") -> None:
        """Compile the neurons of every layer for training; the first batch then takes minutes."""
        torch._dynamo.config.recompile_limit = max(64, 4 * len(self.layers))
        fused = torch.compile(run, backend=backend, dynamic=False)
        for layer in self:
            layer.fused = fused

    def activities(
        self,
        x: Tensor,
        *,
        record: bool = False,
        mask: Mask | None = None,
        weights: Sequence[Weights | None] | None = None,
    ) -> Iterator[Activity]:
        """Run the layers on input maps (steps, batch, channels, rows, columns), one by one.

        `weights` are those of each layer where they are known already.
        """
        known = [None] * len(self.layers) if weights is None else weights
        maps = [x]
        for index, layer in enumerate(self):
            sources = [maps[-back] for back in layer.backs]
            chosen = None if mask is None else mask(index, sources[0])
            activity = layer.neurons(*sources, record=record, mask=chosen, weights=known[index])
            if activity.spikes is not None:
                maps.append(layer.pool(activity.spikes))
            yield activity

    def forward(self, x: Tensor) -> Tensor:
        """Return the readout values of input maps (steps, batch, channels, rows, columns).

        They are spike counts, or potentials in stored LSBs: (batch, classes).
        """
        weights = None
        if self.recipe.quantized and not self.training:
            weights = self.integer_weights()
            x = x.to(self.exact_type(weights))
        *_, activity = self.activities(x, weights=weights)
        return self.values(activity)

    def integer_weights(self) -> list[Weights]:
        """Return each layer's."""
        return [layer.integer_weights() for layer in self]

    def values(self, activity: Activity) -> Tensor:
        """Return the readout values, (batch, classes), of what the last layer did."""
        if activity.spikes is None:
            return activity.last / self.readout.unit
        return self._voted(activity.spikes.sum(0))

    def logits(self, activity: Activity) -> Tensor:
        """Return scaled readout values, for the loss; the scale is learned and never exported."""
        if activity.spikes is not None:
            return self.values(activity) * (self.gain * (8 / self._most))
        return activity.last * (self.readout.scale() * self.gain)

    @property
    def lsb(self) -> float:
        """What one stored LSB of the readout stands for: values · lsb are the logits."""
        if self.readout.fires:
            return float(self.gain.detach()) * 8 / self._most
        return float((self.readout.scale() * self.gain).detach()) * self.readout.unit

    def every_step(self, activity: Activity) -> Tensor:
        """Return (steps, batch, classes) whose mean over the steps is that of the logits.

        A never-firing layer's are its currents: without the rounding and saturation of its store.
        """
        steps = len(activity.currents)
        if activity.spikes is not None:
            return self._voted(activity.spikes) * (self.gain * (8 * steps / self._most))
        return activity.currents * (self.readout.scale() * self.gain * steps)

    @property
    def _most(self) -> int:
        """The most spikes that a class can have."""
        return self.recipe.steps * (self.recipe.voters if self.recipe.readout == "vote" else 1)

    def _voted(self, spikes: Tensor) -> Tensor:
        if self.recipe.readout != "vote":
            return spikes
        return spikes.reshape(*spikes.shape[:-1], -1, self.recipe.voters).sum(-1)

    def exact_type(self, weights: Sequence[Weights]) -> torch.dtype:
        """Return the smallest float type that holds every integer of the evaluation exactly.

        `weights` are each layer's `integer_weights`, in evaluation.
        """
        bounds = []
        highs = [self.recipe.input_high]
        for layer, known in zip(self, weights, strict=True):
            bounds.append(layer.integers(known).bound(*[highs[-back] for back in layer.backs]))
            highs.append(layer.high)
        return torch.float32 if max(bounds) < _EXACT_FLOAT32 else torch.float64

    @torch.no_grad()
    def trace(self, x: Tensor) -> list[LayerTrace]:
        """Return every spike and every stored potential, a layer of the tables, in evaluation."""
        self.eval()
        traces = []
        weights = self.integer_weights()
        x = x.to(self.exact_type(weights))
        for activity in self.activities(x, record=True, weights=weights):
            potentials = activity.potentials
            assert potentials is not None
            spikes = torch.zeros_like(potentials) if activity.spikes is None else activity.spikes
            traces.append(_trace(spikes, potentials))
        if self.recipe.readout == "vote":
            counts = self._voted(spikes).cumsum(0)
            traces.append(_trace(torch.zeros_like(counts), counts))
        return traces


def _trace(spikes: Tensor, potentials: Tensor) -> LayerTrace:
    return LayerTrace(
        spikes=spikes.cpu().numpy().astype(np.uint8),
        potentials=potentials.cpu().numpy().astype(np.int32),
    )
