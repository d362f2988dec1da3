"""What a tensor is, while a network of ours is traced."""

from dataclasses import dataclass, replace
from typing import Literal

from torch import Tensor

from .structure import Pooled
from .synapses import Synapses


class UntracedError(ValueError):
    """A module or a call that tables can't be made of; one line with the way out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Term:
    """Sums of one group of synapses.

    Attributes
    ----------
    synapses
        They.
    source
        'input', a layer, or None where zeros were read before the first step.
    step
        Of the source; None is all of them at once.
    pool
        Of the source's map.
    x
        What of the input was read.
    """

    synapses: Synapses
    source: str | None
    step: int | None = None
    pool: Pooled | None = None
    x: Tensor | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Value:
    """A tensor that depends on the sample.

    Attributes
    ----------
    what
        'input': the sample, and what plain torch makes of it. 'map': a layer's spikes. 'sums': of
        synapses. 'state': what neurons keep. 'answer': anything else, for the output alone.
    layer, step
        Of a map; step None is all of them at once.
    pool
        Over a map or over sums.
    terms
        Of sums.
    how
        What an answer is, with the line that made it.
    """

    what: Literal["input", "map", "sums", "state", "answer"]
    layer: str = ""
    step: int | None = None
    pool: Pooled | None = None
    terms: tuple[Term, ...] = ()
    how: str = ""

    def at(self, step: int) -> "Value":
        """Return what one time step of a map or of sums of all steps is."""
        terms = tuple(
            replace(term, step=step, x=None if term.x is None else term.x[step])
            for term in self.terms
        )
        return replace(self, step=step, terms=terms)

    @property
    def whole(self) -> bool:
        """Whether it is a map, or sums, of all time steps at once."""
        if self.what == "sums":
            return all(term.step is None for term in self.terms if term.source is not None)
        return self.what == "map" and self.step is None

    @property
    def name(self) -> str:
        """What it is, for an error."""
        words = {
            "input": "the sample",
            "map": f"the spikes of {self.layer}",
            "sums": "sums of synapses; put neurons between",
            "state": f"what {self.layer} keeps; read its spikes",
        }
        return words.get(self.what, self.how)
