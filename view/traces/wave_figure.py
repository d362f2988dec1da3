"""The waveform around a difference as a figure, and its values as a table."""

import re
from math import ceil, floor
from typing import Any

from bokeh.models import AdaptiveTicker, CustomJS, FixedTicker, HoverTool, Range1d
from bokeh.models.annotations import BoxAnnotation
from bokeh.plotting import figure as bokeh_figure

from ...sim.bench.wave_file import Signal, Waves
from ..colours import follow
from ..figures import FONT, figure
from ..page import table
from ..text import escaped, label
from .pictures import whole_ticks

ROW = 19
"""Height of a signal, in CSS pixels."""
AHEAD, BEHIND = 8, 4
"""Cycles before and behind the difference that are seen at first, where there is room."""
WIDEST = 7
"""Characters of a value that are written into a cycle; what is longer is told where it is pointed
at, and in the table."""
AGAIN = 3
"""Cycles after which a value that stays is written again."""
MOST_COLUMNS = 16
"""Cycles in the table."""

_ROOM = """
if (plot.tags.includes("sized") || !plot.inner_width) return;
plot.tags = [...plot.tags, "sized"];
const left = Math.max(2, Math.min(ahead, Math.round(plot.inner_width / 56) - 3));
const start = cycle - left, end = cycle + 1 + Math.min(behind, left);
plot.x_range.setv({start, end, reset_start: start, reset_end: end});
"""
"""Shows as many cycles at first as there is room for."""


class WaveFigure:
    """The waveform: a row a signal, with the cycle of the difference marked.

    Attributes
    ----------
    figure
        Bokeh's figure.
    """

    def __init__(self, waves: Waves) -> None:
        self._waves = waves
        shown = drawn(waves)
        self._x = Range1d(
            start=waves.cycle - AHEAD, end=waves.cycle + 1 + BEHIND,
            bounds=(waves.first, waves.last + 1),
        )  # fmt: skip
        plot = self.figure = figure(
            x="clock cycle", height=ROW * len(shown) + 96, name="waves",
            tools="xpan,xzoom_in,xzoom_out,reset", x_range=self._x,
            y_range=Range1d(start=len(shown) - 0.4, end=-0.6),
        )  # fmt: skip
        plot.toolbar.active_drag = None  # a finger scrolls the page
        whole_ticks(plot)
        plot.xaxis[0].ticker = AdaptiveTicker(desired_num_ticks=5, min_interval=1)
        plot.yaxis[0].ticker = FixedTicker(ticks=[*range(len(shown))])
        plot.yaxis[0].major_label_overrides = {
            row: label(short(waves, signal), 30) for row, signal in enumerate(shown)
        }
        plot.yaxis[0].major_label_text_font_size = "11px"
        plot.ygrid.visible = False
        mark = BoxAnnotation(
            left=waves.cycle, right=waves.cycle + 1, fill_alpha=0.25, level="underlay"
        )
        follow(mark, fill_color="vermillion")
        plot.add_layout(mark)
        room = {"plot": plot, "cycle": waves.cycle, "ahead": AHEAD, "behind": BEHIND}
        plot.js_on_change("inner_width", CustomJS(args=room, code=_ROOM))
        _levels(plot, waves, shown)
        _words(plot, waves, shown)

    @property
    def cycles(self) -> range:
        """Cycles that are seen."""
        start, end = self._ends
        return range(max(floor(start), self._waves.first), min(ceil(end), self._waves.last + 1))

    @property
    def _ends(self) -> tuple[float, float]:
        x: Any = self._x
        return float(x.start), float(x.end)

    def turn(self, cycles: int) -> None:
        """Show so many cycles later or, below 0, earlier; 0 shows the difference again."""
        waves, (start, end) = self._waves, self._ends
        wide = end - start
        start += cycles
        if not cycles:
            start = waves.cycle + 1 - round(wide * (AHEAD + 1) / (AHEAD + 1 + BEHIND))
        start = max(waves.first, min(waves.last + 1 - wide, start))
        self._x.update(start=start, end=start + wide)

    def table(self) -> str:
        """Return the values of all signals in the cycles that are seen, before the clock edge."""
        cycles = self.cycles[:MOST_COLUMNS]
        rows = [
            [escaped(short(self._waves, signal)), escaped(signal.group), str(signal.bits)]
            + [signal.text(signal.at(cycle + 0.2)) for cycle in cycles]
            for signal in _told(self._waves)
            if not signal.name.endswith("clk")
        ]
        heads = ("signal", "group", "bits", *(f"cycle {cycle:,}" for cycle in cycles))
        caption = "Values before the clock edge; 0x is of those without a sign"
        return table(caption, heads, rows, words=2, tall=True)


def drawn(waves: Waves) -> list[Signal]:
    """Return the signals that are drawn: those that change."""
    return [
        signal
        for signal in _told(waves)
        if len(signal.times) > 1 and not signal.name.endswith(".clk")
    ]


def _told(waves: Waves) -> list[Signal]:
    """Return the signals, but no word beside its fields, and no observations of other updates."""
    names = [signal.name for signal in waves.signals]

    def has_fields(whole: str) -> bool:
        return any(name.startswith((f"{whole}/", f"{whole}(")) for name in names)

    def elsewhere(group: str) -> bool:
        return bool(waves.stream) and group.startswith("observe") and group != waves.stream

    return [
        signal
        for signal in waves.signals
        if not has_fields(signal.name) and not elsewhere(signal.group)
    ]


def short(waves: Waves, signal: Signal) -> str:
    """Return a signal's name without 'payload' and, where one update is there, what that is in."""
    name = signal.name
    if waves.stream.startswith("observe"):
        name = re.sub(r"^(replica_\d+\.)?(stage\w*\.)?update\.", "", name)
    return name.replace("__payload/", ".").replace("__payload", "")


def _levels(plot: bokeh_figure, waves: Waves, shown: list[Signal]) -> None:
    """Draw the signals of one bit: low, or high."""
    xs, ys = [], []
    for row, signal in enumerate(shown):
        if signal.bits > 1:
            continue
        x: list[float] = []
        y: list[float] = []
        for start, end, value in _spans(signal, waves.last + 1):
            height = row + 0.3 - 0.6 * value
            x += [start, end]
            y += [height, height]
        xs.append(x)
        ys.append(y)
    lines = plot.multi_line(xs, ys, line_width=1.5)
    follow(lines.glyph, line_color="blue")


def _words(plot: bokeh_figure, waves: Waves, shown: list[Signal]) -> None:
    """Draw the signals of several bits: boxes with their values."""
    data: dict[str, list[Any]] = {
        name: [] for name in ("left", "right", "row", "value", "name", "at")
    }
    written: dict[str, list[Any]] = {"at": [], "row": [], "text": []}
    for row, signal in enumerate(shown):
        if signal.bits == 1:
            continue
        for start, end, value in _spans(signal, waves.last + 1):
            told = signal.text(value)
            few = WIDEST if end - start <= 1 else 3 * WIDEST
            text = told if len(told) <= few else "…"
            fields = (start, end, row, told, signal.name, f"{start:g} … {end:g}")
            for name, field in zip(data, fields, strict=True):
                data[name].append(field)
            again = [start + AGAIN * turn for turn in range(ceil((end - start) / AGAIN))]
            written["at"] += again
            written["row"] += [row] * len(again)
            written["text"] += [text] * len(again)
    boxes = plot.hbar(
        y="row", left="left", right="right", height=0.62, source=data, line_width=1,
    )  # fmt: skip
    follow(boxes.glyph, fill_color="panel", line_color="blue")
    words = plot.text(
        x="at", y="row", text="text", source=written, x_offset=3,
        text_baseline="middle", text_font={"value": FONT}, text_font_size="11px",
    )  # fmt: skip
    follow(words.glyph, text_color="ink")
    plot.add_tools(HoverTool(
        renderers=[boxes],
        tooltips=[("signal", "@name"), ("value", "@value"), ("cycles", "@at")],
    ))  # fmt: skip


def _spans(signal: Signal, end: float) -> list[tuple[float, float, int]]:
    """Return (start, end, value) of each value."""
    ends = (*signal.times[1:], float(end))
    return list(zip(signal.times, ends, signal.values, strict=True))
