"""Maps and states over time steps: all at once, as they were some steps ago, and from before."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .sums import Sum


@dataclass(frozen=True, kw_only=True, eq=False)
class Past:
    """What a layer's neurons hold from the steps before.

    Attributes
    ----------
    v, i
        (batch, *neuron shape), the stored integers of their potentials and currents; renewed by
        who goes on from them.
    steps
        Of the maps and spikes before that are known.
    """

    v: NDArray[Any]
    i: NDArray[Any]
    steps: int

    def of(self, samples: slice) -> "Past":
        """Return that of some samples, which is seen in the whole."""
        return Past(v=self.v[samples], i=self.i[samples], steps=self.steps)


def every_step(function: Sum, maps: NDArray[Any]) -> NDArray[Any]:
    """Return the sums (steps, batch, …) of maps (steps, batch, …), all at once."""
    sums = function(maps.reshape(-1, *maps.shape[2:]))
    return sums.reshape(*maps.shape[:2], *sums.shape[1:])


def before(maps: NDArray[Any], steps: slice, delay: int) -> NDArray[Any]:
    """Return maps (steps, batch, …) as they were `delay` steps before some steps; at first none."""
    if not delay:
        return maps[steps]
    late = maps[max(steps.start - delay, 0) : max(steps.stop - delay, 0)]
    empty = np.zeros((steps.stop - steps.start - len(late), *maps.shape[1:]), maps.dtype)
    return np.concatenate([empty, late])
