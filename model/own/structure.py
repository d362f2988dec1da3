"""A network as its layers in order: which synapses each has, from where, and which pool."""

from dataclasses import dataclass
from typing import Literal

from torch import nn

from .neurons import Neurons
from .synapses import Synapses


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """A pool, as `somagate.export.Pool`."""

    kind: Literal["max", "sum"]
    size: tuple[int, int]
    of: Literal["spikes", "sums"] = "spikes"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Which layer answers, and how, as `somagate.export.Readout`."""

    layer: str
    kind: Literal["count", "potential", "first"]
    over: Literal["last", "largest", "sum", "every"] = "last"
    voters: int = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnLayer:
    """Neurons, what they read, and what is read of them.

    Attributes
    ----------
    name
        Unique; letters, digits and underscores.
    synapses
        Each group with its source, 'input' or a layer before; recurrent ones are the neurons' own,
        or have the layer itself as their source.
    neurons
        `LIF` or `LI`.
    pool
        Behind the neurons, or before them, or None.
    """

    name: str
    synapses: tuple[tuple[Synapses, str], ...]
    neurons: Neurons
    pool: Pooled | None = None

    @property
    def groups(self) -> tuple[tuple[Synapses, str], ...]:
        """All synapses with their sources, recurrent ones last."""
        return (*self.synapses, *((group, self.name) for group in self.neurons.recurrent))


def identifiers(net: nn.Module) -> dict[nn.Module, str]:
    """Return each module's name as a layer's: letters, digits and underscores."""
    found: dict[nn.Module, str] = {}
    for path, module in net.named_modules():
        plain = path.replace(".", "_")
        named = plain.isidentifier() and plain.isascii() and plain != "input"
        found[module] = plain if named else f"layer_{plain}" if plain else "layer"
    return found
