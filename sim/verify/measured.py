"""What a run cost: cycles a sample, cycles a layer, and how many of them added something useful."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...hw.plan.plan import Plan
from ..bench.scenario import Record
from .order import Observations, Order


@dataclass(frozen=True, kw_only=True)
class LayerCost:
    """One layer's share of a run.

    Attributes
    ----------
    name
        Of the layer.
    cycles
        Of its stage, over all of its observations; see `layer_cycles`.
    additions
        That gathering the events takes; see `somagate.sim.golden.activity.additions`. Those of held
        currents count once a sample.
    lanes
        Additions the stage can do in a cycle: lanes times banks.
    predicted
        What `cycles` should be by `somagate.sim.cycles.predict`, or None where not every sample was
        predicted.
    """

    name: str
    cycles: int
    additions: int
    lanes: int
    predicted: int | None = None

    @property
    def efficiency(self) -> float:
        """Useful additions a cycle, lane and bank."""
        return self.additions / (self.cycles * self.lanes) if self.cycles else 0.0


def sample_cycles(record: Record, words: int, results: int) -> tuple[int, ...]:
    """Return each complete sample's cycles, from its first input word to its last output.

    Samples are sent back to back, so the first word of one may wait inside for the sample before.
    """
    last = record.times["output"][results - 1 :: results]
    first = record.times["input"][::words][: len(last)]
    return tuple(int(cycles) for cycles in last - first + 1)


def busy_cycles(record: Record, results: int) -> int:
    """Return the cycles of all complete samples, from the first input word to the last output."""
    last = record.times["output"][results - 1 :: results]
    return int(last[-1] - record.times["input"][0] + 1) if len(last) else 0


def layer_cycles(
    record: Record, seen: list[Observations], order: Order, plan: Plan
) -> NDArray[np.int64]:
    """Return how long each layer was what its stage worked on, (layers,).

    Each observation counts the cycles since the one before of the same stage. So a layer lasts from
    the last observation of another layer to its own last, and the layers of a stage together as
    long as the stage, what it waits for other stages included. In between samples the stage has
    nothing to do: the first observation of a sample counts from the first input word at the
    earliest, and from the last observation that the stage needs from another one for the first time
    step.

    Of several replicas or tiles each counts for itself.

    The array may gather for a layer while the last sums of the one before are updated. These few
    cycles count for the layer before.
    """
    total = np.zeros(len(plan.tables.layers), np.int64)
    for number, mine in enumerate(seen):
        replica, place = divmod(number, len(plan.stages))
        stage = plan.stages[place]
        times = record.times[mine.stream]
        if not len(times):
            continue
        gaps = np.diff(times, prepend=-1)
        begun = order.parts[place][0]
        begins = mine.transfers[begun][:: order.turn(begun, plan.replicas, 0, 0)]
        for name in stage.external:
            if name == "input":
                starts = record.times["input"][:: plan.sample_words][replica :: plan.replicas] - 1
            else:
                starts = _first_steps(record, seen, order, name, replica)
            count = min(len(begins), len(starts))
            at = begins[:count]
            gaps[at] = np.minimum(gaps[at], times[at] - starts[:count])
        for part, transfers in mine.transfers.items():
            total[order.layers[part]] += gaps[transfers].sum()
    return total


def _first_steps(
    record: Record, seen: list[Observations], order: Order, name: str, replica: int
) -> NDArray[np.int64]:
    """Return when a layer's first time step of each sample of a replica was over."""
    found = []
    for part in (part for part, other in enumerate(order.names) if other == name):
        mine = seen[order.stage(part, replica)]
        first, step = order.turn(part, 0, 1, -1), order.turn(part, order.replicas, 0, 0)
        found.append(record.times[mine.stream][mine.transfers[part][first::step]])
    count = min(map(len, found))
    last: NDArray[np.int64] = np.max([times[:count] for times in found], 0)
    return last
