"""How the training went: loss and accuracy of each epoch."""

import math
from collections.abc import Iterator
from typing import Any

from bokeh.models import BasicTicker, NumeralTickFormatter

from ..colours import follow
from ..figures import Picture, figure, legend
from ..page import Columns, side_by_side, table
from ..text import decimal, percent
from .run import Run, number, real


def parts(run: Run) -> Iterator[str | Columns]:
    """Yield the curves of the network, and of the float one where it was trained beside."""
    yield side_by_side(_curve(run, "loss"), _curve(run, "accuracy"))
    heads = ["epoch", "loss", "accuracy"]
    both = bool(run.float_training)
    heads += ["float loss", "float accuracy"] if both else []
    rows = []
    for index in range(max(len(run.training), len(run.float_training))):
        cells = [str(index), *_cells(run.training, index)]
        rows.append(cells + (_cells(run.float_training, index) if both else []))
    numbers = table("Mean loss and accuracy of each epoch's batches", heads, rows, words=0,
                    tall=True)  # fmt: skip
    yield f"<details><summary>Numbers</summary>{numbers}</details>\n"


def _cells(history: tuple[dict[str, Any], ...], index: int) -> list[str]:
    line = history[index] if index < len(history) else {}
    return [decimal(real(line.get("loss")), 4), percent(real(line.get("accuracy")), 2)]


def _curve(run: Run, what: str) -> Picture:
    plot = figure(x="epoch", y=what, height=230)
    plot.xaxis.ticker = BasicTicker(min_interval=1)
    drawn = {}
    both = {"quantized": run.training, "float": run.float_training}
    told = []
    for (name, history), role, dash in zip(
        both.items(), ("blue", "orange"), ("solid", "dashed"), strict=True
    ):
        values = [number(line.get(what)) for line in history]
        finite = [value for value in values if value is not None]
        if not finite:
            continue
        # What is no number leaves a gap.
        heights = [math.nan if v is None else v for v in values]
        line = plot.line([*range(len(heights))], heights, line_width=2)
        dots = plot.scatter([*range(len(heights))], heights, size=4)
        line.glyph.line_dash = dash
        follow(line.glyph, line_color=role)
        follow(dots.glyph, fill_color=role, line_color=role)
        drawn[name] = [line]
        last = percent(finite[-1]) if what == "accuracy" else decimal(finite[-1], 3)
        told.append(f"{name} {last} at the end")
    if len(drawn) > 1:
        legend(plot, drawn)
    if what == "accuracy":
        plot.yaxis.formatter = NumeralTickFormatter(format="0%")
    title = f"{what.capitalize()} in training"
    ends = "; ".join(told) or "no epoch has a number"
    return Picture(figure=plot, alt=f"{title}: {ends}.", caption=f"<b>{title}</b><br>{ends}.")
