"""A network of our layers in a row, as tables have them: what an imported one is trained as."""

from typing import Any

import torch
from torch import Tensor, nn

from .. import neuron
from ..modules import Modules
from .lif import LI
from .neurons import Neurons
from .pools import MaxPool2d, Pool2d, SumPool2d
from .structure import Answer, OwnLayer
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
            acc = synapses(_late(maps[source], synapses.delay))
            total = acc if total is None else total + acc
        assert total is not None
        if self.pool is None:
            return total
        if self.of_sums:
            return torch.as_tensor(self.pool(total))
        rows, columns = (n // k * k for n, k in zip(total.shape[-2:], self.pool.size, strict=True))
        return total[..., :rows, :columns]  # neurons that no window covers do not exist


def _late(maps: Tensor, delay: int) -> Tensor:
    """Return maps (steps, ...) of so many steps before; none is before the first."""
    if not delay:
        return maps
    return torch.cat([torch.zeros_like(maps[:delay]), maps[:-delay]])


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
    answer
        Which layer answers, and how.
    origin
        The tables that it was made of.
    """

    def __init__(self, layers: tuple[OwnLayer, ...], *, steps: int, answer: Answer) -> None:
        super().__init__()
        self.layers = Modules[_Layer]([_Layer(layer) for layer in layers])
        self.steps, self.answer = steps, answer
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
        return {name: (spikes, states[-1]) for name, (spikes, states) in self._run(x).items()}

    def _run(self, x: Tensor) -> dict[str, tuple[Tensor | None, list[neuron.State]]]:
        """Return the same with the states of all steps, where the layer answers by them."""
        maps = {"input": x.to(self.layers[0].neurons.beta.dtype)}
        found: dict[str, tuple[Tensor | None, list[neuron.State]]] = {}
        for layer in self.layers:
            states, spikes = layer.neurons.run(layer.sums(maps))
            if spikes is None:
                behind = torch.zeros((len(states), *states[-1].v.shape)).to(maps["input"])
            else:
                behind = spikes
            if layer.pool is not None and not layer.of_sums:
                behind = layer.pool(behind)
            maps[layer.name] = behind
            all_steps = layer.name == self.answer.layer and self.answer.over != "last"
            found[layer.name] = spikes, [*states] if all_steps else [states[-1]]
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Return the answer, (batch, classes), or (batch, steps, classes) where each step has one.

        Potentials are in units. `x` is (steps, batch, *input shape), integers in the range of the
        tables' input.
        """
        answer = self.answer
        neurons: Neurons | None = None
        spikes, states = self._run(x)[answer.layer]
        if spikes is not None:
            values = spikes.sum(0)
            if answer.kind == "first":
                left = torch.arange(len(spikes), 0, -1).to(spikes)
                left = left.reshape(-1, *(1,) * (spikes.dim() - 1))
                values = (spikes.clamp(max=1) * left).amax(0)
        else:
            neurons = next(e.neurons for e in self.layers if e.name == answer.layer)
            assert isinstance(neurons, LI)
            read = [neurons.whole(state) for state in states]
            if answer.over == "every":
                values = torch.stack(read, 1).flatten(2)
            elif answer.over == "largest":
                values = torch.stack(read).amax(0)
            else:
                values = torch.stack(read).sum(0)
        batch = values.shape[: 2 if answer.over == "every" else 1]
        values = values.reshape(*batch, -1, answer.voters).sum(-1)
        return neurons.in_units(values) if isinstance(neurons, LI) else values
