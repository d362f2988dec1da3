"""The figure of an exploration's page: empty, as the page's script fills it with points."""

from collections.abc import Sequence
from typing import Any

from bokeh.models import (
    ColumnDataSource,
    FixedTicker,
    HoverTool,
    Range1d,
    TapTool,
)
from bokeh.models.renderers import DataRenderer, GlyphRenderer
from bokeh.plotting import figure as bokeh_figure

from ..colours import follow
from ..figures import figure, legend

LOOKS = (
    ("blue", "circle"),
    ("vermillion", "triangle"),
    ("green", "square"),
    ("purple", "diamond"),
    ("orange", "inverted_triangle"),
)
"""Colour and marker of each board or part, again from the first where there are more."""
EMPTY = (
    *("x", "y", "id", "number", "images", "cycles", "cells", "rams", "accuracy", "additions"),
    "bits",
)


def plot(targets: Sequence[str]) -> bokeh_figure:
    """Return the figure without any point yet."""
    drawn = figure(x="Logic cells", y="Images a second", height=460, name="plot",
                   tools="pan,box_zoom,wheel_zoom,reset", active_scroll=None,
                   x_range=Range1d(start=0, end=1), y_range=Range1d(start=0, end=1))  # fmt: skip
    for grid, axis in ((drawn.xgrid[0], drawn.xaxis[0]), (drawn.ygrid[0], drawn.yaxis[0])):
        grid.ticker = axis.ticker = FixedTicker(ticks=[])
    entries: dict[str, Sequence[GlyphRenderer[Any]]] = {}
    marks: list[DataRenderer] = []
    for place, name in enumerate(targets):
        colour, marker = LOOKS[place % len(LOOKS)]
        line = drawn.line("x", "y", source=_source(f"line-{place}", ("x", "y")), line_width=1.5)
        follow(line.glyph, line_color=colour)
        line.glyph.line_alpha = 0.7
        others = drawn.scatter("x", "y", source=_source(f"others-{place}"), marker=marker, size=5)
        best = drawn.scatter("x", "y", source=_source(f"front-{place}"), marker=marker, size=10)
        for points, alpha in ((others, 0.28), (best, 0.95)):
            follow(points.glyph, fill_color=colour, line_color=colour)
            points.glyph.fill_alpha = points.glyph.line_alpha = alpha
            points.nonselection_glyph = points.selection_glyph = None
        follow(best.glyph, fill_color=colour, line_color="paper")
        marks += [others, best]
        entries[name] = [best, line]
    chosen = drawn.scatter("x", "y", source=_source("chosen", ("x", "y")), size=18, fill_alpha=0)
    follow(chosen.glyph, line_color="ink")
    chosen.glyph.line_width = 2
    tips = [
        ("Point", "@number"), ("Images a second", "@images"), ("Cycles", "@cycles"),
        ("Cells", "@cells"), ("Block RAMs", "@rams"), ("Accuracy", "@accuracy"),
        ("Additions", "@additions"), ("Bits", "@bits"),
    ]  # fmt: skip
    drawn.add_tools(HoverTool(renderers=marks, tooltips=tips), TapTool(renderers=marks))
    legend(drawn, entries)
    return drawn


def _source(name: str, columns: Sequence[str] = EMPTY) -> ColumnDataSource:
    return ColumnDataSource({column: [] for column in columns}, name=name)
