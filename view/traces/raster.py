"""What all neurons of a layer did over time: a raster, drawn anew for the part that is seen."""

from typing import Any, Literal

import numpy as np
from bokeh.models import Range1d
from bokeh.plotting import figure as bokeh_figure
from numpy.typing import NDArray

from ..figures import figure
from .inspected import Inspected
from .pictures import Image, Marks, strongest, whole_ticks
from .pyramid import Pyramid

Quantity = Literal["spikes", "potentials"]


class Rasters:
    """The rasters of all traces, which show the same part.

    Samples follow each other on the time axis, neurons lie above each other by their number.
    """

    def __init__(self, inspected: Inspected) -> None:
        self._inspected = inspected
        self._pyramids: dict[tuple[int, str, str], Pyramid] = {}
        self.x, self.y = Range1d(start=0, end=1), Range1d(start=0, end=1)
        self.figures: list[bokeh_figure] = []
        self._spikes: list[Image] = []
        self._potentials: list[Image] = []
        self._marks: list[Marks] = []
        self._drawn: tuple[Any, ...] = ()
        for index, _ in enumerate(inspected.traces):
            plot = figure(
                x="time step" if inspected.samples == 1 else "time step, sample after sample",
                y="neuron", height=260, tools="box_zoom,pan,wheel_zoom,reset",
                active_drag="box_zoom", active_scroll=None,  # the wheel scrolls the page
                x_range=self.x, y_range=self.y, name=f"raster{index}",
            )  # fmt: skip
            plot.grid.visible = False
            whole_ticks(plot)
            self._spikes.append(Image(plot, "ramp"))
            self._potentials.append(Image(plot, "bothsides"))
            self.figures.append(plot)
            if index:
                self._differs = Image(plot, "differs")
            self._marks.append(Marks(plot, "vermillion"))

    def whole(self, layer: str) -> None:
        """Show all of a layer."""
        columns, rows = self._pyramid(0, "spikes", layer).shape
        for extent, size in ((self.x, columns), (self.y, rows)):
            extent.update(start=0, end=size, bounds=(0, size), reset_start=0, reset_end=size)

    def around(self, columns: tuple[float, float], rows: tuple[float, float]) -> None:
        """Show a part."""
        self.x.update(start=columns[0], end=columns[1])
        self.y.update(start=rows[0], end=rows[1])

    def draw(self, layer: str, quantity: Quantity, part: tuple[float, ...] | None = None) -> None:
        """Draw what is seen: (left, right, bottom, top), by default what the ranges say."""
        x: Any = (self.x.start, self.x.end)
        y: Any = (self.y.start, self.y.end)
        if part is not None:
            x, y = part[:2], part[2:]
        wanted = (layer, quantity, *x, *y)
        if wanted == self._drawn:  # figures that share their ranges tell of each change once each
            return
        self._drawn = wanted
        tiles = [
            self._pyramid(number, quantity, layer).tile(x, y) for number in range(len(self.figures))
        ]
        most = max(strongest(picture) for picture, _ in tiles)
        for number, (picture, place) in enumerate(tiles):
            images = {"spikes": self._spikes[number], "potentials": self._potentials[number]}
            for name, image in images.items():
                image.renderer.visible = name == quantity
            images[quantity].show(picture, place, most)
        if len(tiles) == 2:
            picture, place = self._pyramid(1, f"differing {quantity}", layer).tile(x, y)
            self._differs.show(picture, place, 1)

    def mark(self, column: int, row: int) -> None:
        """Frame a neuron in a time step."""
        for marks in self._marks:
            marks.show([(column, row)])

    def _pyramid(self, number: int, quantity: str, layer: str) -> Pyramid:
        key = (number, quantity, layer)
        if key not in self._pyramids:
            self._pyramids[key] = Pyramid(self._values(number, quantity, layer))
        return self._pyramids[key]

    def _values(self, number: int, quantity: str, layer: str) -> NDArray[Any]:
        """Return the values (samples · steps, neurons) of a layer."""
        traces = self._inspected.traces
        values: NDArray[Any]
        if quantity.startswith("differing"):
            kind = quantity.split()[1]
            values = np.not_equal(*(getattr(trace, kind)[layer] for trace in traces))
        else:
            values = getattr(traces[number], quantity)[layer]
        steps, samples = values.shape[:2]
        return values.swapaxes(0, 1).reshape(samples * steps, -1)
