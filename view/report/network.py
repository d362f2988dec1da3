"""The network as a graph: a node a layer with what it costs, an edge a synapse group."""

from collections.abc import Iterator

from bokeh.models import NumeralTickFormatter
from bokeh.models.annotations import Arrow, NormalHead
from bokeh.models.ranges import DataRange1d
from bokeh.plotting import figure as Plot

from ...export.tables import Tables
from ..colours import follow
from ..figures import Picture, factors, figure, legend, write
from ..page import Columns, side_by_side, table
from ..text import decimal, isolated, label, size, whole
from .cost import Cost, bits_of, neurons

NODE, STEP = 74, 112
"""Heights in CSS pixels, of a node, and from one to the next."""
LEFT, RIGHT = 0.005, 0.80
"""Of the nodes, on an axis 0…1."""


def parts(tables: Tables, cost: Cost | None) -> Iterator[str | Picture | Columns]:
    """Yield the graph, and the same as a table."""
    yield side_by_side(graph(tables, cost), _memory(tables))
    yield _table(tables, cost)


def _table(tables: Tables, cost: Cost | None) -> str:
    heads = ["layer", "from", "shape", "neurons", "weight bits", "state bits"]
    heads += ["cycles a sample", "additions a sample", "per lane and cycle"] if cost else []
    known = bits_of(tables)
    rows = []
    for layer in tables.layers:
        row = known[layer.name]
        cells = [
            isolated(layer.name),
            ", ".join(isolated(group.source) for group in layer.synapses),
            "×".join(map(str, row["shape"])),
            whole(neurons(tables, layer.name)),
            ", ".join(map(str, row["weight_bits"])),
            str(row["state_bits"]),
        ]
        if cost:
            one = cost.layers.get(layer.name)
            cells += [
                decimal(one.cycles if one else None),
                whole(one.additions if one else None),
                decimal(one.efficiency if one else None, 3),
            ]
        rows.append(cells)
    return table("What each layer is and what it costs", heads, rows, words=2)


def graph(tables: Tables, cost: Cost | None) -> Picture:
    """Return the network as a graph, with what each layer costs where that is known."""
    names = ["input", *(layer.name for layer in tables.layers)]
    place = {name: -STEP * number for number, name in enumerate(names)}
    height = STEP * len(names) - (STEP - NODE)
    plot = figure(
        height=height + 24, x_range=(0, 1), y_range=(-height + NODE / 2 - 10, NODE / 2 + 10),
        max_width=620,
    )  # fmt: skip
    plot.axis.visible = False
    plot.grid.visible = False
    middle = (LEFT + RIGHT) / 2
    boxes = plot.rect(
        x=[middle] * len(names), y=[*place.values()], width=RIGHT - LEFT, height=NODE,
    )  # fmt: skip
    boxes.glyph.update(border_radius=8)
    follow(boxes.glyph, fill_color="panel", line_color="line")
    total = sum(one.cycles for one in cost.layers.values()) if cost else 0.0
    for name in names:
        _node(plot, tables, cost, name, place[name], total)
    told = []
    depth = 0
    for layer in tables.layers:
        for group in layer.synapses:
            distance = names.index(layer.name) - names.index(group.source)
            told.append(f"{group.source} to {layer.name}")
            if distance == 1:
                _straight(plot, middle, place[group.source], place[layer.name])
            else:
                _around(plot, place[group.source], place[layer.name], depth)
                depth += 1
    share = "" if not total else " A node's bar is its share of the cycles."
    alt = f"Graph of the network. Edges: {'; '.join(told)}. The table below has its numbers."
    return Picture(
        figure=plot, alt=alt,
        caption=f"<b>The network, layer by layer</b><br>Edges are synapse groups.{share}",
    )  # fmt: skip


def _memory(tables: Tables) -> Picture:
    """Return what each layer keeps: weights, states and parameters of its kept channels."""
    known = bits_of(tables)
    names = factors([*known])
    plot = figure(x="bytes", height=110 + 40 * len(names), y_range=names[::-1],
                  x_range=DataRange1d(start=0))  # fmt: skip
    plot.ygrid.visible = False
    plot.xaxis.formatter = NumeralTickFormatter(format="0,0")
    left, drawn = [0.0] * len(names), {}
    for part, role in (("weights", "blue"), ("state", "orange"), ("parameters", "quiet")):
        counts = [row["memory_bits"][part] / 8 for row in known.values()]
        right = [a + b for a, b in zip(left, counts, strict=True)]
        bars = plot.hbar(y=names, left=left, right=right, height=0.6)
        follow(bars.glyph, fill_color=role, line_color="paper")
        drawn[part] = [bars]
        left = right
    legend(plot, drawn)
    rows = [
        [isolated(name), *(size(row["memory_bits"][part] / 8) for part in drawn)]
        for name, row in known.items()
    ]
    told = "; ".join(f"{name} {size(total)}" for name, total in zip(known, left, strict=True))
    return Picture(
        figure=plot, alt=f"Memory of each layer. {told}.",
        caption="<b>Memory, layer by layer</b><br>Without any padding.",
        table=table("Memory of each layer", ("layer", *drawn), rows),
    )  # fmt: skip


def _node(plot: Plot, tables: Tables, cost: Cost | None, name: str, y: float, total: float) -> None:
    """Draw what a node says: its name, its shape and bits, and its cost with a bar."""
    shape = tables.input.shape if name == "input" else tables.neuron_shapes[name]
    first = "×".join(map(str, shape))
    if name == "input":
        first += f" · {tables.input.activation.bits} bit · {tables.steps} steps"
    else:
        row = bits_of(tables)[name]
        weights = ",".join(map(str, row["weight_bits"]))
        first += f" · {weights}-bit weights · {row['state_bits']}-bit state"
    one = cost.layers.get(name) if cost else None
    second = ""
    if one is not None:
        second = f"{whole(one.cycles)} cycles · {whole(one.additions)} additions"
        bar = plot.quad(
            left=[LEFT + 0.02], right=[LEFT + 0.02 + (RIGHT - LEFT - 0.04) * one.cycles / total],
            bottom=[y - NODE / 2 + 6], top=[y - NODE / 2 + 11],
        )  # fmt: skip
        follow(bar.glyph, fill_color="blue", line_color="blue")
    lines = [(label(name, 34), "ink", "bold", 20), (first, "quiet", "normal", 2)]
    lines += [(second, "quiet", "normal", -16)] if second else []
    for text, role, style, up in lines:
        write(plot, [LEFT + 0.02], [y + up], [text], role, text_font_style=style)


def _straight(plot: Plot, x: float, start: float, end: float) -> None:
    """Draw the edge between neighbours."""
    head = NormalHead(size=8)
    follow(head, fill_color="quiet", line_color="quiet")
    arrow = Arrow(
        end=head, x_start=x, x_end=x, y_start=start - NODE / 2, y_end=end + NODE / 2 + 1,
    )  # fmt: skip
    arrow.update(line_width=1.5)
    follow(arrow, line_color="quiet")
    plot.add_layout(arrow)


def _around(plot: Plot, start: float, end: float, number: int) -> None:
    """Draw an edge past other nodes, or back to its own: on the right, each a bit further out."""
    out = RIGHT + 0.06 + 0.035 * (number % 4)
    if start == end:
        start, end = start + NODE / 4, end - NODE / 4
    curve = plot.line([RIGHT, out, out, RIGHT + 0.012], [start, start, end, end], line_width=1.5)
    tip = plot.scatter([RIGHT + 0.01], [end], marker="triangle", size=8, angle=[1.5708])
    follow(curve.glyph, line_color="vermillion")
    follow(tip.glyph, fill_color="vermillion", line_color="vermillion")
