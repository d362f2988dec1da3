"""How a network answers."""

from dataclasses import dataclass
from typing import Literal

from ..checks.arguments import choice, identifier, integer
from .layer import Layer
from .neuron import Neuron
from .synapse import Shape
from .widths import signed_bits


@dataclass(frozen=True, kw_only=True)
class Readout:
    """The network's answer: one value a class, and the class of the largest, lowest index first.

    Attributes
    ----------
    layer
        Whose neurons are the classes: (neurons,) or (channels, 1, 1), without a pool of spikes.
    kind
        'count': spikes over all steps. 'first': how many steps were left, the current one counted,
        when the neuron spiked first, and 0 where it never did, so that the first one wins.
        'potential': what a layer that never fires has stored.
    over
        Which of the steps' potentials: the 'last', the 'largest', their 'sum', or 'every' one, an
        answer a step. 'last' for the other kinds.
    voters
        Neurons a class, next to each other, whose values are added up.
    """

    layer: str
    kind: Literal["count", "potential", "first"] = "count"
    over: Literal["last", "largest", "sum", "every"] = "last"
    voters: int = 1

    def __post_init__(self) -> None:
        identifier("Readout layer", self.layer)
        choice("Readout kind", self.kind, ("count", "potential", "first"))
        choice("Readout over", self.over, ("last", "largest", "sum", "every"))
        object.__setattr__(self, "voters", integer("Readout voters", self.voters, 1, 65535))
        if self.over != "last" and self.kind != "potential":
            raise ValueError(
                f"Readout over must be 'last' for kind {self.kind!r}, not {self.over!r}; only "
                "potentials are taken over time"
            )
        if self.voters > 1 and self.kind == "first":
            raise ValueError(f"Readout voters must be 1 for kind 'first', not {self.voters}")

    def check(self, layer: Layer, shape: Shape, steps: int) -> None:
        """Raise `ValueError` where a layer can't answer like this.

        Parameters
        ----------
        layer, shape
            The one called `layer`, and the shape of its neurons.
        steps
            Time steps of an inference.
        """
        if shape[1:] not in ((), (1, 1)) or layer.spike_pool:
            raise ValueError(
                f"Readout layer {layer.name} must be (neurons,) or (channels, 1, 1) without a "
                f"pool, not {shape}{' with a pool' if layer.spike_pool else ''}; add a dense layer"
            )
        fires = layer.neuron.threshold is not None
        if self.kind != "potential" and not fires:
            raise ValueError(
                f"Readout kind must be 'potential' for layer {layer.name}, which never fires, "
                f"not {self.kind!r}"
            )
        if self.kind == "potential" and fires:
            raise ValueError(
                f"Readout kind must be 'count' for layer {layer.name}, which fires, not 'potential'"
            )
        if shape[0] % self.voters:
            raise ValueError(
                f"Readout voters must divide the {shape[0]} neurons of layer {layer.name}, "
                f"not be {self.voters}"
            )
        if (bits := self.bits(layer.neuron, steps)) > 32:
            raise ValueError(
                f"Readout values must fit in 32 bits, not need {bits}; take fewer steps or voters"
            )

    def neuron_bits(self, neuron: Neuron, steps: int) -> int:
        """Return the width of what is known of one neuron, two's complement."""
        if self.kind == "count":
            return signed_bits(0, steps * neuron.most_spikes)
        if self.kind == "first":
            return signed_bits(0, steps)
        times = steps if self.over == "sum" else 1
        return signed_bits(times * neuron.store.low, times * neuron.store.high)

    def bits(self, neuron: Neuron, steps: int) -> int:
        """Return the width of a class's value, two's complement."""
        half = 1 << (self.neuron_bits(neuron, steps) - 1)
        return signed_bits(-self.voters * half, self.voters * (half - 1))
