"""Whether every transfer that is due has come, once and in its order."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...hw.plan.plan import Plan
from ..bench.ports import Ports
from ..bench.scenario import Record


@dataclass(frozen=True, kw_only=True, eq=False)
class Observations:
    """The observations of one stage of a replica, sorted by their layers.

    Layers may come in any order of each other; the updates of one layer come in the plan's order,
    time step by time step, sample by sample. So a transfer's turn among those of its layer tells
    where it belongs.

    Attributes
    ----------
    stream
        Name of the stream.
    transfers
        Of each part of the stage, int64 (transfers,): which of the stream's are its own.
    strange
        int64 (transfers,): those of no layer of the stage.
    """

    stream: str
    transfers: dict[int, NDArray[np.int64]]
    strange: NDArray[np.int64]


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

    A *part* is a layer on its stage, or a tile of one; where no layer has tiles, part n is layer n.

    Parameters
    ----------
    plan, ports
        Of the accelerator.

    Attributes
    ----------
    tables
        Of the plan.
    steps, classes, results
        Time steps of a sample, outputs of an answer, and of all answers of a sample.
    replicas
        To which samples are dealt out in turn.
    parts
        Of each stage, the numbers of its parts.
    layers, names
        Of each part, the number and the name of its layer.
    stages
        Of each part, the number of the stage that executes it.
    places
        Of each part, int64 (updates, observed lanes, 3): `Plan.updates`.
    used
        Of each part, bool (updates, observed lanes): whether the lane holds a neuron.
    neurons
        Of each part, int64 (updates, observed lanes): its index among the layer's neurons.
    slots
        Of each part, the neurons that are updated, in ascending order, and where each lies in
        `neurons`, flat.
    """

    def __init__(self, plan: Plan, ports: Ports) -> None:
        self._ports = ports
        self.tables = plan.tables
        self._sample_words = plan.sample_words
        self._layers = [stage.layers for stage in plan.stages]
        self.steps = plan.tables.steps
        self.classes, self.results = plan.classes, plan.results
        self.replicas = plan.replicas
        self.layers = [number for layers in self._layers for number in layers]
        self.names = [plan.tables.layers[number].name for number in self.layers]
        self.stages = [stage for stage, layers in enumerate(self._layers) for _ in layers]
        self.parts = [
            range(self.stages.index(stage), self.stages.index(stage) + len(layers))
            for stage, layers in enumerate(self._layers)
        ]
        self.places = [
            plan.updates(number, stage.tile) for stage in plan.stages for number in stage.layers
        ]
        self.used = [places[..., 0] >= 0 for places in self.places]
        self.neurons = [
            np.ravel_multi_index(
                tuple(np.moveaxis(np.maximum(places, 0), -1, 0)),
                (*plan.tables.neuron_shapes[name], 1, 1)[:3],
            )
            for name, places in zip(self.names, self.places, strict=True)
        ]
        self.slots = [
            self._slots(used, neurons)
            for used, neurons in zip(self.used, self.neurons, strict=True)
        ]

    @staticmethod
    def _slots(
        used: NDArray[np.bool_], neurons: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64] | slice, NDArray[np.int64]]:
        order = neurons[used].argsort()
        seen = neurons[used][order]
        whole = np.array_equal(seen, np.arange(len(seen)))
        # A slice is written several times faster than the same neurons by their numbers.
        return slice(0, len(seen)) if whole else seen, np.flatnonzero(used)[order]

    def turn(self, part: int, sample: int, step: int, update: int) -> int:
        """Return the turn of an update among all of its part in the sample's replica."""
        turn = sample // self.replicas * self.steps + step
        return turn * len(self.places[part]) + update

    def stage(self, part: int, sample: int) -> int:
        """Return which of `observations` an update is in."""
        return sample % self.replicas * len(self._layers) + self.stages[part]

    def observations(self, record: Record) -> list[Observations]:
        """Sort the observations of each stage, replica by replica."""
        found = []
        for stream, layers, parts in zip(
            self._ports.observers,
            self._layers * self.replicas,
            self.parts * self.replicas,
            strict=True,
        ):
            layer = self._ports.observe["layer"].unpack(record.payloads[stream])[:, 0]
            outside = (layer < layers[0]) | (layer > layers[-1])
            found.append(
                Observations(
                    stream=stream,
                    transfers={
                        part: np.flatnonzero(layer == number)
                        for part, number in zip(parts, layers, strict=True)
                    },
                    strange=np.flatnonzero(outside),
                )
            )
        return found

    def fault(
        self, record: Record, seen: list[Observations], batch: int, first: int
    ) -> Fault | None:
        """Return what is wrong with a record of `batch` samples from `first` on, or None."""
        return (
            self._strange(record, seen, first)
            or self._marks(record, batch, first)
            or self._amount(record, seen, batch, first)
        )

    def _strange(self, record: Record, seen: list[Observations], first: int) -> Fault | None:
        """Look for observations of a layer that is not the stage's, or with another's index."""
        found = []
        for number, (stage, layers) in enumerate(
            zip(seen, self._layers * self.replicas, strict=True)
        ):
            replica = number // len(self._layers)
            payloads, times = record.payloads[stage.stream], record.times[stage.stream]
            if len(stage.strange):
                at = stage.strange[:1]
                layer = self._ports.observe["layer"].unpack(payloads[at])[0, 0]
                cycle = int(times[at[0]])
                found.append(
                    Fault(
                        f"observation in cycle {cycle} must be of layer {layers[0]}…{layers[-1]}, "
                        f"not {layer}",
                        cycle,
                    )
                )
            indices = self._ports.observe["index"].unpack(payloads)[:, 0]
            for part, transfers in stage.transfers.items():
                updates = len(self.places[part])
                wanted = np.resize(np.arange(updates, dtype=indices.dtype), len(transfers))
                wrong = np.flatnonzero(indices[transfers] != wanted)
                if len(wrong):
                    at = transfers[wrong[0]]
                    cycle = int(times[at])
                    place, update = self._place(part, int(wrong[0]), first, replica)
                    found.append(
                        Fault(
                            f"{place}: update {update} came in cycle {cycle} "
                            f"with index {indices[at]}",
                            cycle,
                        )
                    )
        return min(found, key=lambda fault: fault.cycle, default=None)

    def _marks(self, record: Record, batch: int, first: int) -> Fault | None:
        """Look for outputs with the wrong index or the wrong last mark."""
        output = record.payloads["output"][: batch * self.results]
        number = np.arange(len(output))
        wanted = {
            "index": number % self.classes,
            "last": number % self.classes == self.classes - 1,
        }
        for key, want in wanted.items():
            value = self._ports.output[key].unpack(output)[:, 0]
            wrong = np.flatnonzero(value != want)
            if len(wrong):
                at = int(wrong[0])
                sample, index = divmod(at, self.results)
                text = f"sample {first + sample}: output {index} came with {key} {value[at]}"
                return Fault(text, int(record.times["output"][at]))
        return None

    def _amount(
        self, record: Record, seen: list[Observations], batch: int, first: int
    ) -> Fault | None:
        """Look for transfers that are missing, the earliest in an inference first, or too many."""
        last = max((int(times[-1]) for times in record.times.values() if len(times)), default=0)
        end = f": no transfer came from cycle {last + 1} to {record.cycles}" if record.late else ""
        missing = []
        for part, name in enumerate(self.names):
            for replica in range(min(self.replicas, batch)):
                came = len(seen[self.stage(part, replica)].transfers[part])
                samples = len(range(replica, batch, self.replicas))
                due = self.turn(part, samples * self.replicas, 0, 0)
                if came > due:
                    return Fault(f"layer {name} sent {came} observations and not {due}", last)
                if came < due:
                    rounds, step = divmod(came // len(self.places[part]), self.steps)
                    missing.append((rounds, replica, step, part, came))
        if missing:
            _, replica, _, part, came = min(missing)
            place, update = self._place(part, came, first, replica)
            return Fault(f"{place}: update {update} did not come{end}", last)
        came, due = len(record.payloads["output"]), batch * self.results
        if came > due:
            return Fault(f"{came} outputs came and not {due}", last)
        if came < due:
            sample, index = divmod(came, self.results)
            return Fault(f"sample {first + sample}: output {index} did not come{end}", last)
        taken, due = len(record.times["input"]), batch * self._sample_words
        if taken < due:
            sample, word = divmod(taken, self._sample_words)
            return Fault(f"sample {first + sample}: input word {word} was not taken", last)
        return None

    def _place(self, part: int, turn: int, first: int, replica: int) -> tuple[str, int]:
        """Return where the turn of a part belongs in words, and the number of its update."""
        step, update = divmod(turn, len(self.places[part]))
        rounds, step = divmod(step, self.steps)
        sample = rounds * self.replicas + replica
        return f"layer {self.names[part]}, step {step}, sample {first + sample}", update
