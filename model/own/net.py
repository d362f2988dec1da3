"""A network of our layers in a row, as tables have them: what an imported one is trained as."""

from typing import Any

import torch
from torch import Tensor, nn

from .. import neuron
from ..modules import Modules
from .lif import LI
from .neurons import Neurons
from .pools import MaxPool2d, Pool2d, SumPool2d
from .structure import OwnLayer
from .synapses import Synapses


class _Layer(nn.Module):
    """Synapses, neurons and a pool."""

    def __init__(self, layer: OwnLayer) -> None:
        super().__init__()
        self.name = layer.name
        self.sources = tuple(source for _, source in layer.synapses)
        self.synapses = Modules[Synapses]([group for group, _ in layer.synapses])
        self.neurons = layer.neurons
        self.pool: Pool2d | None = None
        self.of_sums = layer.pool is not None and layer.pool.of == "sums"
        if layer.pool is not None:
            kind = MaxPool2d if layer.pool.kind == "max" else SumPool2d
            self.pool = kind(layer.pool.size)
        self.record = layer

    def sums(self, maps: dict[str, Tensor]) -> Tensor:
        """Return what the neurons read, (steps, batch, channels, ...)."""
        total: Tensor | None = None
        for synapses, source in zip(self.synapses, self.sources, strict=True):
            acc = synapses(maps[source])
            total = acc if total is None else total + acc
        assert total is not None
        if self.pool is None:
            return total
        if self.of_sums:
            return torch.as_tensor(self.pool(total))
        rows, columns = (n // k * k for n, k in zip(total.shape[-2:], self.pool.size, strict=True))
        return total[..., :rows, :columns]  # neurons that no window covers do not exist


class LayerNet(nn.Module):
    """Layers in the order of execution; `somagate.to_torch` makes it of tables.

    In evaluation it fires exactly as golden does with the tables that `somagate.from_torch` makes
    of it. All in it is trained: weights, thresholds, biases and leaks.

    Attributes
    ----------
    layers
        One a layer of the tables, with `synapses`, `neurons` and `pool`.
    steps
        Time steps of an inference.
    readout
        The layer that answers.
    origin
        The tables that it was made of.
    """

    def __init__(self, layers: tuple[OwnLayer, ...], *, steps: int, readout: str) -> None:
        super().__init__()
        self.layers = Modules[_Layer]([_Layer(layer) for layer in layers])
        self.steps, self.readout = steps, readout
        self.origin: Any = None

    @property
    def structure(self) -> tuple[OwnLayer, ...]:
        """The layers as records."""
        return tuple(layer.record for layer in self.layers)

    def activities(self, x: Tensor) -> dict[str, tuple[Tensor | None, neuron.State]]:
        """Return the spikes of each layer, or None where it never fires, and its last state.

        Parameters
        ----------
        x
            (steps, batch, *input shape), integers in the range of the tables' input.
        """
        maps = {"input": x.to(self.layers[0].neurons.beta.dtype)}
        found: dict[str, tuple[Tensor | None, neuron.State]] = {}
        for layer in self.layers:
            states, spikes = layer.neurons.run(layer.sums(maps))
            if spikes is None:
                behind = torch.zeros((len(states), *states[-1].v.shape)).to(maps["input"])
            else:
                behind = spikes
            if layer.pool is not None and not layer.of_sums:
                behind = layer.pool(behind)
            maps[layer.name] = behind
            found[layer.name] = spikes, states[-1]
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, classes): spikes of all steps, or last potentials in units.

        `x` is (steps, batch, *input shape), integers in the range of the tables' input.
        """
        spikes, state = self.activities(x)[self.readout]
        if spikes is not None:
            return spikes.sum(0).flatten(1)
        neurons: Neurons = next(each.neurons for each in self.layers if each.name == self.readout)
        assert isinstance(neurons, LI)
        return neurons.read(state).flatten(1)
