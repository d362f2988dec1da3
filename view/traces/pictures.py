"""What the pictures of traces share: an image of numbers, its colours, and marks on it."""

from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, CustomJSTickFormatter, LinearColorMapper
from bokeh.models.glyphs import Image as ImageGlyph
from bokeh.plotting import figure as bokeh_figure
from numpy.typing import NDArray

from ..colours import follow

CLEAR = "rgba(0, 0, 0, 0)"


class Image:
    """Numbers as colours, on a figure: from 0 up by a ramp, or on both sides of 0; or marks.

    Parameters
    ----------
    plot
        The figure.
    role
        'ramp', 'both sides' or 'differs', as `colours` has them.
    """

    def __init__(self, plot: bokeh_figure, role: str) -> None:
        self._signed = role == "bothsides"
        self.mapper = LinearColorMapper(palette=["#000000"], low=0, high=1, nan_color=CLEAR)
        follow(self.mapper, palette=role)
        if role == "differs":
            self.mapper.low, self.mapper.low_color = 1e-9, CLEAR
        self.source = ColumnDataSource(
            {"image": [np.zeros((1, 1), np.float32)], "x": [0], "y": [0], "dw": [1], "dh": [1]}
        )
        glyph = ImageGlyph(image="image", x="x", y="y", dw="dw", dh="dh", color_mapper=self.mapper)
        self.renderer = plot.add_glyph(self.source, glyph)
        self.renderer.level = "image"

    def show(
        self, picture: NDArray[np.float32], place: tuple[float, float, float, float], most: float
    ) -> None:
        """Show a picture at (left, bottom, width, height), with the strongest colour at `most`."""
        if self.mapper.low_color is None:
            self.mapper.update(low=-most if self._signed else 0, high=most)
        left, bottom, width, height = place
        self.source.data = {
            "image": [picture], "x": [left], "y": [bottom], "dw": [width], "dh": [height]
        }  # fmt: skip


class Marks:
    """Frames around cells, in a colour that says what they are.

    Parameters
    ----------
    plot
        The figure.
    role
        The colour.
    width
        Of the line, in CSS pixels.
    """

    def __init__(self, plot: bokeh_figure, role: str, width: float = 2) -> None:
        self.source = ColumnDataSource({"x": [], "y": [], "width": [], "height": []})
        frame = plot.rect(
            x="x", y="y", width="width", height="height", source=self.source, fill_color=None,
            line_width=width,
        )  # fmt: skip
        follow(frame.glyph, line_color=role)

    def show(self, cells: list[tuple[float, float]], size: tuple[float, float] = (1, 1)) -> None:
        """Show frames around cells given by (left, bottom)."""
        self.source.data = {
            "x": [x + size[0] / 2 for x, _ in cells],
            "y": [y + size[1] / 2 for _, y in cells],
            "width": [size[0]] * len(cells),
            "height": [size[1]] * len(cells),
        }


def whole_ticks(plot: bokeh_figure) -> None:
    """Let a figure's axes have whole numbers only."""
    for axis in (*plot.xaxis, *plot.yaxis):
        axis.ticker.update(min_interval=1)
        axis.formatter = CustomJSTickFormatter(code="return Number.isInteger(tick) ? tick : ''")


def strongest(values: NDArray[Any]) -> float:
    """Return the largest absolute value of a picture, 1 where there is none."""
    if not values.size:
        return 1.0
    found = float(np.nanmax(np.abs(values)))
    return found or 1.0
