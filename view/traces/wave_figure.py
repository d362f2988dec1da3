"""The waveform around a difference as a figure, and its values as a table."""

from typing import Any

from bokeh.models import FixedTicker, HoverTool, Range1d
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
"""Cycles before and behind the difference that are seen at first."""
WIDEST = 7
"""Characters of a value that are written into it; the others are told when it is pointed at."""


def drawn(waves: Waves) -> list[Signal]:
    """Return the signals that are drawn: those that change, and no word beside its fields."""
    names = [signal.name for signal in waves.signals]

    def has_fields(whole: str) -> bool:
        return any(name.startswith((f"{whole}/", f"{whole}(")) for name in names)

    return [
        signal
        for signal in waves.signals
        if len(signal.times) > 1
        and not signal.name.endswith(".clk")
        and not has_fields(signal.name)
    ]


def wave_figure(waves: Waves) -> bokeh_figure:
    """Return the waveform: a row a signal, with the cycle of the difference marked."""
    shown = drawn(waves)
    plot = figure(
        x="clock cycle", height=ROW * len(shown) + 96, name="waves",
        tools="xpan,xzoom_in,xzoom_out,reset",
        x_range=Range1d(
            start=waves.cycle - AHEAD, end=waves.cycle + 1 + BEHIND,
            bounds=(waves.first, waves.last + 1),
        ),
        y_range=Range1d(start=len(shown) - 0.4, end=-0.6),
    )  # fmt: skip
    whole_ticks(plot)
    plot.yaxis[0].ticker = FixedTicker(ticks=[*range(len(shown))])
    plot.yaxis[0].major_label_overrides = {
        row: label(short(signal), 30) for row, signal in enumerate(shown)
    }
    plot.yaxis[0].major_label_text_font_size = "11px"
    plot.ygrid.visible = False
    mark = BoxAnnotation(left=waves.cycle, right=waves.cycle + 1, fill_alpha=0.25, level="underlay")
    follow(mark, fill_color="vermillion")
    plot.add_layout(mark)
    _levels(plot, waves, shown)
    _words(plot, waves, shown)
    return plot


def short(signal: Signal) -> str:
    """Return a name that is no longer than it must be: without 'payload' and 'update'."""
    return signal.name.replace("__payload/", ".").replace("__payload", "").replace("update.", "")


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
        name: [] for name in ("left", "right", "row", "value", "text", "name", "at")
    }
    for row, signal in enumerate(shown):
        if signal.bits == 1:
            continue
        for start, end, value in _spans(signal, waves.last + 1):
            told = signal.text(value)
            few = WIDEST if end - start <= 1 else 3 * WIDEST
            fields = (start, end, row, told, told if len(told) <= few else "…", signal.name,
                      f"{start:g} … {end:g}")  # fmt: skip
            for name, field in zip(data, fields, strict=True):
                data[name].append(field)
    boxes = plot.hbar(
        y="row", left="left", right="right", height=0.62, source=data, line_width=1,
    )  # fmt: skip
    follow(boxes.glyph, fill_color="panel", line_color="blue")
    words = plot.text(
        x="left", y="row", text="text", source=boxes.data_source, x_offset=3,
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


def wave_table(waves: Waves) -> str:
    """Return the signals' values around the cycle of the difference, before its clock edge."""
    cycles = [c for c in range(waves.cycle - 2, waves.cycle + 2) if waves.first <= c <= waves.last]
    rows = [
        [escaped(short(signal)), escaped(signal.group), str(signal.bits)]
        + [signal.text(signal.at(cycle + 0.2)) for cycle in cycles]
        for signal in waves.signals
        if not signal.name.endswith("clk")
    ]
    heads = ("signal", "group", "bits", *(f"cycle {cycle:,}" for cycle in cycles))
    caption = "Values before the clock edge: signed numbers, or hexadecimal digits"
    return table(caption, heads, rows, words=2, tall=True)
