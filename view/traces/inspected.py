"""What is looked into: one trace or two of the same run, with what follows from them."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from ...export.tables import Tables
from ...sim.bench.wave_file import Waves
from ...sim.causes.breaks import Break, breaks
from ...sim.causes.field import Place
from ...sim.causes.pattern import Pattern, pattern
from ...sim.causes.suspects import Suspect, suspects
from ...sim.causes.way_back import WayBack, way_back
from ...sim.golden.trace import Difference, Trace, compare


@dataclass(frozen=True, kw_only=True, eq=False)
class Inspected:
    """Traces to look into; what follows from them is found when it is first asked for.

    Attributes
    ----------
    tables
        The network.
    traces
        One, or golden's and another one, with spikes and potentials of every layer.
    names
        What each is called.
    x
        What ran, (steps, samples, *input shape).
    waves
        The waveform of the difference, or None.
    """

    tables: Tables
    traces: tuple[Trace, ...]
    names: tuple[str, ...]
    x: NDArray[Any]
    waves: Waves | None = None

    @property
    def samples(self) -> int:
        """How many."""
        return len(self.traces[0].output)

    @property
    def first(self) -> int:
        """Number of the first sample."""
        return self.traces[0].first

    @cached_property
    def difference(self) -> Difference | None:
        """The first difference of the two, or None."""
        return compare(*self.traces) if len(self.traces) == 2 else None

    @cached_property
    def way(self) -> WayBack:
        """The way back from the first difference."""
        if self.difference is None:
            return WayBack(links=())
        first, second = self.traces
        return way_back(self.tables, first, second, self.x, self.difference)

    @cached_property
    def answer_way(self) -> WayBack:
        """The way back from an answer that differs, of the same sample where that one's does."""
        if self.difference is None:
            return WayBack(links=())
        first, second = self.traces
        wrong = (first.output != second.output).reshape(self.samples, -1).any(1)
        if not wrong.any():
            return WayBack(links=())
        mine = self.difference.sample
        sample = mine if wrong[mine] else int(wrong.argmax())
        found = Difference(
            quantity="output", layer=None, step=None, sample=sample, place=(), values=(0, 0),
            count=1,
        )  # fmt: skip
        return way_back(self.tables, first, second, self.x, found)

    def way_from(self, layer: str, step: int, sample: int, place: Place) -> WayBack:
        """Return the way back from a neuron in a step, empty where it doesn't differ there."""
        first, second = self.traces
        at: Any = (step, sample, *place)
        ours, theirs = (
            (int(trace.spikes[layer][at]), int(trace.potentials[layer][at]))
            for trace in self.traces
        )
        if ours == theirs:
            return WayBack(links=())
        found = Difference(
            quantity="potential", layer=layer, step=step, sample=sample, place=place,
            values=(ours[1], theirs[1]), count=1,
        )  # fmt: skip
        return way_back(self.tables, first, second, self.x, found)

    @cached_property
    def breaks(self) -> dict[str, Break]:
        """Where the second trace breaks the rule by its own inputs; none where they are equal."""
        if self.difference is None:
            return {}
        found = breaks(self.tables, self.traces[1], self.x)
        return {name: each for name, each in found.items() if each.count}

    @cached_property
    def suspects(self) -> list[Suspect]:
        """The numbers of the tables that would explain the channel at the end of the way back."""
        cause = self.way.cause
        if cause is None or cause.layer not in self.breaks:
            return []
        found = self.breaks[cause.layer]
        named = suspects(self.tables, self.traces[1], self.x, found, cause.place[0])
        # A weight is one channel's alone, so it doesn't explain several.
        return [each for each in named if each.source is None or len(found.channels) == 1]

    @cached_property
    def pattern(self) -> Pattern | None:
        """What the updates that break the rule have in common, in the layer of the cause."""
        cause = self.way.cause
        if cause is None or cause.layer not in self.breaks:
            return None
        return pattern(self.tables, self.traces[1], self.breaks[cause.layer])

    def to_dict(self) -> dict[str, Any]:
        """Return the difference, and the way back from it, as JSON holds them."""
        found = self.difference
        return {
            "tables": self.tables.sha256,
            "traces": list(self.names),
            "samples": self.samples,
            "steps": self.tables.steps,
            "first_difference": None if found is None else {
                "summary": str(replace(found, sample=self.first + found.sample)),
                "quantity": found.quantity, "layer": found.layer,
                "step": found.step, "sample": self.first + found.sample,
                "place": list(found.place), "values": list(found.values),
                "differences": found.count,
            },
            "way_back": [
                {
                    "layer": link.layer, "step": link.step, "sample": self.first + link.sample,
                    "place": list(link.place), "by": link.by, "spikes": list(link.fires),
                    "potentials": list(link.kept), "text": link.text,
                }
                for link in self.way.links
            ],
            "breaks": [
                {"layer": name, "updates": each.count, "of": each.where.size,
                 "channels": sorted(each.channels)}
                for name, each in self.breaks.items()
            ],
            "suspects": [
                {
                    "number": each.number, "layer": each.layer, "channel": each.channel,
                    "source": each.source, "index": list(each.index), "was": each.was,
                    "values": list(each.values), "updates": each.steps, "text": each.text,
                }
                for each in self.suspects
            ],
            "pattern": self.pattern.text if self.pattern else None,
        }  # fmt: skip
