"""What a run cost: cycles a sample, cycles a layer, and how many of them added something useful."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..export.layer import Layer
from ..export.synapse import Convolution, Dense, SynapseGroup
from ..export.tables import Tables
from .golden import pooled
from .order import Observations
from .scenario import Record
from .trace import Trace


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
        Weights that golden adds: one for each set activation bit and each neuron it reaches.
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
    if not len(times):
        return np.zeros(layers, np.int64)
    before = np.concatenate([[-1], times[:-1]])
    begins = np.flatnonzero(np.diff(seen.sample, prepend=-1))
    starts = record.accepted[seen.sample[begins] * words] - 1
    before[begins] = np.maximum(before[begins], starts)
    known = seen.layer < layers
    total = np.bincount(seen.layer[known], (times - before)[known], layers)
    return total.astype(np.int64)


def additions(tables: Tables, x: NDArray[np.integer], golden: Trace) -> dict[str, int]:
    """Count the useful additions of each layer, over all steps and samples of a trace."""
    maps = {"input": x} | {
        layer.name: pooled(layer.pool, golden.spikes[layer.name]) for layer in tables.layers
    }
    found = {}
    for layer in tables.layers:
        found[layer.name] = 0
        for group in layer.synapses:
            source = maps[group.source]
            if group.source == layer.name:
                source = source[:-1]
            mask = (1 << tables.activation(group.source).bits) - 1
            bits = np.bitwise_count(source.astype(np.uint8) & np.uint8(mask))
            events = bits.sum((0, 1), dtype=np.int64)
            found[layer.name] += int((events * fan_out(tables, layer, group)).sum())
    return found


def fan_out(tables: Tables, layer: Layer, group: SynapseGroup) -> NDArray[np.int64]:
    """Return how many neurons of a layer each element of a group's source reaches."""
    source = tables.map_shapes[group.source]
    if isinstance(group, Dense):
        return np.full(source, np.count_nonzero(layer.kept), np.int64)
    if not isinstance(group, Convolution):
        return np.broadcast_to(layer.kept.reshape(-1, *[1] * (len(source) - 1)), source).astype(int)
    target = tables.neuron_shapes[layer.name]
    rows, columns = (
        ((place + padding >= start) & (place + padding < start + kernel)).sum(1)
        for place, start, kernel, padding in (
            (np.arange(source[axis + 1])[:, None],
             np.arange(target[axis + 1]) * group.stride[axis],
             group.kernel[axis], group.padding[axis])
            for axis in (0, 1)
        )
    )  # fmt: skip
    channels = np.repeat(layer.kept.reshape(group.groups, -1).sum(1), source[0] // group.groups)
    reached: NDArray[np.int64] = channels[:, None, None] * rows[:, None] * columns
    return reached
