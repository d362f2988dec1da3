"""A layer's maps in one time step, as pictures."""

import numpy as np
from bokeh.models import Range1d
from bokeh.plotting import figure as bokeh_figure
from numpy.typing import NDArray

from ...sim.causes.field import Place
from ..figures import figure
from .inspected import Inspected
from .layout import Mosaic
from .pictures import Image, Marks, strongest, whole_ticks
from .pyramid import Pyramid
from .raster import Quantity


class InputMap:
    """The picture of the input, which is the same for all traces.

    Attributes
    ----------
    figure
        Bokeh's figure.
    """

    def __init__(self, inspected: Inspected) -> None:
        self._x = inspected.x
        self._mosaic = Mosaic.of(inspected.x.shape[2:])
        columns, rows = self._mosaic.size
        x, y = Range1d(start=0, end=columns), Range1d(start=rows, end=0)
        self.figure = _still("mapsinput", x, y)
        self.figure.aspect_ratio = max(columns / rows, 1)
        Marks(self.figure, "line", 1).show(*self._mosaic.frames())
        self._most = strongest(inspected.x)
        self._image = Image(self.figure, "bothsides" if inspected.x.min() < 0 else "ramp")

    def draw(self, step: int, sample: int) -> None:
        """Draw what comes in in one step of one sample."""
        _show(self._image, self._mosaic.laid(self._x[step, sample]), self._most)


class Maps:
    """The pictures of all traces, with the neurons that differ in the last one."""

    def __init__(self, inspected: Inspected) -> None:
        self._inspected = inspected
        self.x, self.y = Range1d(start=0, end=1), Range1d(start=1, end=0)
        self.mosaic = Mosaic.of((1,))
        self.figures: list[bokeh_figure] = []
        self._images: list[tuple[Image, Image]] = []
        self._marks: list[Marks] = []
        self._frames: list[Marks] = []
        for index, _ in enumerate(inspected.traces):
            plot = _still(f"maps{index}", self.x, self.y)
            self._frames.append(Marks(plot, "line", 1))
            self._images.append((Image(plot, "ramp"), Image(plot, "bothsides")))
            self.figures.append(plot)
            if index:
                self._differs = Image(plot, "differs")
                self._differs.renderer.glyph.global_alpha = 0.85
            self._marks.append(Marks(plot, "vermillion", 2.5))
        self._layer = ""

    def draw(self, layer: str, quantity: Quantity, step: int, sample: int, place: Place) -> None:
        """Draw a layer in one step of one sample, with a frame around one neuron."""
        traces = self._inspected.traces
        if layer != self._layer:
            self._layer = layer
            self.mosaic = Mosaic.of(self._inspected.tables.neuron_shapes[layer])
            columns, rows = self.mosaic.size
            self.x.update(start=0, end=columns, reset_start=0, reset_end=columns)
            self.y.update(start=rows, end=0, reset_start=rows, reset_end=0)
            for plot, frames in zip(self.figures, self._frames, strict=True):
                plot.aspect_ratio = max(columns / rows, 1)
                frames.show(*self.mosaic.frames())
        shown = [getattr(trace, quantity)[layer][step, sample] for trace in traces]
        most = max(strongest(values) for values in shown)
        for values, (spikes, potentials), marks in zip(
            shown, self._images, self._marks, strict=True
        ):
            image = spikes if quantity == "spikes" else potentials
            spikes.renderer.visible = quantity == "spikes"
            potentials.renderer.visible = quantity == "potentials"
            _show(image, self.mosaic.laid(values), most)
            x, y = self.mosaic.cell(place)
            marks.show([(x, y)])
        if len(shown) == 2:
            differs = (shown[0] != shown[1]).astype(np.float32)
            _show(self._differs, self.mosaic.laid(differs), 1)


def _still(name: str, x: Range1d, y: Range1d) -> bokeh_figure:
    """Return a figure for a picture, without axes and tools."""
    plot = figure(x_range=x, y_range=y, name=name, min_border=1)
    plot.min_border_right = 1
    plot.grid.visible = plot.axis.visible = False
    whole_ticks(plot)
    return plot


def _show(image: Image, picture: NDArray[np.float32], most: float) -> None:
    rows, columns = picture.shape
    found, place = Pyramid(picture.T).tile((0, columns), (0, rows))
    image.show(found, place, most)
