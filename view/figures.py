"""Figures of Bokeh that look like the page they are on, and how they get into it.

A figure is a canvas in a shadow tree: nothing of it reaches a screen reader. So it comes with a
sentence that says what it shows, and its numbers as a table beside it: a `Picture`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bokeh.core.properties import value
from bokeh.embed import json_item
from bokeh.models import Axis, Grid, Model
from bokeh.models.annotations import Legend, LegendItem
from bokeh.plotting import figure as Plot

from .colours import follow
from .text import label

Place = Literal["above", "below", "left", "right", "center"]

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure with what it says to those who don't see it.

    Attributes
    ----------
    figure
        Bokeh's model: a figure, or a layout of some.
    alt
        What it shows, in a sentence or two.
    caption
        A title and what to look for, or an empty string.
    table
        Its numbers: HTML of `page.table`, or an empty string where the page has them elsewhere.
    """

    figure: Model
    alt: str
    caption: str = ""
    table: str = ""


def figure(
    *, x: str = "", y: str = "", height: int = 240, tools: str = "", **settings: Any
) -> Plot:
    """Return an empty figure in the page's colours, as wide as the page lets it be.

    Parameters
    ----------
    x, y
        What the axes are of, with the unit.
    height
        In CSS pixels.
    tools
        Bokeh's tools; without any, the figure is still and has nothing to reach by keyboard.
    **settings
        More for Bokeh's figure, such as ranges.
    """
    settings.setdefault("toolbar_location", "above" if tools else None)
    plot = Plot(
        height=height, sizing_mode="stretch_width", tools=tools, min_border_right=12,
        background_fill_color=None, border_fill_color=None, outline_line_color=None, **settings,
    )  # fmt: skip
    plot.toolbar.logo = None
    plot.toolbar.autohide = False
    for axes, name in ((plot.xaxis, x), (plot.yaxis, y)):
        axes.axis_label = label(name, 60) if name else None
    for axis in (*plot.xaxis, *plot.yaxis):
        dress_axis(axis)
    for grid in plot.select({"type": Grid}):
        follow(grid, grid_line_color="grid")
    return plot


def dress_axis(axis: Axis) -> None:
    """Give an axis the page's colours and type."""
    follow(
        axis, axis_line_color="line", major_tick_line_color="line", minor_tick_line_color="line",
        major_label_text_color="quiet", axis_label_text_color="quiet",
    )  # fmt: skip
    axis.minor_tick_line_alpha = 0
    axis.major_tick_in = 0
    axis.axis_label_text_font = axis.major_label_text_font = FONT
    axis.axis_label_text_font_style = "normal"
    axis.axis_label_text_font_size = axis.major_label_text_font_size = "12px"


def legend(plot: Plot, entries: Mapping[str, Sequence[Any]], place: Place = "above") -> None:
    """Add a legend in the page's colours: by its text, the renderers that it is for."""
    items = [LegendItem(label=label(text), renderers=list(of)) for text, of in entries.items()]
    look: dict[str, Any] = {
        "orientation": "horizontal", "padding": 0, "margin": 4, "spacing": 14, "glyph_width": 16,
        "border_line_color": None, "background_fill_color": None, "label_text_font": FONT,
        "label_text_font_size": "12px",
    }  # fmt: skip
    box = Legend(items=items, **look)
    follow(box, label_text_color="quiet")
    plot.add_layout(box, place)


def write(
    plot: Plot, xs: Sequence[Any], ys: Sequence[Any], texts: Sequence[str], role: str, **look: Any
) -> None:
    """Write texts into a figure, as `label` makes them, in the colour of a role.

    `look` is more for Bokeh's glyph, such as ``text_align``.
    """
    drawn = plot.text(
        x=[*xs], y=[*ys], text=[*texts], text_font=value(FONT), text_font_size="12px",
        text_baseline="middle", **look,
    )  # fmt: skip
    follow(drawn.glyph, text_color=role)


def factors(names: Sequence[object]) -> list[str]:
    """Return names as the factors of an axis: cut, and still different where the cut ones aren't.

    What tells them apart takes no room.
    """
    found: list[str] = []
    for name in names:
        text = label(name)
        while text in found:
            text += "\u200b"
        found.append(text)
    return found


def item(model: Model, target: str) -> str:
    """Return a figure as JSON for the page's script, the same text for the same figure.

    Bokeh numbers its models as they are made, so one figure's numbers depend on what was made
    before; here they count from 1 within the figure.

    Parameters
    ----------
    model
        The figure. It is of no document yet.
    target
        The `id` of the element that it is drawn into; it leads the numbers.
    """
    numbers: dict[str, str] = {}

    def fixed(part: Any) -> Any:
        if isinstance(part, list):
            return [fixed(one) for one in part]
        if not isinstance(part, dict):
            return part
        again = {key: fixed(one) for key, one in part.items()}
        if isinstance(again.get("id"), str):
            again["id"] = numbers.setdefault(again["id"], f"{target}-{len(numbers) + 1}")
        return again

    whole = json.loads(json.dumps(json_item(model)))
    doc = fixed(whole["doc"])
    doc["title"] = ""
    shown = {"target_id": target, "root_id": numbers[whole["root_id"]], "doc": doc,
             "version": whole["version"]}  # fmt: skip
    # Inside a <script>, no "<" may end it.
    return json.dumps(shown, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
