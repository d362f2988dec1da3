"""Whether every transfer that is due has come, once and in its order."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..hw.plan import Plan
from .ports import Ports
from .scenario import Record


@dataclass(frozen=True, kw_only=True, eq=False)
class Observations:
    """Where each observation belongs, by the order in which they have come.

    Layers may come in any order of each other, as stages that work at the same time send them; the
    updates of one layer come in the plan's order, time step by time step, sample by sample.

    Attributes
    ----------
    layer
        int64 (transfers,): index of the layer.
    sample, step
        int64 (transfers,).
    update
        int64 (transfers,): number among the layer's updates of one time step.
    """

    layer: NDArray[np.int64]
    sample: NDArray[np.int64]
    step: NDArray[np.int64]
    update: NDArray[np.int64]


class Fault(NamedTuple):
    """A transfer that is missing, out of order or too many.

    Attributes
    ----------
    text
        What is wrong, in one sentence.
    cycle
        Of the transfer, or of the last one before the missing.
    """

    text: str
    cycle: int


class Order:
    """What must come, in which order.

    Parameters
    ----------
    plan, ports
        Of the accelerator.

    Attributes
    ----------
    classes
        Outputs a sample.
    names
        Of the layers.
    places
        Of each layer, int64 (updates, update lanes, 3): `Plan.updates`.
    used
        Of each layer, bool (updates, update lanes): whether the lane holds a neuron.
    neurons
        Of each layer, int64 (updates, update lanes): its index among the layer's neurons.
    """

    def __init__(self, plan: Plan, ports: Ports) -> None:
        self._ports = ports
        self._steps = plan.tables.steps
        self.classes = plan.classes
        self.names = [layer.name for layer in plan.tables.layers]
        self.places = [plan.updates(index) for index in range(len(self.names))]
        self.used = [places[..., 0] >= 0 for places in self.places]
        self.neurons = [
            np.ravel_multi_index(
                tuple(np.moveaxis(np.maximum(places, 0), -1, 0)),
                (*plan.tables.neuron_shapes[name], 1, 1)[:3],
            )
            for name, places in zip(self.names, self.places, strict=True)
        ]

    def observations(self, record: Record) -> Observations:
        """Give each observation of a record its place, each layer's by themselves."""
        layer = self._ports.observe["layer"].unpack(record.observe)[:, 0].astype(np.int64)
        number = np.zeros(len(layer), np.int64)
        updates = np.ones(len(layer), np.int64)
        for index, places in enumerate(self.places):
            chosen = layer == index
            number[chosen] = np.arange(np.count_nonzero(chosen))
            updates[chosen] = len(places)
        sample, step = np.divmod(number // updates, self._steps)
        return Observations(layer=layer, sample=sample, step=step, update=number % updates)

    def fault(self, record: Record, seen: Observations, batch: int, first: int) -> Fault | None:
        """Return what is wrong with a record of `batch` samples from `first` on, or None."""
        return (
            self._strange(record, seen, first)
            or self._marks(record, batch, first)
            or self._amount(record, seen, batch, first)
        )

    def _strange(self, record: Record, seen: Observations, first: int) -> Fault | None:
        """Look for observations of no layer, or with another index than their turn's."""
        index = self._ports.observe["index"].unpack(record.observe)[:, 0].astype(np.int64)
        wrong = np.flatnonzero((seen.layer >= len(self.names)) | (index != seen.update))
        if not len(wrong):
            return None
        at = wrong[0]
        cycle = int(record.observe_cycles[at])
        if seen.layer[at] >= len(self.names):
            last = len(self.names) - 1
            text = f"observation in cycle {cycle} must be of layer 0…{last}, not {seen.layer[at]}"
            return Fault(text, cycle)
        place = self._place(self.names[seen.layer[at]], seen.step[at], first + seen.sample[at])
        text = f"{place}: update {seen.update[at]} came in cycle {cycle} with index {index[at]}"
        return Fault(text, cycle)

    def _marks(self, record: Record, batch: int, first: int) -> Fault | None:
        """Look for outputs with the wrong index or the wrong last mark."""
        number = np.arange(min(len(record.output), batch * self.classes))
        wanted = {
            "index": number % self.classes,
            "last": number % self.classes == self.classes - 1,
        }
        for key, want in wanted.items():
            value = self._ports.output[key].unpack(record.output)[: len(number), 0]
            wrong = np.flatnonzero(value != want)
            if len(wrong):
                at = int(wrong[0])
                sample, output = divmod(at, self.classes)
                text = f"sample {first + sample}: output {output} came with {key} {value[at]}"
                return Fault(text, int(record.output_cycles[at]))
        return None

    def _amount(self, record: Record, seen: Observations, batch: int, first: int) -> Fault | None:
        """Look for transfers that are missing or too many."""
        times = (record.accepted, record.output_cycles, record.observe_cycles)
        last = max((int(cycles[-1]) for cycles in times if len(cycles)), default=0)
        end = f": no transfer came from cycle {last + 1} to {record.cycles}" if record.late else ""
        for layer, (name, places) in enumerate(zip(self.names, self.places, strict=True)):
            came = int(np.count_nonzero(seen.layer == layer))
            due = batch * self._steps * len(places)
            if came > due:
                return Fault(f"layer {name} sent {came} observations and not {due}", last)
            if came < due:
                sample, step = divmod(came // len(places), self._steps)
                place = self._place(name, step, first + sample)
                return Fault(f"{place}: update {came % len(places)} did not come{end}", last)
        came, due = len(record.output), batch * self.classes
        if came > due:
            return Fault(f"{came} outputs came and not {due}", last)
        if came < due:
            sample, index = divmod(came, self.classes)
            return Fault(f"sample {first + sample}: output {index} did not come{end}", last)
        return None

    @staticmethod
    def _place(name: str, step: int | np.int64, sample: int | np.int64) -> str:
        return f"layer {name}, step {step}, sample {sample}"
