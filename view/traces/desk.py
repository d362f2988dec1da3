"""One open page: what is looked at, and what is drawn of it."""

import json
from typing import Any

from bokeh.document import Document
from bokeh.events import Event, RangesUpdate, Tap
from bokeh.models import Column, CustomJS
from bokeh.models.widgets import TextInput

from ...export.neuron import Shift
from ...export.tables import Layer
from ...sim.causes.field import Maps, Place, sample_maps
from ...sim.causes.life import Moment, life
from ...sim.golden.trace import Difference
from ..text import escaped
from .arrivals import arrivals, arrived
from .inspected import Inspected
from .layout import inside, number, numbered
from .maps import InputMap
from .maps import Maps as MapPictures
from .neuron import LifeFigure
from .raster import Quantity, Rasters
from .shell import heading, template
from .wave_figure import WaveFigure
from .way_figure import WayFigure
from .words import difference, explained, numbers, update, waveform, way

Named = dict[str, Any]


class Desk:
    """The page of one browser: it follows what its controls and pictures ask for."""

    def __init__(self, document: Document, inspected: Inspected) -> None:
        self.inspected = inspected
        found = self._links = inspected.way.links
        first = inspected.tables.layers[0].name
        self.layer: str = found[0].layer if found else first
        self.sample = found[0].sample if found else 0
        self.step = found[0].step if found else 0
        self.place: Place = found[0].place if found else numbered(0, self._shape)
        if inspected.difference is not None and not found:
            self._answer(inspected.difference)
        self.quantity: Quantity = "spikes"
        self._maps: dict[int, list[Maps]] = {}
        self._rasters, self._pictures = Rasters(inspected), MapPictures(inspected)
        self._input = InputMap(inspected)
        self._life = LifeFigure(inspected)
        self._asked = TextInput(name="asked", visible=False)
        self._told = TextInput(name="told", visible=False)
        self._answered = 0
        self._asked.on_change("value", lambda name, old, new: self._ask(new))
        self._told.js_on_change("value", CustomJS(code="window.somagateTraces.show(cb_obj.value)"))
        for plot in self._rasters.figures:
            plot.on_event(RangesUpdate, self._zoomed)
            plot.on_event(Tap, self._tapped_raster)
        for plot in self._pictures.figures:
            plot.on_event(Tap, self._tapped_maps)
        self._life.figure.on_event(Tap, self._tapped_life)
        roots: list[Any] = [*self._rasters.figures, *self._pictures.figures, self._life.figure]
        roots.append(self._input.figure)
        if found:
            self._way = WayFigure(inspected)
            self._way.draw(found)
            self._way.figure.on_event(Tap, self._tapped_way)
            roots.append(self._way.figure)
        self._waves = WaveFigure(inspected.waves) if inspected.waves else None
        if self._waves:
            self._waves.figure.on_event(RangesUpdate, lambda event: self._tell({}))
            roots.append(self._waves.figure)
        self._rasters.whole(self.layer)
        self._rasters.draw(self.layer, self.quantity)
        self.show(opening=True)
        document.title = f"{inspected.tables.name}: traces"
        document.template = template(inspected)
        document.template_variables.update(heading(inspected))
        wire = Column(children=[self._asked, self._told], name="wire", visible=False)
        for root in (*roots, wire):
            document.add_root(root)

    def _answer(self, difference: Difference) -> None:
        """Look at the first neuron of a class whose answer differs, while no neuron does."""
        readout = self.inspected.tables.readout
        self.layer, self.sample = readout.layer, difference.sample
        self.step = self.inspected.tables.steps - 1
        number = difference.place[-1] * readout.voters if difference.place else 0
        self.place = numbered(int(number), self._shape)

    @property
    def _shape(self) -> Place:
        return self.inspected.tables.neuron_shapes[self.layer]

    def _ask(self, text: str) -> None:
        try:
            wanted = json.loads(text)
        except ValueError:  # from the browser, so it may be anything
            return
        if isinstance(wanted, dict):
            self.ask(wanted)

    def ask(self, wanted: dict[str, Any]) -> None:
        """Look at something else; what can't be looked at is left as it is.

        Parameters
        ----------
        wanted
            'layer', 'place', 'step', 'sample' or its 'number', 'quantity'; 'raster', which is
            'whole' or 'here'; 'way', which is 'first', 'answer' or 'here'; and 'waves', cycles to
            go on, or 0 to go back to the difference.
        """
        inspected, tables = self.inspected, self.inspected.tables
        layer = wanted.get("layer", self.layer)
        changed = layer != self.layer and layer in inspected.traces[0].spikes
        if changed:
            self.layer, self.place = layer, numbered(0, tables.neuron_shapes[layer])
        if "number" in wanted:
            wanted["sample"] = _int(wanted["number"], 0) - inspected.first
        self.sample = _int(wanted.get("sample"), self.sample, inspected.samples)
        self.step = _int(wanted.get("step"), self.step, tables.steps)
        place = wanted.get("place")
        if isinstance(place, list):
            asked = tuple(_int(index, -1) for index in place)
            self.place = asked if inside(asked, self._shape) else self.place
        quantity = wanted.get("quantity")
        if quantity in ("spikes", "potentials"):
            self.quantity = quantity
        if self._waves and "waves" in wanted:
            self._waves.turn(_int(wanted["waves"], 0))
        if "way" in wanted and inspected.way.links:
            self._lead(wanted["way"])
        if changed or wanted.get("raster") == "whole":
            self._rasters.whole(self.layer)
        if wanted.get("raster") == "here":
            x, y = self._column, number(self.place, self._shape)
            self._rasters.around((max(0, x - 50), x + 50), (max(0, y - 32), y + 32))
        if changed or "quantity" in wanted or "raster" in wanted:
            self._rasters.draw(self.layer, self.quantity)
        self.show()

    def _lead(self, start: Any) -> None:
        """Show the way back from a start; the neuron that is looked at stays."""
        inspected = self.inspected
        if start == "here":
            found = inspected.way_from(self.layer, self.step, self.sample, self.place)
        else:
            found = inspected.answer_way if start == "answer" else inspected.way
        self._links = found.links
        if found.links:
            self._way.draw(found.links)

    @property
    def _column(self) -> int:
        return self.sample * self.inspected.tables.steps + self.step

    def show(self, *, opening: bool = False) -> None:
        """Draw all that depends on the neuron and the step, and say it in words."""
        inspected, layer = self.inspected, self.inspected.tables.layer(self.layer)
        self._rasters.mark(self._column, number(self.place, self._shape))
        self._pictures.draw(self.layer, self.quantity, self.step, self.sample, self.place)
        self._input.draw(self.step, self.sample)
        maps = self._sample_maps()
        lives: list[list[Moment]] = []
        kept: list[list[int]] = []
        fires: list[list[int]] = []
        at: Any = (slice(None), self.sample, *self.place)
        for trace, each in zip(inspected.traces, maps, strict=True):
            lives.append(life(inspected.tables, each, trace, layer, self.sample, self.place))
            kept.append([int(v) for v in trace.potentials[self.layer][at]])
            fires.append([int(v) for v in trace.spikes[self.layer][at]])
        self._life.draw(lives, kept, fires, _shift(layer, self.place[0]), self.step)
        traced = [(f[self.step], k[self.step]) for f, k in zip(fires, kept, strict=True)]
        came = arrivals(inspected, maps, self.layer, self.place, self.step)
        html = {
            "neuron-name": self._name(),
            "update": update(inspected, [each[self.step] for each in lives], traced),
            "arrivals": arrived(inspected, came, self.layer, self.sample),
            "numbers": self._numbers(),
        }
        if inspected.way.links:
            html["way"] = way(self._links)
        if opening and len(inspected.traces) == 2:
            html |= {"difference": difference(inspected), "explained": explained(inspected)}
        if opening and inspected.waves:
            html["waveform"] = waveform(inspected.waves)
        self._tell(html)

    def _name(self) -> str:
        names = ("channel", "row", "column") if len(self.place) == 3 else ("neuron",)
        where = ", ".join(f"{n} {i}" for n, i in zip(names, self.place, strict=True))
        sample = self.inspected.first + self.sample
        return escaped(f"{self.layer}, {where} · step {self.step} · sample {sample}")

    def _numbers(self) -> str:
        told = []
        for trace, name in zip(self.inspected.traces, self.inspected.names, strict=True):
            values = getattr(trace, self.quantity)[self.layer][self.step, self.sample]
            part = values[self.place[0]] if values.ndim == 3 else values
            of = f", channel {self.place[0]}" if values.ndim == 3 else ""
            told.append(numbers(f"{self.quantity} of {self.layer}{of}, {name}", part))
        return "".join(told)

    def _sample_maps(self) -> list[Maps]:
        if self.sample not in self._maps:
            if len(self._maps) > 8:
                self._maps.clear()
            self._maps[self.sample] = [
                sample_maps(self.inspected.tables, trace, self.inspected.x, self.sample)
                for trace in self.inspected.traces
            ]
        return self._maps[self.sample]

    def _tell(self, html: dict[str, str]) -> None:
        self._answered += 1
        if self._waves:
            html["wave-values"] = self._waves.table()
        controls = {
            "layer": self.layer, "number": self.inspected.first + self.sample,
            "step": self.step, "place": [*self.place], "shape": [*self._shape],
            "quantity": self.quantity,
        }  # fmt: skip
        answer = {"answered": self._answered, "controls": controls, "html": html}
        self._told.value = json.dumps(answer)

    def _zoomed(self, event: Event) -> None:
        x0, x1, y0, y1 = (getattr(event, name) for name in ("x0", "x1", "y0", "y1"))
        if None not in (x0, x1, y0, y1):  # a range without an end, as while it is reset
            part = (*sorted((x0, x1)), *sorted((y0, y1)))
            self._rasters.draw(self.layer, self.quantity, part)

    def _tapped_raster(self, event: Event) -> None:
        at = _point(event)
        if at is None:
            return
        sample, step = divmod(int(at[0]), self.inspected.tables.steps)
        place = numbered(int(at[1]), self._shape)
        self.ask({"sample": sample, "step": step, "place": [*place]})

    def _tapped_maps(self, event: Event) -> None:
        at = _point(event)
        place = None if at is None else self._pictures.mosaic.neuron(*at)
        if place is not None:
            self.ask({"place": [*place]})

    def _tapped_way(self, event: Event) -> None:
        at = _point(event)
        link = None if at is None else self._way.link(*at)
        if link is not None:
            self.ask({"layer": link.layer, "step": link.step, "sample": link.sample,
                      "place": [*link.place]})  # fmt: skip

    def _tapped_life(self, event: Event) -> None:
        at = _point(event)
        if at is not None:
            self.ask({"step": round(at[0])})


def _point(event: Event) -> tuple[float, float] | None:
    """Return where a figure was clicked, in the units of its axes."""
    x, y = getattr(event, "x", None), getattr(event, "y", None)
    return None if x is None or y is None else (float(x), float(y))


def _int(value: Any, otherwise: int, size: int | None = None) -> int:
    """Return a whole number of the browser's, of 0…size − 1 the nearest, or another one."""
    if isinstance(value, bool) or not isinstance(value, int):
        return otherwise
    return value if size is None else min(max(value, 0), size - 1)


def _shift(layer: Layer, channel: int) -> Any:
    """Return what brings a stored integer back to accumulator LSBs."""
    store = layer.neuron.store
    if isinstance(store, Shift):
        return lambda stored: stored << store.shift
    level = int(store.level[channel])
    return lambda stored: stored * level
