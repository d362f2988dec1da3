"""The way back from a difference of two traces: from neuron to neuron, to where the fault is made.

At each neuron both traces are given the same question: what went in, and what came out. Where
something that went in differs already, the way leads to the neuron or the step that it came from.
Where all of it is equal and what comes out is not, the fault is here.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...export.tables import Layer, Tables
from ..golden.trace import Difference, Trace
from .field import Maps, Place, fields, sample_maps
from .life import Moment, life

By = Literal["here", "potential", "spike before", "current", "input"]


@dataclass(frozen=True, kw_only=True)
class Link:
    """One neuron in one step, in both traces.

    Attributes
    ----------
    layer, step, sample, place
        Which.
    fires, kept
        Spikes and stored integers behind the step, of the first trace and of the second.
    moments
        What the rule makes of each trace's own inputs.
    by
        What leads on: 'here' nothing, as the fault is here; 'potential' the stored integer of the
        step before; 'spike before' its own spike then, where the reset is blank; 'current' its
        synaptic current; 'input' a spike of another neuron.
    differing
        Inputs that differ.
    """

    layer: str
    step: int
    sample: int
    place: Place
    fires: tuple[int, int]
    kept: tuple[int, int]
    moments: tuple[Moment, Moment]
    by: By
    differing: int

    @property
    def text(self) -> str:
        """What is seen here, in a sentence."""
        at = f"{named(self.layer, self.place)} in step {self.step}"
        if self.by == "here":
            return f"{at}: all that goes in is equal; {self._outcome()}: the fault is here"
        ways = {
            "potential": f"its stored potential differs, "
            f"{self.moments[0].stored} and {self.moments[1].stored}",
            "spike before": "it had fired in the step before in one of them only",
            "current": f"its current differs, "
            f"{self.moments[0].current} and {self.moments[1].current}",
            "input": f"{self.differing} of its inputs "
            f"{'differs' if self.differing == 1 else 'differ'}",
        }
        return f"{at}: {self._outcome()}, and so does what goes in: {ways[self.by]}"

    def _outcome(self) -> str:
        told = []
        if self.fires[0] != self.fires[1]:
            told.append(f"spikes {self.fires[0]} and {self.fires[1]}")
        if self.kept[0] != self.kept[1]:
            told.append(f"potentials {self.kept[0]} and {self.kept[1]}")
        return f"{' and '.join(told)} differ" if told else "what comes out is equal yet"


@dataclass(frozen=True, kw_only=True)
class WayBack:
    """The links from a difference to its cause, which is in the last one.

    Attributes
    ----------
    links
        From the difference on; none where only what is made of the readout differs.
    """

    links: tuple[Link, ...]

    @property
    def cause(self) -> Link | None:
        """Where the fault is made; None where it is in what is made of the readout."""
        return self.links[-1] if self.links else None


def named(layer: str, place: Place) -> str:
    """Return the name of a neuron."""
    names = ("channel", "row", "column") if len(place) == 3 else ("neuron",)
    where = ", ".join(f"{name} {index}" for name, index in zip(names, place, strict=True))
    return f"{layer}, {where}"


def way_back(
    tables: Tables, first: Trace, second: Trace, x: NDArray[Any], difference: Difference
) -> WayBack:
    """Return the way back from a difference, such as `compare` finds.

    Parameters
    ----------
    tables
        That both traces are of.
    first, second
        Golden's and another one, both with potentials.
    x
        What ran, as for `golden.run`.
    difference
        Of a spike or potential, or of the answer.
    """
    sample, layer, step, place = _start(tables, first, second, difference)
    if layer is None:
        return WayBack(links=())
    walk = _Walk(tables, (first, second), x, sample)
    links = []
    found: tuple[str, int, Place] | None = (layer, step, place)
    while found is not None:
        link, found = walk.link(*found)
        links.append(link)
    return WayBack(links=tuple(links))


def _start(
    tables: Tables, first: Trace, second: Trace, found: Difference
) -> tuple[int, str | None, int, Place]:
    """Return sample, layer, step and place from which the way leads back."""
    if found.layer is not None and found.step is not None:
        return found.sample, found.layer, found.step, found.place
    name = tables.readout.layer
    wrong = first.spikes[name] != second.spikes[name]
    wrong = (wrong | (first.potentials[name] != second.potentials[name]))[:, found.sample]
    if not wrong.any():
        return found.sample, None, 0, ()
    step, *place = (int(i) for i in np.unravel_index(wrong.argmax(), wrong.shape))
    return found.sample, name, step, tuple(place)


class _Walk:
    """Links of one sample of two traces."""

    def __init__(
        self, tables: Tables, traces: tuple[Trace, Trace], x: NDArray[Any], sample: int
    ) -> None:
        self.tables, self.traces, self.sample = tables, traces, sample
        self.maps: list[Maps] = [sample_maps(tables, trace, x, sample) for trace in traces]
        self.order = ["input", *(layer.name for layer in tables.layers)]
        self._differ = {name: self.maps[0][name] != self.maps[1][name] for name in self.order}
        self._lives: dict[tuple[str, Place], tuple[list[Moment], list[Moment]]] = {}

    def lives(self, layer: Layer, place: Place) -> tuple[list[Moment], list[Moment]]:
        key = (layer.name, place)
        if key not in self._lives:
            first, second = (
                life(self.tables, maps, trace, layer, self.sample, place)
                for maps, trace in zip(self.maps, self.traces, strict=True)
            )
            self._lives[key] = first, second
        return self._lives[key]

    def link(
        self, name: str, step: int, place: Place
    ) -> tuple[Link, tuple[str, int, Place] | None]:
        """Return a link, and where the way leads on."""
        layer = self.tables.layer(name)
        ours, theirs = (life[step] for life in self.lives(layer, place))
        inputs = self._inputs(layer, step, place)
        ways: list[tuple[int, int, By, tuple[str, int, Place]]] = []
        before = (self.order.index(name), (name, step - 1, place))
        if ours.stored != theirs.stored:
            ways.append((step - 1, before[0], "potential", before[1]))
        if layer.neuron.reset == "blank" and ours.fired_before != theirs.fired_before:
            ways.append((step - 1, before[0], "spike before", before[1]))
        if ours.current != theirs.current:
            ways.append((step - 1, before[0], "current", before[1]))
        ways += [(s, self.order.index(n), "input", (n, s, p)) for n, s, p in inputs]
        at = (self.sample, *place)
        earliest = min(ways, default=None, key=lambda way: way[:2])
        link = Link(
            layer=name,
            step=step,
            sample=self.sample,
            place=place,
            fires=self._both("spikes", name, step, at),
            kept=self._both("potentials", name, step, at),
            moments=(ours, theirs),
            by=earliest[2] if earliest else "here",
            differing=len(inputs),
        )
        return link, earliest[3] if earliest else None

    def _both(self, kind: str, name: str, step: int, at: Place) -> tuple[int, int]:
        first, second = (int(getattr(trace, kind)[name][(step, *at)]) for trace in self.traces)
        return first, second

    def _inputs(self, layer: Layer, step: int, place: Place) -> list[tuple[str, int, Place]]:
        """Return the neurons of those inputs that differ: layer, step and place of each."""
        found = []
        for field in (f for groups in fields(self.tables, layer, place) for f in groups):
            seen = step - field.lag
            if seen < 0 or field.source == "input":
                continue
            differ = self._differ[field.source][(seen, *field.places.T)] & (field.weights != 0)
            for element in field.places[differ]:
                found.append((field.source, seen, self._neuron(field.source, seen, element)))
        return found

    def _neuron(self, source: str, step: int, element: NDArray[np.int64]) -> Place:
        """Return the first neuron behind an element of a map that differs."""
        pool = self.tables.layer(source).spike_pool
        place: Place = tuple(map(int, element))
        if pool is None:
            return place
        rows, columns = pool.size
        corner = (place[0], place[1] * rows, place[2] * columns)
        window = (slice(corner[1], corner[1] + rows), slice(corner[2], corner[2] + columns))
        ours, theirs = (
            trace.spikes[source][(step, self.sample, corner[0], *window)] for trace in self.traces
        )
        row, column = np.unravel_index(int((ours != theirs).argmax()), ours.shape)
        return corner[0], corner[1] + int(row), corner[2] + int(column)
