"""The outcome of a verification."""

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rich.console import RenderableType

from ...shown import Shown, grid
from ..golden.trace import Difference
from .measured import LayerCost


@dataclass(frozen=True, kw_only=True)
class Verdict(Shown):
    """Whether the RTL is equal to golden, on what evidence, and what it cost.

    Attributes
    ----------
    equal
        No difference and no fault.
    engine
        The simulator: 'native', 'cocotb-verilator', 'cocotb-icarus' or 'amaranth'.
    tables
        SHA-256 of the tables compared with.
    samples, spikes, potentials
        Compared.
    difference
        The first difference from golden, or None.
    fault
        The first transfer that is missing, out of order or too many; or ''.
    cycle, lane, stream
        The cycle of the transfer that shows the difference, or else the fault, counted from the
        reset before its batch; the lane of the update in it, and its stream. None and '' where
        there is none.
    sample_cycles
        Cycles of each sample, from its first input word to its last output.
    busy_cycles
        From the first input word to the last output, over all batches.
    layers
        What each layer cost.
    cycles
        Simulated, all in all.
    predicted_cycles
        What `sample_cycles` should be by `somagate.sim.cycles.predict`, of the samples that were
        predicted.
    predicted_busy_cycles
        What `busy_cycles` should be, or None where not every sample was predicted.
    seconds
        Spent, without compiling.
    waves
        The waveform's save file, or ''.
    traces
        Files of golden's and of the RTL's trace of the sample that differs first, and of those
        played with it, or none.
    """

    equal: bool
    engine: str
    tables: str
    samples: int
    spikes: int
    potentials: int
    difference: Difference | None
    fault: str
    cycle: int | None
    lane: int | None
    sample_cycles: tuple[int, ...]
    busy_cycles: int
    layers: tuple[LayerCost, ...]
    cycles: int
    seconds: float
    waves: str = ""
    predicted_cycles: tuple[int, ...] = ()
    predicted_busy_cycles: int | None = None
    traces: tuple[str, ...] = ()
    stream: str = ""

    @property
    def cycles_per_sample(self) -> float | None:
        """What a sample costs among others, so the throughput; None where none is complete.

        Less than a sample takes by itself, as stages work on several time steps at once and the
        next sample's input comes in early. It includes what filling the stages takes once a batch.
        """
        count = len(self.sample_cycles)
        return self.busy_cycles / count if count else None

    @property
    def predicted_exactly(self) -> int:
        """Samples whose cycles were predicted exactly."""
        pairs = zip(self.predicted_cycles, self.sample_cycles, strict=False)
        return sum(predicted == measured for predicted, measured in pairs)

    @property
    def largest_error(self) -> float:
        """The largest relative error of a sample's predicted cycles."""
        pairs = zip(self.predicted_cycles, self.sample_cycles, strict=False)
        return max((abs(predicted / measured - 1) for predicted, measured in pairs), default=0.0)

    @property
    def prediction(self) -> str:
        """How well the cycles were predicted, in one sentence; or ''."""
        count = len(self.predicted_cycles)
        if not count:
            return ""
        told = f"cycles predicted exactly for {self.predicted_exactly} of {count} samples"
        error = self.largest_error
        return told + f"; the largest error is {error:.3%}" * (error > 0)

    @property
    def summary(self) -> str:
        """The verdict in one sentence."""
        if self.equal:
            return (
                f"RTL equals golden on {self.samples} samples: "
                f"{self.spikes} spikes and {self.potentials} potentials"
            )
        told = (
            [] if self.difference is None else [f"golden and RTL differ first in {self.difference}"]
        )
        return "; ".join(told + [self.fault] * bool(self.fault))

    def shown(self) -> list[RenderableType]:
        """Return what each layer cost, the verdict, and how well cycles were predicted."""
        headers = ("layer", "cycles a sample", "predicted", "useful additions")
        table = grid(*headers, "per lane and cycle")
        samples = max(1, self.samples)
        for layer in self.layers:
            table.add_row(
                layer.name,
                f"{layer.cycles / samples:,.1f}",
                "–" if layer.predicted is None else f"{layer.predicted / samples:,.1f}",
                f"{layer.additions:,}",
                f"{layer.efficiency:.3f}",
            )
        waveform = [f"waveform: {shlex.join(['gtkwave', self.waves])}"] if self.waves else []
        told = [self.prediction] if self.prediction else []
        return [table, self.summary, *told, *waveform]

    def to_dict(self) -> dict[str, Any]:
        """Return the contents as `somagate verify --json` prints them."""
        cycles = self.cycles_per_sample
        return {
            "tables": self.tables,
            "equal": self.equal,
            "samples": self.samples,
            "spikes": self.spikes,
            "potentials": self.potentials,
            "cycles_per_sample": None if cycles is None else round(cycles, 1),
            "predicted": self._predicted(),
            "layers": [
                {
                    "layer": layer.name,
                    "cycles": layer.cycles,
                    "predicted": layer.predicted,
                    "additions": layer.additions,
                    "lanes": layer.lanes,
                    "efficiency": round(layer.efficiency, 4),
                }
                for layer in self.layers
            ],
            "first_difference": self._first_difference(),
        }

    def _predicted(self) -> dict[str, Any] | None:
        """Return how well the cycles were predicted, or None where they were not."""
        if not self.predicted_cycles:
            return None
        busy = self.predicted_busy_cycles
        return {
            "samples": len(self.predicted_cycles),
            "exactly": self.predicted_exactly,
            "largest_error": round(self.largest_error, 6),
            "cycles_per_sample": None if busy is None else round(busy / self.samples, 1),
        }

    def _first_difference(self) -> dict[str, Any] | None:
        """Return what differs first, or None where nothing does."""
        if self.equal:
            return None
        told: dict[str, Any] = {
            "summary": self.summary, "fault": self.fault, "waves": self.waves,
            "traces": list(self.traces),
        }  # fmt: skip
        if self.difference is None:
            return told
        found = self.difference
        return told | {
            "quantity": found.quantity,
            "layer": found.layer,
            "step": found.step,
            "sample": found.sample,
            "place": list(found.place),
            "golden": found.values[0],
            "rtl": found.values[1],
            "differences": found.count,
        }

    def record(self) -> dict[str, Any]:
        """Return all contents as JSON holds them, for `from_record`."""
        content = asdict(self)
        for layer, costs in zip(content["layers"], self.layers, strict=True):
            layer["efficiency"] = round(costs.efficiency, 4)
        return content | {"cycles_per_sample": self.cycles_per_sample, "summary": self.summary}

    @staticmethod
    def from_record(content: dict[str, Any]) -> "Verdict":
        """Return the verdict that `record` gave the contents of."""
        derived = ("cycles_per_sample", "summary")
        content = {key: value for key, value in content.items() if key not in derived}
        if content["difference"] is not None:
            difference = content["difference"] | {
                key: tuple(content["difference"][key]) for key in ("place", "values")
            }
            content["difference"] = Difference(**difference)
        keys = ("name", "cycles", "additions", "lanes", "predicted")
        content["layers"] = tuple(
            LayerCost(**{key: layer[key] for key in keys}) for layer in content["layers"]
        )
        for key in ("sample_cycles", "predicted_cycles", "traces"):
            content[key] = tuple(content[key])
        return Verdict(**content)


def merge(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict on all samples of several, which follow each other in their order.

    The difference is that of the first verdict that is not equal.
    """
    first = verdicts[0]
    wrong = next((verdict for verdict in verdicts if not verdict.equal), None)
    return replace(
        first,
        equal=wrong is None,
        samples=sum(verdict.samples for verdict in verdicts),
        spikes=sum(verdict.spikes for verdict in verdicts),
        potentials=sum(verdict.potentials for verdict in verdicts),
        difference=wrong.difference if wrong else None,
        fault=wrong.fault if wrong else "",
        cycle=wrong.cycle if wrong else None,
        lane=wrong.lane if wrong else None,
        stream=wrong.stream if wrong else "",
        sample_cycles=tuple(n for verdict in verdicts for n in verdict.sample_cycles),
        busy_cycles=sum(verdict.busy_cycles for verdict in verdicts),
        predicted_cycles=tuple(n for verdict in verdicts for n in verdict.predicted_cycles),
        predicted_busy_cycles=_sum([verdict.predicted_busy_cycles for verdict in verdicts]),
        layers=tuple(
            replace(
                layer,
                cycles=sum(verdict.layers[index].cycles for verdict in verdicts),
                additions=sum(verdict.layers[index].additions for verdict in verdicts),
                predicted=_sum([verdict.layers[index].predicted for verdict in verdicts]),
            )
            for index, layer in enumerate(first.layers)
        ),
        cycles=sum(verdict.cycles for verdict in verdicts),
        seconds=sum(verdict.seconds for verdict in verdicts),
        waves=wrong.waves if wrong else "",
        traces=wrong.traces if wrong else (),
    )


def _sum(numbers: Sequence[int | None]) -> int | None:
    """Return the sum, or None where one is missing."""
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
