"""The way back from a difference as a figure: layers above each other, time steps to the right."""

from typing import Any

from bokeh.models import ColumnDataSource, FixedTicker, Range1d
from bokeh.plotting import figure as bokeh_figure

from ...sim.causes.field import sample_maps
from ...sim.causes.way_back import Link
from ..colours import follow
from ..figures import FONT, figure, legend
from ..text import label
from .arrivals import arrivals
from .inspected import Inspected
from .pictures import whole_ticks

MOST_INPUTS = 120
"""Drawn of what came into the neuron at the end of the way."""
KINDS = (("adds", "blue", 1), ("takes away", "orange", -1), ("weight 0", "quiet", 0))
"""Inputs: what each does, its colour, and the sign of weight times input."""


class WayFigure:
    """The links of a way back, and what came into the last of them.

    Attributes
    ----------
    figure
        Bokeh's figure.
    """

    def __init__(self, inspected: Inspected) -> None:
        self._inspected = inspected
        self._links: tuple[Link, ...] = ()
        names = ["input", *(layer.name for layer in inspected.tables.layers)]
        self._rows = {name: row for row, name in enumerate(names)}
        self._x = Range1d(start=0, end=1)
        plot = self.figure = figure(
            x="time step", height=96 + 50 * len(names), name="way", tools="", x_range=self._x,
            y_range=Range1d(start=-0.5, end=len(names) - 0.4),
        )  # fmt: skip
        whole_ticks(plot)
        plot.yaxis.ticker = FixedTicker(ticks=[*range(len(names))])
        plot.yaxis.major_label_overrides = {row: label(name) for name, row in self._rows.items()}
        entries: dict[str, list[Any]] = {}
        self._inputs: list[tuple[ColumnDataSource, ColumnDataSource]] = []
        for name, colour, _ in KINDS:
            lines = ColumnDataSource({"x0": [], "y0": [], "x1": [], "y1": [], "width": []})
            dots = ColumnDataSource({"x": [], "y": []})
            drawn = plot.segment(
                x0="x0", y0="y0", x1="x1", y1="y1", line_width="width", line_alpha=0.55,
                source=lines,
            )  # fmt: skip
            follow(drawn.glyph, line_color=colour)
            points = plot.scatter("x", "y", size=7, source=dots)
            follow(points.glyph, line_color=colour, fill_color=colour)
            entries[name] = [drawn, points]
            self._inputs.append((lines, dots))
        self._path = ColumnDataSource({"x": [], "y": []})
        path = plot.line("x", "y", source=self._path, line_width=2.5, line_dash="dashed")
        follow(path.glyph, line_color="vermillion")
        self._nodes, nodes = self._dots(plot, "paper")
        self._fault, fault = self._dots(plot, "vermillion")
        legend(plot, entries | {"the way back": [path, nodes], "the fault": [fault]})
        plot.legend.ncols = 3  # in two lines, which a phone is wide enough for

    def draw(self, links: tuple[Link, ...]) -> None:
        """Draw a way of one link or more."""
        self._links = links
        came = self._came(links[-1])
        steps = [float(link.step) for link in links] + [x for x, *_ in came]
        self._x.update(start=min(steps) - 0.6, end=max(steps) + 0.9)
        self._path.data = {
            "x": [link.step for link in links], "y": [self._rows[link.layer] for link in links]
        }  # fmt: skip
        for source, part in ((self._nodes, links[:-1]), (self._fault, links[-1:])):
            source.data = {
                "x": [link.step for link in part],
                "y": [self._rows[link.layer] for link in part],
                "text": [f"({', '.join(map(str, link.place))})" for link in part],
            }
        most = max((abs(product) for _, _, product in came), default=0) or 1
        end = links[-1]
        for (_, _, sign), (lines, dots) in zip(KINDS, self._inputs, strict=True):
            part_in = [one for one in came if (one[2] > 0) - (one[2] < 0) == sign]
            x, y = [x for x, *_ in part_in], [row for _, row, _ in part_in]
            dots.data = {"x": x, "y": y}
            lines.data = {
                "x0": x, "y0": y, "x1": [end.step] * len(x), "y1": [self._rows[end.layer]] * len(x),
                "width": [1 + 3 * abs(product) / most for _, _, product in part_in],
            }  # fmt: skip

    def link(self, x: float, y: float) -> Link | None:
        """Return the link that is nearest to a point, if one is near."""
        best = min(self._links, key=lambda one: self._far(one, x, y))
        return best if self._far(best, x, y) < 0.5 else None

    def _far(self, link: Link, x: float, y: float) -> float:
        return abs(link.step - x) + abs(self._rows[link.layer] - y)

    @staticmethod
    def _dots(plot: bokeh_figure, fill: str) -> tuple[ColumnDataSource, Any]:
        source = ColumnDataSource({"x": [], "y": [], "text": []})
        dots = plot.scatter("x", "y", source=source, size=15, line_width=2.5)
        follow(dots.glyph, line_color="vermillion", fill_color=fill)
        text = plot.text(
            "x", "y", "text", source=source, x_offset=13, y_offset=-8, text_font={"value": FONT},
            text_font_size="12px",
        )  # fmt: skip
        follow(text.glyph, text_color="ink")
        return source, dots

    def _came(self, link: Link) -> list[tuple[float, int, int]]:
        """Return what came into a neuron: its step, spread out, its row, and its product."""
        inspected = self._inspected
        maps = [
            sample_maps(inspected.tables, trace, inspected.x, link.sample)
            for trace in inspected.traces
        ]
        found = arrivals(inspected, maps, link.layer, link.place, link.step)[:MOST_INPUTS]
        groups: dict[tuple[int, str], list[Any]] = {}
        for each in found:
            groups.setdefault((each.step, each.source), []).append(each)
        result = []
        for (step, source), members in groups.items():
            members.sort(key=lambda each: each.place)
            for number, each in enumerate(members):
                x = step + 0.7 * ((number + 0.5) / len(members) - 0.5)
                product = each.weight * max(each.values, key=abs)
                result.append((x, self._rows[source], product))
        return result
