"""One neuron's life as a figure: potential, threshold and spikes over the time steps."""

from typing import Any

from bokeh.models import ColumnDataSource, DataRange1d, Range1d
from bokeh.models.annotations import Span
from bokeh.plotting import figure as bokeh_figure

from ...sim.causes.life import Moment
from ..colours import follow
from ..figures import figure, legend
from .inspected import Inspected
from .pictures import whole_ticks

MOST_STEPS = 400
"""In the figure, around the one that is looked at."""

COLOURS = ("blue", "vermillion")
"""Of the first trace and of the second."""


class LifeFigure:
    """The figure of a neuron in both traces.

    A dot is u, which is compared with the threshold; the line behind it is what was stored, both in
    LSBs of the accumulator. A triangle is a spike.
    """

    def __init__(self, inspected: Inspected) -> None:
        self.x = Range1d(start=-0.5, end=0.5)
        plot = self.figure = figure(
            x="time step", y="LSBs of the accumulator", height=280, x_range=self.x,
            tools="", name="life", y_range=DataRange1d(range_padding=0.2),
        )  # fmt: skip
        whole_ticks(plot)
        self._now = Span(dimension="height", line_width=14, line_alpha=0.16, level="underlay")
        follow(self._now, line_color="quiet")
        plot.add_layout(self._now)
        self._threshold = ColumnDataSource({"x": [], "y": []})
        bound = plot.line("x", "y", source=self._threshold, line_dash="dashed", line_width=1.5)
        follow(bound.glyph, line_color="quiet")
        entries: dict[str, list[Any]] = {}
        self._sources: list[dict[str, ColumnDataSource]] = []
        for name, colour in zip(inspected.names, COLOURS, strict=False):
            drawn, sources = _series(plot, colour, dashed=bool(self._sources))
            entries[name] = drawn
            self._sources.append(sources)
        entries["threshold"] = [bound]
        legend(plot, entries)

    def draw(self, lives: list[list[Moment]], kept: list[list[int]], fires: list[list[int]],
             shift: Any, step: int) -> None:  # fmt: skip
        """Draw a neuron.

        Parameters
        ----------
        lives
            Of each trace, what the rule makes of its inputs.
        kept, fires
            Of each trace, what it has: stored integers and spikes of each step.
        shift
            Brings a stored integer back to accumulator LSBs.
        step
            That is looked at.
        """
        steps = len(lives[0])
        first = max(0, min(step - MOST_STEPS // 2, steps - MOST_STEPS))
        part = range(first, min(first + MOST_STEPS, steps))
        for moments, stored, spikes, sources in zip(lives, kept, fires, self._sources, strict=True):
            sources["u"].data = {"x": [*part], "y": [moments[t].u for t in part]}
            sources["kept"].data = {"x": [*part], "y": [shift(stored[t]) for t in part]}
            fired = [t for t in part if spikes[t]]
            sources["fires"].data = {"x": fired, "y": [moments[t].u for t in fired]}
        bound = lives[0][0].threshold
        edges = [part.start - 0.5, part.stop - 0.5]
        self._threshold.data = {
            "x": edges if bound is not None else [],
            "y": [bound, bound] if bound is not None else [],
        }
        self._now.location = step
        self.x.update(start=edges[0], end=edges[1], reset_start=edges[0], reset_end=edges[1])


def _series(
    plot: bokeh_figure, colour: str, *, dashed: bool
) -> tuple[list[Any], dict[str, ColumnDataSource]]:
    """Return the glyphs of one trace, and their sources by what they show."""
    sources = {name: ColumnDataSource({"x": [], "y": []}) for name in ("u", "kept", "fires")}
    line = plot.step(
        "x", "y", source=sources["kept"], mode="center", line_width=2,
        line_dash="dashed" if dashed else "solid",
    )  # fmt: skip
    follow(line.glyph, line_color=colour)
    dots = plot.scatter(
        "x", "y", source=sources["u"], size=7 if dashed else 9,
        marker="square" if dashed else "circle", fill_alpha=0 if dashed else 1,
    )  # fmt: skip
    follow(dots.glyph, fill_color=colour, line_color=colour)
    spikes = plot.scatter(
        "x", "y", source=sources["fires"], size=19 if dashed else 15, marker="triangle",
        fill_alpha=0 if dashed else 0.35, line_width=2,
    )  # fmt: skip
    follow(spikes.glyph, fill_color=colour, line_color=colour)
    return [line, dots], sources
