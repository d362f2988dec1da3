"""The networks of a recipe as users of other libraries write them, for the benchmark of training.

All have the neuron of a float network of ours with reset 'zero' and the leak at 'load': u is the
input plus leak · v, a spike where u reaches 1, and v is u, or 0 after a spike. Where that network
normalizes, they have a batch normalization whose scale takes the place of the threshold.
"""

import importlib
from collections.abc import Callable
from typing import Any

import torch
from somagate.model.fold import EPSILON
from somagate.model.network import Network
from somagate.model.recipe import Conv, Recipe
from torch import Tensor, nn

Stage = tuple[Any, Any, Any, Any]
"""Weights, normalization, neurons and pool of a layer: modules of a library without types, or None.

Only the weights are always there.
"""


class Missing(Exception):
    """A library is not installed; the text names it."""


def library(name: str, *modules: str) -> list[Any]:
    """Return modules of a library.

    Raises
    ------
    Missing
        Where it is not installed.
    """
    try:
        return [importlib.import_module(f"{name}{module}") for module in modules]
    except ImportError as error:
        raise Missing(f"{name} is not measured: {error}") from error


def stages(recipe: Recipe, shape: tuple[int, int, int], layer: Any, lif: Any) -> list[Stage]:
    """Return the layers of a recipe, of the modules that `layer` has and neurons that `lif` makes.

    The last one has neurons where the recipe counts their spikes, otherwise a bias.
    """
    found: list[Stage] = []
    channels, rows, columns = shape
    for settings in recipe.layers:
        norm, pool = None, None
        if isinstance(settings, Conv):
            weights = layer.Conv2d(
                channels, settings.channels, settings.kernel, padding=settings.padding, bias=False
            )
            norm = layer.BatchNorm2d(settings.channels) if recipe.normalize else None
            pool = layer.MaxPool2d(settings.pool) if settings.pool > 1 else None
            channels = settings.channels
            rows, columns = rows // settings.pool, columns // settings.pool
        else:
            weights = layer.Linear(channels * rows * columns, settings.neurons, bias=False)
            channels, rows, columns = settings.neurons, 1, 1
        found.append((weights, norm, lif(), pool))
    fires = recipe.readout == "count"
    last = layer.Linear(channels * rows * columns, recipe.classes, bias=not fires)
    return [*found, (last, None, lif() if fires else None, None)]


class SnnTorch(nn.Module):
    """A loop over time, as in the tutorials."""

    def __init__(self, recipe: Recipe, shape: tuple[int, int, int]) -> None:
        super().__init__()
        (snn,) = library("snntorch", "")

        def lif() -> nn.Module:
            neuron: nn.Module = snn.Leaky(beta=recipe.leak, reset_mechanism="zero")
            return neuron

        self.stages = stages(recipe, shape, nn, lif)
        self.parts = nn.ModuleList(p for stage in self.stages for p in stage if p is not None)

    def forward(self, x: Tensor) -> Tensor:
        """Return (steps, batch, classes): spikes, or what the last weights yield."""
        potentials = [lif.reset_mem() if lif else None for _, _, lif, _ in self.stages]
        outputs = []
        for step in range(len(x)):
            y = x[step]
            for index, (weights, norm, lif, pool) in enumerate(self.stages):
                y = weights(y.flatten(1) if isinstance(weights, nn.Linear) else y)
                y = y if norm is None else norm(y)
                if lif is not None:
                    y, potentials[index] = lif(y, potentials[index])
                y = y if pool is None else pool(y)
            outputs.append(y)
        return torch.stack(outputs)


class SpikingJelly(nn.Module):
    """Layer by layer over all steps: `step_mode='m'`."""

    def __init__(self, recipe: Recipe, shape: tuple[int, int, int]) -> None:
        super().__init__()
        names = ("functional", "layer", "neuron", "surrogate")
        functional, layer, neuron, surrogate = library(
            "spikingjelly", *(f".activation_based.{name}" for name in names)
        )

        def lif() -> nn.Module:
            node: nn.Module = neuron.LIFNode(
                tau=1 / (1 - recipe.leak), decay_input=False,
                surrogate_function=surrogate.ATan(),
            )  # fmt: skip
            return node

        self.stages = stages(recipe, shape, layer, lif)
        parts: list[nn.Module] = []
        for weights, *others in self.stages:
            if isinstance(weights, nn.Linear):
                parts.append(layer.Flatten())
            parts += [part for part in (weights, *others) if part is not None]
        self.parts = nn.Sequential(*parts)
        functional.set_step_mode(self, "m")
        self.forget: Callable[[nn.Module], None] = functional.reset_net

    def forward(self, x: Tensor) -> Tensor:
        """Return (steps, batch, classes): spikes, or what the last weights yield."""
        self.forget(self)
        y: Tensor = self.parts(x)
        return y


def take(ours: Network, theirs: SnnTorch | SpikingJelly) -> None:
    """Copy what `ours`, a float network, has learned, so that both spike alike in evaluation."""
    one = ours.recipe.input_high  # theirs sees inputs of at most 1
    with torch.no_grad():
        for layer, (weights, norm, _, _) in zip(ours, theirs.stages, strict=True):
            weights.weight.copy_(layer.main.weight)
            if not layer.fires:
                weights.bias.copy_(layer.beta)
            if norm is not None:
                norm.weight.copy_(1 / layer.theta)
                norm.bias.copy_(layer.beta / layer.theta)
                norm.running_mean.copy_(layer.mean / one)
                norm.running_var.copy_(layer.variance / one**2)
                norm.eps = EPSILON / one**2
            one = 1


def spikes(network: nn.Module, x: Tensor) -> list[Tensor]:
    """Return the spikes of every layer that fires, (steps, batch, ...) each, in evaluation."""
    network.eval()
    with torch.no_grad():
        if isinstance(network, Network):
            found = [activity.spikes for activity in network.activities(x)]
            return [spikes for spikes in found if spikes is not None]
        assert isinstance(network, SnnTorch | SpikingJelly)
        seen: list[list[Tensor]] = []
        hooks = []
        for _, _, lif, _ in network.stages:
            if lif is not None:
                seen.append([])

                def hook(_: Any, __: Any, out: Any, kept: list[Tensor] = seen[-1]) -> None:
                    kept.append(out[0] if isinstance(out, tuple) else out)

                hooks.append(lif.register_forward_hook(hook))
        network(x)
        for handle in hooks:
            handle.remove()
    return [torch.stack(kept) if isinstance(network, SnnTorch) else kept[0] for kept in seen]
