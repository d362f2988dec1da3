"""The checker: what a bench recorded, put into a trace of its own and compared with golden's."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hw.plan.plan import Plan
from ..bench.ports import Ports
from ..bench.scenario import Record
from ..golden.trace import Difference, Trace, compare
from .order import Observations, Order


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is wrong with a record; nothing, where there is neither a difference nor a fault.

    Attributes
    ----------
    difference
        The first difference of golden and RTL, in this order, among what has come; or None.
    fault
        The first transfer that is missing, out of order or too many; or ''.
    cycle, lane, stream
        The cycle of the transfer that shows the difference, or else the fault; the lane of the
        update in it, and its stream. None and '' where there is none.
    neurons
        Updates of one neuron that were compared.
    """

    difference: Difference | None
    fault: str
    cycle: int | None
    lane: int | None
    stream: str
    neurons: int


class Checker:
    """Compares records of a plan's accelerator with golden traces.

    Parameters
    ----------
    plan, ports
        Of the accelerator.
    """

    def __init__(self, plan: Plan, ports: Ports) -> None:
        self._ports = ports
        self.order = Order(plan, ports)

    def check(
        self, record: Record, seen: list[Observations], golden: Trace, first: int = 0
    ) -> Finding:
        """Compare a record with golden.

        Parameters
        ----------
        record, golden
            Of the same samples.
        seen
            The record's observations, sorted.
        first
            Number of the first sample, for messages.
        """
        rtl, neurons = self._rebuild(record, golden, seen)
        difference = compare(golden, rtl)
        fault = self.order.fault(record, seen, len(golden.prediction), first)
        cycle = lane = None
        stream = ""
        if difference is not None:
            cycle, lane, stream = self._place(difference, record, seen)
            difference = replace(difference, sample=first + difference.sample)
        elif fault is not None:
            cycle = fault.cycle
        return Finding(
            difference=difference,
            fault="" if fault is None else fault.text,
            cycle=cycle,
            lane=lane,
            stream=stream,
            neurons=neurons,
        )

    def layers(
        self, record: Record, batch: int
    ) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[np.int16]]]:
        """Return the spikes and potentials of every layer as they were recorded, else 0."""
        tables = self.order.tables
        spikes: dict[str, NDArray[Any]] = {}
        potentials: dict[str, NDArray[np.int16]] = {}
        for layer in tables.layers:
            shape = (tables.steps, batch, *tables.neuron_shapes[layer.name])
            spikes[layer.name] = np.zeros(shape, np.uint8 if layer.neuron.spike_bits > 1 else bool)
            potentials[layer.name] = np.zeros(shape, np.int16)
        nothing = Trace(
            tables=tables.sha256,
            output=np.zeros((batch, tables.classes), np.int32),
            prediction=np.zeros(batch, np.int64),
            spikes=spikes,
            potentials=potentials,
        )
        seen = self.order.observations(record)
        found, _ = self._maps(record, nothing, seen)
        return found["spikes"], found["potentials"]

    def rebuilt(self, record: Record, golden: Trace) -> Trace:
        """Return the RTL's trace of the record's samples, golden's own where nothing has come."""
        return self._rebuild(record, golden, self.order.observations(record))[0]

    def _rebuild(
        self, record: Record, golden: Trace, seen: list[Observations]
    ) -> tuple[Trace, int]:
        """Return the RTL's trace, golden's own where nothing has come, and the neurons seen."""
        rebuilt, neurons = self._maps(record, golden, seen)
        output, prediction = self._answers(record, golden)
        rtl = Trace(
            tables=golden.tables,
            output=output,
            prediction=prediction,
            spikes=rebuilt["spikes"],
            potentials=rebuilt["potentials"],
        )
        return rtl, neurons

    def _maps(
        self, record: Record, golden: Trace, seen: list[Observations]
    ) -> tuple[dict[str, dict[str, NDArray[Any]]], int]:
        """Return spikes and potentials, golden's where nothing has come, and the neurons seen."""
        maps: dict[str, dict[str, NDArray[Any]]] = {
            "spikes": golden.spikes,
            "potentials": golden.potentials,
        }
        rebuilt = {key: {n: x.copy() for n, x in found.items()} for key, found in maps.items()}
        neurons = 0
        for number, stage in enumerate(seen):
            replica = number * self.order.replicas // len(seen)
            payloads = record.payloads[stage.stream]
            for part, transfers in stage.transfers.items():
                name = self.order.names[part]
                chosen = payloads if len(transfers) == len(payloads) else payloads[transfers]
                for key in maps:
                    values = self._ports.observe[key].unpack(chosen)
                    flat = rebuilt[key][name].reshape(*maps[key][name].shape[:2], -1)
                    mine = flat[:, replica :: self.order.replicas].swapaxes(0, 1)
                    count = self._fill(part, mine, values)
                neurons += count
        return rebuilt, neurons

    def _fill(self, part: int, filled: NDArray[Any], values: NDArray[Any]) -> int:
        """Fill a layer's map with what has come, and return how many values that is.

        Parameters
        ----------
        part
            Of the layer, as `Order` counts them.
        filled
            (samples of a replica, steps, neurons).
        values
            (transfers, observed lanes), in the order of their coming.
        """
        batch, steps = filled.shape[:2]
        used, neuron = self.order.used[part], self.order.neurons[part]
        seen, slots = self.order.slots[part]
        updates = len(used)
        samples = min(len(values) // (updates * steps), batch)
        split = samples * steps * updates
        rounds = values[:split].reshape(samples, steps, used.size).take(slots, 2)
        filled[:samples, :, seen] = rounds
        count = rounds.size
        for step in range(steps if samples < batch else 0):
            left = values[split + step * updates : split + (step + 1) * updates]
            chosen = used[: len(left)]
            filled[samples, step, neuron[: len(left)][chosen]] = left[chosen]
            count += int(np.count_nonzero(chosen))
        return count

    def _answers(
        self, record: Record, golden: Trace
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the RTL's outputs and predictions, golden's own where none has come."""
        output, prediction = golden.output.copy(), golden.prediction.copy()
        value, answer = (
            self._ports.output[key].unpack(record.payloads["output"])[: output.size, 0]
            for key in ("value", "prediction")
        )
        output.reshape(-1)[: len(value)] = value
        answer = answer[self.order.results - 1 :: self.order.results]
        prediction[: len(answer)] = answer
        return output, prediction

    def _place(
        self, difference: Difference, record: Record, seen: list[Observations]
    ) -> tuple[int, int | None, str]:
        """Return the cycle of the transfer that shows a difference, the lane in it, its stream."""
        results, classes = self.order.results, self.order.classes
        if difference.layer is None or difference.step is None:
            place = results - 1
            if difference.place:  # (class,), or (step, class) where each step has an answer
                place = int(np.dot(difference.place, (classes, 1)[-len(difference.place) :]))
            at = record.times["output"][difference.sample * results + place]
            return int(at), None, "output"
        neuron = np.array((*difference.place, 0, 0)[:3])
        part, update, lane = next(
            (part, *np.argwhere(found)[0])
            for part, places in enumerate(self.order.places)
            if self.order.names[part] == difference.layer
            for found in [(places == neuron).all(-1)]
            if found.any()
        )
        turn = self.order.turn(part, difference.sample, difference.step, int(update))
        stage = seen[self.order.stage(part, difference.sample)]
        at = record.times[stage.stream][stage.transfers[part][turn]]
        return int(at), int(lane), stage.stream
