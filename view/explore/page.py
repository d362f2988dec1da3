"""The page of an exploration: its points between two axes of choice, the front, and each plan.

The figure comes empty, and the page's script fills it: with the axes that are chosen, and the
points that the filter lets through. Plan files lie in the page compressed, as there are many.
"""

import base64
import gzip
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bokeh.models import (
    ColumnDataSource,
    FixedTicker,
    HoverTool,
    LinearAxis,
    Range1d,
    TapTool,
)
from bokeh.plotting import figure as bokeh_figure

from ...boards.families.family import OpenFamily
from ...boards.registry import BOARDS
from ...hw.plan import plan_file
from ..colours import follow
from ..figures import Picture, figure, legend
from ..page import Section, page as whole, table, tiles
from ..text import decimal, escaped, isolated, percent, whole as count
from .figures import Row

MOST = 4000
"""Points on a page; the front and what was followed come first."""
NUMBER, TABLES = "@N@", "@T@"
"""Stand in commands for a point's number and its tables; the shell takes them as they are."""
MOST_ROWS = 400
"""Rows of its table."""
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
_HERE = Path(__file__).parent


def page(
    points: Sequence[Row],
    settings: Mapping[str, str],
    name: str,
    file: str,
    source: str | None = None,
) -> str:
    """Return the page of an exploration.

    Parameters
    ----------
    points
        Rows of its file.
    settings
        What it was asked for, as the file has it.
    name
        Of the network.
    file
        The exploration's, as the page's commands call it.
    source
        The tables', as they call it.
    """
    targets = settings["targets"].split()
    rows = _chosen(points)
    front = [row for row in rows if row["front"]]
    front.sort(key=lambda row: (targets.index(row["target"]), row["cycles_per_image"]))
    places = {row["number"]: place for place, row in enumerate(rows)}
    fits = sum(row["fits"] for row in points)
    sections = (
        Section(
            anchor="points",
            title="Points",
            parts=(
                tiles(_figures(points, targets, fits)),
                _controls(rows, targets),
                Picture(
                    figure=_plot(targets),
                    alt=f"Each of {len(rows)} plans as a point between the two axes chosen above; "
                    "those on the front are large, and a line joins the best in both axes. The "
                    "same figures are in the table of the front below.",
                ),
                _PANEL,
                _data(rows, settings, targets, file, source),
            ),
        ),
        Section(
            anchor="front",
            title="The front",
            parts=(
                "<p>Points that none of the same board beats in all of: images a second, cells, "
                "block RAMs, accuracy, and additions an image. Show one to get its plan file and "
                "the command that builds it.</p>",
                _table(front[:MOST_ROWS], places),
            ),
        ),
        Section(anchor="about", title="What the figures are", parts=(_about(settings, points),)),
    )
    left = f", {len(rows):,} of them here" if len(rows) < len(points) else ""
    lead = f"{len(points):,} plans on {escaped(', '.join(targets))}{left}; all are in "
    script = (_HERE / "explore.js").read_text(encoding="utf-8")
    return whole(
        f"Plans of {name}",
        f"{lead}{isolated(Path(file).name)}",
        sections,
        f"Made by somagate {escaped(settings['somagate'])} from tables "
        f"{escaped(settings['tables'][:12])}.",
        script,
    )


def _chosen(points: Sequence[Row]) -> list[Row]:
    """Return the points that the page has, by their number."""
    order = sorted(
        points,
        key=lambda row: (
            not row["front"], row["exact_cycles_per_image"] is None, not row["fits"], row["number"],
        ),
    )  # fmt: skip
    return sorted(order[:MOST], key=lambda row: int(row["number"]))


def _figures(
    points: Sequence[Row], targets: Sequence[str], fits: int
) -> list[tuple[str, str, str]]:
    """Return the page's tiles."""
    front = sum(row["front"] for row in points)
    found = [("Plans compared", count(len(points)), f"{fits:,} of them fit")]
    found.append(("On the front", count(front), "none of the same board beats these"))
    for name in targets[:4]:
        mine = [row for row in points if row["target"] == name and row["front"]]
        if not mine:
            found.append((f"On {escaped(name)}", "–", "no plan fits"))
            continue
        best = min(mine, key=lambda row: float(row["cycles_per_image"]))
        rate = best["images_per_second"]
        unit, value = ("Images a second", rate) if rate else ("Cycles", best["cycles_per_image"])
        about = f"fastest, {percent(best['logic_share'], 0)} of the logic: point {best['number']}"
        found.append((f"{unit} on {escaped(name)}", count(value), about))
    return found


def _axes(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the axes that there are figures for; more is better, or less."""
    axes: list[dict[str, Any]] = [
        {"key": "images", "column": "images_per_second", "label": "Images a second", "more": True,
         "log": True},
        {"key": "cycles", "column": "cycles_per_image", "label": "Cycles an image", "log": True},
        {"key": "cells", "column": "logic_cells", "label": "Logic cells", "log": True},
        {"key": "logic", "column": "logic_share", "label": "Share of the logic", "share": 1},
        {"key": "rams", "column": "block_rams", "label": "Block RAMs", "log": True},
        {"key": "ram_share", "column": "block_ram_share", "label": "Share of the block RAMs",
         "share": 1},
        {"key": "accuracy", "column": "accuracy", "label": "Accuracy", "more": True, "share": 2},
        {"key": "additions", "column": "additions_per_image", "label": "Additions an image",
         "log": True},
    ]  # fmt: skip
    return [axis for axis in axes if any(row[axis["column"]] is not None for row in rows)]


def _controls(rows: Sequence[Row], targets: Sequence[str]) -> str:
    """Return the choice of axes, of a board, and the filter."""
    axes = _axes(rows)

    def select(anchor: str, label: str, options: Sequence[tuple[str, str]], chosen: str) -> str:
        inside = "".join(
            f'<option value="{value}"{" selected" if value == chosen else ""}>{escaped(told)}'
            "</option>"
            for value, told in options
        )
        return f'<label>{label}<select id="{anchor}">{inside}</select></label>'

    options = [(axis["key"], axis["label"]) for axis in axes]
    on = [("", "all"), *((str(place), name) for place, name in enumerate(targets))]
    return (
        f"{_STYLE}<fieldset class='controls'><legend>What the picture shows</legend>"
        f"{select('across', 'Across', options, 'cells')}"
        f"{select('up', 'Up', options, axes[0]['key'])}"
        f"{select('on', 'On', on, '')}"
        '<label class="check"><input type="checkbox" id="fits" checked>Only plans that fit</label>'
        '<output id="count" for="across up on fits"></output></fieldset>'
    )


def _plot(targets: Sequence[str]) -> bokeh_figure:
    """Return the figure without any point yet."""
    plot = figure(height=460, tools="pan,box_zoom,wheel_zoom,reset", name="plot",
                  x_range=Range1d(0, 1), y_range=Range1d(0, 1), active_scroll=None)  # fmt: skip
    for axis in plot.select({"type": LinearAxis}):
        axis.ticker = FixedTicker(ticks=[])
    for grid, axis in ((plot.xgrid[0], plot.xaxis[0]), (plot.ygrid[0], plot.yaxis[0])):
        grid.ticker = axis.ticker
    entries, marks = {}, []
    for place, name in enumerate(targets):
        colour, marker = LOOKS[place % len(LOOKS)]
        line = plot.line("x", "y", source=_source(f"line-{place}", ("x", "y")), line_width=1.5)
        follow(line.glyph, line_color=colour)
        line.glyph.line_alpha = 0.7
        others = plot.scatter("x", "y", source=_source(f"others-{place}"), marker=marker, size=5)
        best = plot.scatter("x", "y", source=_source(f"front-{place}"), marker=marker, size=10)
        for points, alpha in ((others, 0.28), (best, 0.95)):
            follow(points.glyph, fill_color=colour, line_color=colour)
            points.glyph.fill_alpha = points.glyph.line_alpha = alpha
            points.nonselection_glyph = points.selection_glyph = None
        follow(best.glyph, fill_color=colour, line_color="paper")
        marks += [others, best]
        entries[name] = [best, line]
    chosen = plot.scatter("x", "y", source=_source("chosen", ("x", "y")), size=18, fill_alpha=0)
    follow(chosen.glyph, line_color="ink")
    chosen.glyph.line_width = 2
    tips = [
        ("Point", "@number"), ("Images a second", "@images"), ("Cycles", "@cycles"),
        ("Cells", "@cells"), ("Block RAMs", "@rams"), ("Accuracy", "@accuracy"),
        ("Additions", "@additions"), ("Bits", "@bits"),
    ]  # fmt: skip
    plot.add_tools(HoverTool(renderers=marks, tooltips=tips), TapTool(renderers=marks))
    legend(plot, entries)
    return plot


def _source(name: str, columns: Sequence[str] = EMPTY) -> ColumnDataSource:
    return ColumnDataSource({column: [] for column in columns}, name=name)


def _table(front: Sequence[Row], places: Mapping[int, int]) -> str:
    """Return the front as a table, each row with a button that shows its point."""
    heads = [
        "Point", "On", "Images/s", "Cycles", "Cells", "of all", "Block RAMs", "Additions",
        "Accuracy", "Bits of weights / potentials",
    ]  # fmt: skip
    done = any(row["verified"] or row["built"] for row in front)
    heads += ["Verified", "Clock, MHz"] if done else []
    rows = [
        (
            f'<button type="button" data-point="{places[row["number"]]}" '
            f'aria-label="Show point {row["number"]}">{row["number"]}</button>',
            isolated(row["target"]),
            count(row["images_per_second"]),
            count(row["cycles_per_image"]),
            count(row["logic_cells"]),
            percent(row["logic_share"], 0),
            count(row["block_rams"]),
            count(row["additions_per_image"]),
            percent(row["accuracy"], 2),
            escaped(f"{row['weight_bits']} / {row['state_bits']}"),
            *((escaped(row["verified"] or "–"), decimal(row["fmax_mhz"], 1)) if done else ()),
        )
        for row in front
    ]
    return table("The front, the fastest of each board first", heads, rows, words=2, tall=True)


def _data(
    rows: Sequence[Row], settings: Mapping[str, str], targets: Sequence[str], file: str,
    source: str | None,
) -> str:  # fmt: skip
    """Return what the page's script reads."""
    axes = _axes(rows)
    networks = sorted({row["network"] for row in rows})
    bits = {row["network"]: f"{row['weight_bits']} / {row['state_bits']}" for row in rows}
    stem = Path(file).with_suffix("")
    content: dict[str, Any] = {
        "axes": [{key: axis[key] for key in axis if key != "column"} for axis in axes],
        "number": [row["number"] for row in rows],
        "target": [targets.index(row["target"]) for row in rows],
        "network": [networks.index(row["network"]) for row in rows],
        "fits": [row["fits"] for row in rows],
        "front": [row["front"] for row in rows],
        "followed": [int(row["cycles_from"] != "rough") for row in rows],
        "lined": _lined(rows),
        "bits": [bits[network] for network in networks],
        "why": {str(row["number"]): row["why_not"] for row in rows if not row["fits"]},
        "proven": {str(row["number"]): _proven(row) for row in rows if _proven(row)},
        "targets": [
            {"name": name, "command": _command(name, f"{stem}-{NUMBER}.toml")} for name in targets
        ],
        "told": f"those of {settings['spikes']}",
        "write": f"somagate explore {_quoted(source)} --out {shlex.quote(file)} --point {NUMBER}",
        "tables": _quoted(source),
        "written": shlex.quote(f"{stem}-{NUMBER}.safetensors"),
    }
    # The tables as they were given come first, if any point has them.
    if networks and networks[0] != 0:
        content["bits"].insert(0, "")
        content["network"] = [place + 1 for place in content["network"]]
    for axis in axes:
        content[axis["key"]] = [_short(row[axis["column"]]) for row in rows]
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    names = settings["layers"].split()
    texts = [plan_file.text(json.loads(row["plan"]), names) for row in rows]
    packed = gzip.compress(json.dumps(texts).encode(), mtime=0)
    return (
        f'<script type="application/json" id="explore-data">{text}</script>\n'
        '<script type="text/plain" id="explore-plans">'
        f"{base64.b64encode(packed).decode()}</script>\n"
    )


def _lined(rows: Sequence[Row]) -> list[int]:
    """Return of each point whether the line may run through it: it fits, and isn't about.

    Where none of a board was followed, those that fit have to do.
    """
    followed = {row["target"] for row in rows if row["cycles_from"] != "rough"}
    return [
        int(row["fits"] and (row["cycles_from"] != "rough" or row["target"] not in followed))
        for row in rows
    ]


def _short(value: float | None) -> float | None:
    """Return a figure with as many digits as a picture shows."""
    return value if value is None or isinstance(value, int) else float(f"{value:.6g}")


def _proven(row: Row) -> list[tuple[str, str]]:
    """Return what was proven of a point, as names and values."""
    found = []
    if row["verified"] is not None:
        told = f"{row['verified']} on {row['verified_samples']} samples"
        cycles = row["verified_cycles_per_image"]
        found.append(("RTL and golden", told + (f", {cycles:,.1f} cycles each" if cycles else "")))
    if row["built"] is not None:
        clock = f", {row['fmax_mhz']} MHz possible" if row["fmax_mhz"] else ""
        found.append(("Bitstream", f"the clock {row['built']}{clock}"))
    return found


def _quoted(source: str | None) -> str:
    return shlex.quote(source or "TABLES.safetensors")


def _command(name: str, plan: str) -> str:
    """Return the command that builds a point of a board, or what there is for a part."""
    told = f"{TABLES} --plan {shlex.quote(plan)}"
    if name not in BOARDS:
        return f"somagate generate {told}"
    if isinstance(BOARDS[name].family, OpenFamily):
        return f"somagate build {told} --board {name}"
    return f"somagate generate {told} --board {name} --for vivado"


def _about(settings: Mapping[str, str], points: Sequence[Row]) -> str:
    """Return how the figures come about, as HTML."""
    followed = sum(row["cycles_from"] != "rough" for row in points)
    told = [
        f"Cycles of {followed:,} points are exact for {escaped(settings['spikes'])}, followed word "
        "by word; those of the others are about, within some 20 %. On the front are only points "
        "that were followed, or are too large for it.",
        "Images a second are the clock over the cycles from one image to the next: what the "
        "accelerator alone does. A board's serial line may be slower.",
        "Block RAMs are those that yosys will use; cells are an estimate, 5 % off on average. A "
        "plan fits where it leaves the room that placement needs.",
    ]
    if int(settings["bits"]) > 1:
        told.append(
            "Fewer bits of weights and potentials are made of the tables <em>without any "
            "training</em>: weights are rounded, potentials stored more coarsely. Training with "
            f"so few bits loses less. Accuracy is that on {escaped(settings['measured'])}."
        )
    return "<ul class='remarks'>" + "".join(f"<li>{one}</li>" for one in told) + "</ul>"


_PANEL = """<div id="chosen" class="chosen" hidden>
<h3 id="chosen-title" tabindex="-1" aria-live="polite"></h3>
<div class="halves"><dl id="chosen-figures" class="pairs"></dl>
<div><div class="named"><span>Plan file</span>
<button type="button" data-copy="plan" aria-label="Copy the plan file">Copy</button></div>
<pre id="plan" tabindex="0"></pre>
<div class="named"><span>Write its files, and build it</span>
<button type="button" data-copy="command" aria-label="Copy the commands">Copy</button></div>
<pre id="command" tabindex="0"></pre></div></div></div>
"""
_STYLE = f"<style>{(_HERE / 'explore.css').read_text(encoding='utf-8')}</style>"

