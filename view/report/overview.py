"""What comes first: the figures that matter, whether golden and RTL agree, and who is mistaken."""

import shlex
from collections.abc import Iterator
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, LinearColorMapper, NumeralTickFormatter
from bokeh.transform import transform
from numpy.typing import NDArray

from ...export.tables import Tables
from ..colours import follow
from ..figures import Picture, factors, figure, write
from ..page import Columns, side_by_side, table, tiles
from ..text import NONE, escaped, isolated, percent, size, whole
from .cost import Cost
from .hardware import fmax
from .measure import Measured
from .neurobench import packed_bytes
from .run import Run, number

MOST_CELLS = 16
"""Classes of a confusion matrix whose cells have their numbers in the picture."""
MOST_CLASSES = 64
"""Of a confusion matrix that is a table too; of larger ones the mistakes are listed."""
MISTAKES = 20


def key_figures(run: Run, measured: Measured | None, cost: Cost | None, nb: dict[str, Any]) -> str:
    """Return the figures that matter as tiles."""
    found = []
    integers = nb["classification_accuracy"]
    if measured is not None and integers is not None:
        about = f"{whole(measured.correct)} of {whole(measured.samples)} right, in integers"
        found.append(("Accuracy", percent(integers, 2), about))
    others = [
        f"{kind} {percent(run.accuracies[kind], 2)}"
        for kind in ("float", "quantized")
        if kind in run.accuracies
    ]
    if others:
        found.append(("In torch", others[-1].split(" ", 1)[1], escaped("; ".join(others))))
    found.append(("Golden and RTL", *_agreement_tile(run)))
    if cost is not None and cost.cycles:
        rate = cost.samples_per_second
        at = f" at {cost.clock_hz / 1e6:.2f} MHz" if cost.clock_hz else ""
        if rate:
            found.append(("Samples a second", whole(rate), f"{whole(cost.cycles)} cycles each{at}"))
        else:
            found.append(("Cycles a sample", whole(cost.cycles), escaped(cost.counted)))
    clocks = fmax(run)
    if clocks:
        colour = "good" if clocks[1] >= clocks[0] else "bad"
        value = f'<span class="{colour}">{clocks[1] / 1e6:.1f} MHz</span>'
        found.append(("Fastest clock", value, f"{clocks[0] / 1e6:.2f} MHz are wanted"))
    packed = size(packed_bytes(run.tables))
    found.append(("Model", packed, "weights, states and parameters, packed"))
    if nb["activation_sparsity"] is not None:
        about = "of neurons and time steps without a spike"
        found.append(("Activation sparsity", percent(nb["activation_sparsity"]), about))
    return tiles(found)


def _agreement_tile(run: Run) -> tuple[str, str]:
    if run.verdict is None:
        return NONE, "not verified in this run"
    samples = whole(number(run.verdict.get("samples")))
    if run.verdict["equal"]:
        return '<span class="good">equal</span>', f"on {samples} samples"
    return '<span class="bad">different</span>', f"on {samples} samples"


def agreement(run: Run) -> Iterator[str]:
    """Yield what a verification found: spikes, potentials and cycles, or the first difference."""
    found = run.verdict
    if found is None:
        return
    samples = whole(number(found.get("samples")))
    if found["equal"]:
        spikes, potentials = (whole(number(found.get(k))) for k in ("spikes", "potentials"))
        yield (
            f'<p><b class="good">The Verilog equals golden</b> on {samples} samples: '
            f"{spikes} spikes and {potentials} stored potentials, each of every neuron in every "
            "time step.</p>\n"
        )
    else:
        difference = found.get("first_difference")
        told = difference.get("summary") if isinstance(difference, dict) else None
        yield f'<p><b class="bad">Golden and RTL differ</b> on {samples} samples.</p>\n'
        if isinstance(told, str):
            yield f"<p>{isolated(told)}</p>\n"
        if isinstance(difference, dict):
            yield _difference(difference)
    predicted = found.get("predicted")
    if isinstance(predicted, dict):
        exactly, of = (whole(number(predicted.get(key))) for key in ("exactly", "samples"))
        told = f"as predicted from golden's spikes for {exactly} of {of} samples"
        yield f"<p>The cycles were {told}.</p>\n"
    if isinstance(found.get("board_equal"), bool):
        same = "those of golden" if found["board_equal"] else '<b class="bad">different</b>'
        yield f"<p>A virtual board's answers over its serial line were {same}.</p>\n"


def _difference(difference: dict[str, Any]) -> str:
    names = ("quantity", "layer", "step", "sample", "place", "golden", "rtl", "differences")
    rows = [
        [name, isolated(difference[name])] for name in names if difference.get(name) is not None
    ]
    return table("The first difference", ("what", "value"), rows, words=2) if rows else ""


def class_names(measured: Measured, classes: int) -> list[str]:
    """Return the name of each class; its number where the data has no names."""
    if len(measured.class_names) == classes:
        return [*measured.class_names]
    return [str(number) for number in range(classes)]


def confusion(tables: Tables, measured: Measured) -> Iterator[str | Columns]:
    """Yield the confusion matrix, and how good each class is."""
    matrix = measured.confusion
    if matrix is None or measured.correct is None:
        return
    names = class_names(measured, tables.classes)
    yield (
        f"<p>{whole(measured.correct)} of {whole(measured.samples)} test samples of "
        f"{isolated(measured.data)} are classified right by the integers: "
        f"{percent(measured.correct / measured.samples, 2)}.</p>\n"
    )
    yield side_by_side(_matrix(matrix, names), _classes(matrix, names))


def _matrix(matrix: NDArray[np.int64], names: list[str]) -> Picture:
    """Return the matrix as a picture: a row for each class that samples are of."""
    shown = factors(names)
    totals = np.maximum(1, matrix.sum(1, keepdims=True))
    share = (matrix / totals).ravel()
    xs, ys = shown * len(names), [name for name in shown for _ in names]
    plot = figure(
        x="taken for", y="is", height=max(320, min(620, 26 * len(names) + 70)), x_range=shown,
        y_range=shown[::-1],
    )  # fmt: skip
    plot.grid.visible = False
    mapper = LinearColorMapper(low=0, high=1)
    follow(mapper, palette="ramp")
    cells = plot.rect(
        x="x", y="y", width=1, height=1, line_width=1,
        source=ColumnDataSource({"x": xs, "y": ys, "share": share}),
        fill_color=transform("share", mapper),
    )  # fmt: skip
    follow(cells.glyph, line_color="grid")
    if len(names) <= MOST_CELLS:
        counts = matrix.ravel()
        for high, role in ((False, "ink"), (True, "paper")):
            chosen = [i for i in np.flatnonzero(counts) if (share[i] > 0.55) == high]
            write(
                plot, [xs[i] for i in chosen], [ys[i] for i in chosen],
                [str(counts[i]) for i in chosen], role, text_align="center",
            )  # fmt: skip
    if max(map(len, shown)) > 3:
        plot.xaxis.major_label_orientation = "vertical"
    return Picture(
        figure=plot, alt=f"Confusion matrix of {len(names)} classes: {_worst(matrix, names)}",
        caption="<b>Confusion</b><br>Rows are what samples are, columns what they are taken for.",
        table=_numbers(matrix, names),
    )  # fmt: skip


def _pairs(matrix: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return the mistakes, (is, taken for), the most frequent first."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong.ravel(), kind="stable")[:MISTAKES]
    pairs = [divmod(int(place), len(matrix)) for place in order]
    return [(true, taken) for true, taken in pairs if wrong[true, taken]]


def _worst(matrix: NDArray[np.int64], names: list[str]) -> str:
    pairs = _pairs(matrix)[:3]
    if not pairs:
        return "no sample is taken for another class."
    told = ", ".join(f"{names[t]} for {names[p]} {matrix[t, p]} times" for t, p in pairs)
    return f"the most frequent mistakes are {told}."


def _numbers(matrix: NDArray[np.int64], names: list[str]) -> str:
    if len(names) > MOST_CLASSES:
        rows = [
            [isolated(names[t]), isolated(names[p]), whole(int(matrix[t, p]))]
            for t, p in _pairs(matrix)
        ]
        return table("The most frequent mistakes", ("is", "taken for", "times"), rows, words=2)
    rows = [
        [isolated(name), *(whole(int(count)) for count in row)]
        for name, row in zip(names, matrix, strict=True)
    ]
    return table("Samples of each class, by what they are taken for", ("is \\ taken for", *names),
                 rows, tall=True)  # fmt: skip


def _classes(matrix: NDArray[np.int64], names: list[str]) -> Picture:
    """Return how many samples of each class are right."""
    totals, right = matrix.sum(1), matrix.diagonal()
    shares = right / np.maximum(1, totals)
    shown = factors(names)
    plot = figure(
        x="classified right", height=max(320, min(620, 26 * len(names) + 70)),
        y_range=shown[::-1], x_range=(0, 1.02),
    )  # fmt: skip
    plot.xaxis.formatter = NumeralTickFormatter(format="0%")
    plot.ygrid.visible = False
    bars = plot.hbar(y=shown, right=shares, height=0.62)
    follow(bars.glyph, fill_color="blue", line_color="blue")
    rows = [
        [isolated(name), whole(int(hit)), whole(int(total)), percent(float(share), 2)]
        for name, hit, total, share in zip(names, right, totals, shares, strict=True)
    ]
    low = int(np.argmin(shares))
    told = f"{names[low]} is classified worst: {percent(float(shares[low]))} right"
    return Picture(
        figure=plot, alt=f"Accuracy of each class; {told}.",
        caption=f"<b>By class</b><br>{isolated(names[low])} is classified worst: "
        f"{percent(float(shares[low]))} right.",
        table=table("Samples of each class", ("class", "right", "of", "share"), rows, tall=True),
    )  # fmt: skip


def missing(run: Run, measured: Measured | None, tables_file: str) -> list[tuple[str, str]]:
    """Return what the run lacks, each with the command that makes it."""
    path = shlex.quote(tables_file)
    folder = shlex.quote(run.name)
    found = []
    if measured is None:
        found.append(("samples to measure", f"somagate report {folder} --data DATA"))
    if tables_file == run.name:  # a file by itself has nothing beside it
        return [*found, ("a verification", f"somagate verify {path}")]
    if not run.training:
        found.append(("training curves", f"somagate train RECIPE --out {folder}"))
    if run.verdict is None:
        where = shlex.quote(f"{run.name}/verify.json")
        found.append(("a verification", f"somagate verify {path} --json > {where}"))
    if run.plan is None:
        found.append(("an accelerator", f"somagate generate {path}"))
    if not run.built:
        found.append(("a bitstream", f"somagate build {path} --board BOARD"))
    return found


def missing_part(found: list[tuple[str, str]], left_out: tuple[tuple[str, str], ...]) -> str:
    """Return what is missing, and what is there and left out, as HTML; or ''."""
    rows = [f'<li>{what}: <code class="command">{escaped(way)}</code></li>' for what, way in found]
    left = [
        f"<li>{isolated(name)} is left out: it holds {isolated(what)}</li>"
        for name, what in left_out
    ]
    if not rows and not left:
        return ""
    return f'<h3>Not in this run</h3>\n<ul class="note">{"".join(rows + left)}</ul>\n'
