"""What a run cost: cycles a sample, cycles a layer, and how many of them added something useful."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .order import Observations
from .scenario import Record


@dataclass(frozen=True, kw_only=True)
class LayerCost:
    """One layer's share of a run.

    Attributes
    ----------
    name
        Of the layer.
    cycles
        From the observation before to the layer's own, over all of its observations; the first of
        a sample counts from its first input word, or from the sample before if that came later.
    additions
        That gathering the events takes; see `somagate.sim.activity.additions`.
    lanes
        Additions the array can do in a cycle.
    """

    name: str
    cycles: int
    additions: int
    lanes: int

    @property
    def efficiency(self) -> float:
        """Useful additions a lane and cycle, at most 1."""
        return self.additions / (self.cycles * self.lanes) if self.cycles else 0.0


def sample_cycles(record: Record, words: int, classes: int) -> tuple[int, ...]:
    """Return each complete sample's cycles, from its first input word to its last output.

    Samples are sent back to back, so the first word of one may wait inside for the sample before.
    """
    last = record.output_cycles[classes - 1 :: classes]
    first = record.accepted[::words][: len(last)]
    return tuple(int(cycles) for cycles in last - first + 1)


def layer_cycles(record: Record, seen: Observations, words: int, layers: int) -> NDArray[np.int64]:
    """Return each layer's cycles, (layers,); see `LayerCost`."""
    times = record.observe_cycles
    if not len(times) or not len(record.accepted):
        return np.zeros(layers, np.int64)
    before = np.concatenate([[-1], times[:-1]])
    begins = np.flatnonzero(np.diff(seen.sample, prepend=-1))
    first = np.minimum(seen.sample[begins] * words, len(record.accepted) - 1)
    starts = record.accepted[first] - 1
    before[begins] = np.maximum(before[begins], starts)
    known = seen.layer < layers
    total = np.bincount(seen.layer[known], (times - before)[known], layers)
    return total.astype(np.int64)
