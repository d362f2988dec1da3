"""What a run reads and writes of each memory, predicted from golden's trace: the RTL's own numbers.

A read counts where its word is used: a word of a map inside the receptive field, the weight row of
a spike, the parameters and the stored state of neurons that are updated. A block RAM's read port is
enabled in further cycles, in which what it shows is not looked at; see
`somagate.sim.bench.toggles`. Every write counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hw.plan import memories
from ...hw.plan.memories import Memory
from ...hw.plan.plan import Plan
from ...hw.plan.stage_plan import StagePlan
from ..golden.seen_maps import seen_maps
from ..golden.trace import Trace
from .stage import LayerCycles
from .words import Walk

Counts = NDArray[np.int64]
"""Of each sample, (batch,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Access:
    """What is done to one memory for one layer.

    Attributes
    ----------
    stage
        Whose memory it is.
    memory
        Which.
    layer
        For which; of a map, which one wrote it, so 'input' too.
    reads, writes
        Words of `memory.word_bits` bits, int64 (batch,).
    """

    stage: int
    memory: Memory
    layer: str
    reads: Counts
    writes: Counts


def accesses(plan: Plan, trace: Trace, x: NDArray[Any]) -> list[Access]:
    """Return what a run reads and writes, by stage, memory and layer.

    Parameters
    ----------
    plan
        The accelerator.
    trace, x
        What golden found for which input, integers (steps, batch, *input shape).

    Raises
    ------
    ValueError
        Where the trace is of other tables.
    """
    tables = plan.tables
    if trace.tables != tables.sha256:
        raise ValueError(f"trace must be of the tables {tables.sha256}, not of {trace.tables}")
    maps = seen_maps(tables, trace, x)
    found = []
    for number, stage in enumerate(plan.stages):
        counted = _Stage(stage, x.shape[1])
        counted.maps_from_outside()
        for index in range(stage.count):
            counted.layer(index, maps)
        by_name = {memory.name: memory for memory in memories.memories(stage)}
        found += [
            Access(stage=number, memory=by_name[name], layer=layer, reads=reads, writes=writes)
            for (name, layer), (reads, writes) in counted.found.items()
        ]
    return found


class _Stage:
    """The counts of one stage.

    Attributes
    ----------
    found
        By memory and layer: reads and writes, int64 (2, batch).
    """

    def __init__(self, stage: StagePlan, batch: int) -> None:
        self._stage, self._batch = stage, batch
        self._steps = stage.tables.steps
        self.found: dict[tuple[str, str], NDArray[np.int64]] = {}

    def _add(self, memory: Memory, layer: str, *, reads: Any = 0, writes: Any = 0) -> None:
        key = memory.name, layer
        counts = self.found.setdefault(key, np.zeros((2, self._batch), np.int64))
        counts[0] += reads
        counts[1] += writes

    def _of_maps(self) -> list[Memory]:
        """Return the memories that are written with the maps."""
        stage = self._stage
        return [memories.maps(stage), *([memories.flags(stage)] if stage.shape.flags else [])]

    def maps_from_outside(self) -> None:
        """Count the words that are taken in."""
        stage = self._stage
        for name in stage.external:
            once = name == "input" and stage.tables.input.constant
            writes = stage.map(name).words * (1 if once else self._steps)
            for memory in self._of_maps():
                self._add(memory, name, writes=writes)

    def layer(self, index: int, maps: Mapping[str, NDArray[Any]]) -> None:
        """Count all of a layer."""
        stage, steps = self._stage, self._steps
        descriptor = stage.descriptors[index]
        name, neuron = descriptor.name, stage.tables.layers[descriptor.number].neuron
        if name in stage.read_maps:
            for memory in self._of_maps():
                self._add(memory, name, writes=stage.map(name).words * steps)
        self._gather(index, maps)
        self._add(memories.parameters(stage), name, reads=descriptor.updates * steps)
        states = [memories.potentials(stage, neuron.state_bits)]
        if neuron.current is not None:
            states.append(memories.synaptic(stage, neuron.current.store.bits))
        for memory in states:  # which read as 0 in the first time step
            updates = descriptor.updates
            self._add(memory, name, reads=updates * (steps - 1), writes=updates * steps)
        if name in stage.held:  # all lanes' sums are handed on, as the array does
            memory, sums = memories.currents(stage), descriptor.sum_chunks
            self._add(memory, name, reads=sums * (steps - 1), writes=sums)

    def _gather(self, index: int, maps: Mapping[str, NDArray[Any]]) -> None:
        """Count the words of spikes and the weight rows."""
        stage, descriptor = self._stage, self._stage.descriptors[index]
        layer = LayerCycles(stage, index, skips=(), exported=False, joiner=False)
        steps = 1 if descriptor.name in stage.held else self._steps
        for sample in range(self._batch):
            one = np.arange(self._batch) == sample
            layer.sample({name: values[:, sample] for name, values in maps.items()})
            for step in range(steps):
                walk, events, _ = layer.words(step)
                rows = np.array(events, np.int64).reshape(-1, stage.banks)
                read = walk.high > walk.low
                if stage.shape.flags:
                    looks = _looks(walk, stage.shape.flags)
                    read = layer.flags(step)
                for number, source in enumerate(descriptor.sources):
                    mine = walk.sources == number
                    words = np.count_nonzero(mine & read)
                    if stage.shape.flags:
                        many = np.count_nonzero(mine & looks)
                        self._add(memories.flags(stage), source.name, reads=many * one)
                    self._add(memories.maps(stage), source.name, reads=words * one)
                    for bank, count in enumerate(rows[mine].sum(0)):
                        memory = memories.weights(stage, source.weight_bits, bank)
                        self._add(memory, descriptor.name, reads=count * one)


def _looks(walk: Walk, flags: int) -> NDArray[np.bool_]:
    """Return which words the finder looks at first, of as many as it looks at at a time."""
    starts = np.append(np.flatnonzero(walk.steps), len(walk.steps))
    back = starts[1:].repeat(np.diff(starts)) - 1 - np.arange(len(walk.steps))
    found: NDArray[np.bool_] = (back % flags == 0) & (walk.places >= 0)
    return found
