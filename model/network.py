"""A network: its layers in a row, and the integers that it exports."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .layers import Layer
from .recipe import Dense, Recipe

_EXACT_FLOAT32 = 1 << 24


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
        The last one is the readout.
    """

    def __init__(self, recipe: Recipe, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.recipe = recipe
        self.shape = shape
        target: tuple[int, ...] = shape
        layers = []
        for settings in recipe.layers:
            if len(target) == 1 and not isinstance(settings, Dense):
                raise ValueError(f"Recipe layers must be Dense behind a Dense, not {settings}")
            layers.append(Layer(settings, target, recipe))
            target = layers[-1].target
        layers.append(Layer(Dense(neurons=recipe.classes), target, recipe, last=True))
        self.layers = nn.ModuleList(layers)
        self.gain = nn.Parameter(torch.ones(()))

    def __iter__(self) -> Iterator[Layer]:
        """Iterate over the layers, in order."""
        for layer in self.layers:
            assert isinstance(layer, Layer)
            yield layer

    @property
    def readout(self) -> Layer:
        """The last layer."""
        return list(self)[-1]

    def settle(self, settled: bool) -> None:
        """Freeze the normalization, or let it follow the batches again."""
        for layer in self:
            layer.settled = settled

    def project(self) -> None:
        """Bring the parameters back into their ranges, after an optimizer's step."""
        for layer in self:
            layer.project()

    def forward(self, x: Tensor) -> Tensor:
        """Return the readout values of input maps (steps, batch, channels, rows, columns).

        They are spike counts, or potentials in stored LSBs: (batch, classes).
        """
        if self.recipe.quantized and not self.training:
            x = x.to(self.exact_type())
        for layer in self:
            x = layer(x)
        return x.sum(0) if self.readout.fires else x / self.readout.unit

    def logits(self, x: Tensor) -> Tensor:
        """Return scaled readout values, for the loss; the scale is learned and never exported."""
        values: Tensor = self(x)
        if self.readout.fires:
            return values * (self.gain * (8 / self.recipe.steps))
        if self.recipe.quantized:
            values = values * (torch.exp2(self.readout.step) * self.readout.unit)
        return values * self.gain

    def exact_type(self) -> torch.dtype:
        """Return the smallest float type that holds every integer of the evaluation exactly."""
        bounds = []
        high = self.recipe.input_high
        for layer in self:
            bounds.append(layer.integers().bound(high))
            high = 1
        return torch.float32 if max(bounds) < _EXACT_FLOAT32 else torch.float64

    @torch.no_grad()
    def trace(self, x: Tensor) -> list[LayerTrace]:
        """Return every spike and every stored potential, a layer, in evaluation mode."""
        self.eval()
        x = x.to(self.exact_type())
        traces = []
        for layer in self:
            activity = layer.neurons(x, record=True)
            assert activity.potentials is not None
            silent = torch.zeros_like(activity.potentials)
            spikes = silent if activity.spikes is None else activity.spikes
            traces.append(
                LayerTrace(
                    spikes=spikes.numpy().astype(np.uint8),
                    potentials=activity.potentials.numpy().astype(np.int32),
                )
            )
            x = layer.pool(spikes)
        return traces
