"""What the accelerator takes: its memories, the part's resources, and the clock."""

from collections.abc import Iterator, Sequence
from typing import Any

from bokeh.models import NumeralTickFormatter

from ...hw.cost.resource_tables import KEPT_IN, alike
from ...hw.generate import memory_map
from ..colours import follow
from ..figures import Picture, factors, figure, legend
from ..page import Columns, side_by_side, table
from ..text import decimal, escaped, isolated, percent, size, whole
from .cost import Cost
from .run import Run, number

ROLES = ("quiet", "blue", "vermillion", "green", "purple", "orange")
MOST_NAMED = 5
"""Layers that have a colour of their own in the memory map's legend."""


def parts(run: Run, cost: Cost) -> Iterator[str | Picture | Columns]:
    """Yield timing and utilization of each bitstream, what the plan takes, and the memory map."""
    for folder, report in run.built.items():
        yield from _built(folder, report)
    yield "<h3>Before synthesis</h3>\n" if run.built else ""
    counts = [(count.name, count.used, count.available) for count in cost.resources.counts.values()]
    title = f"Estimated for {cost.where}"
    yield f'<p class="note">{escaped(cost.planned)}.</p>\n'
    memories = _map(cost)
    yield side_by_side(_utilization(title, counts), *([memories] if memories else []))
    yield _memories(cost)


def _built(folder: str, report: dict[str, Any]) -> Iterator[str | Picture]:
    """Yield what a build's report says of clock and utilization."""
    clock, fmax = number(report.get("clock_hz")), _fmax(report)
    told = ""
    if clock and fmax:
        verdict = (
            '<span class="good">passes</span>'
            if fmax >= clock
            else '<span class="bad">fails</span>'
        )
        told = (
            f"The clock of {clock / 1e6:.2f} MHz {verdict}: the slowest path allows "
            f"{fmax / 1e6:.2f} MHz. "
        )
    path = report.get("critical_path")
    slow = f"It goes from {isolated(path)}." if isinstance(path, str) and path else ""
    device = isolated(report.get("device", ""))
    yield f"<h3>Built in {isolated(folder)}, for {device}</h3>\n<p>{told}{slow}</p>\n"
    found = report.get("utilization")
    counts = []
    for name, usage in found.items() if isinstance(found, dict) else ():
        if isinstance(usage, dict):
            used, of = number(usage.get("used")), number(usage.get("available"))
            if used is not None and of:
                counts.append((str(name).replace("_", " "), used, of))
    if counts:
        yield _utilization(f"Used of {report.get('device', 'the device')}", counts)


def _fmax(report: dict[str, Any]) -> float | None:
    clocks = report.get("clocks")
    found = [
        fmax
        for clock in (clocks.values() if isinstance(clocks, dict) else ())
        if isinstance(clock, dict) and (fmax := number(clock.get("fmax_hz"))) is not None
    ]
    return min(found, default=None)


def fmax(run: Run) -> tuple[float, float] | None:
    """Return the clock and the fastest possible one of the first build that says both, in Hz."""
    for report in run.built.values():
        clock, fastest = number(report.get("clock_hz")), _fmax(report)
        if clock and fastest:
            return clock, fastest
    return None


def _utilization(title: str, counts: Sequence[tuple[str, float, float]]) -> Picture:
    """Return how much of each resource is used."""
    names = factors([name for name, _, _ in counts])[::-1]
    values = [used / available for _, used, available in counts][::-1]
    plot = figure(
        x="share used", height=70 + 34 * len(names), y_range=names,
        x_range=(0, max(1.0, *values) * 1.02),
    )  # fmt: skip
    ground = plot.hbar(y=names, right=[1.0] * len(names), height=0.6)
    follow(ground.glyph, fill_color="grid", line_color="grid")
    bars = plot.hbar(y=names, right=values, height=0.6)
    follow(bars.glyph, fill_color="blue", line_color="blue")
    over = [(name, value) for name, value in zip(names, values, strict=True) if value > 1]
    if over:
        much = plot.hbar(
            y=[n for n, _ in over], left=1.0, right=[v for _, v in over], height=0.6
        )  # fmt: skip
        follow(much.glyph, fill_color="vermillion", line_color="vermillion")
    plot.xaxis.formatter = NumeralTickFormatter(format="0%")
    plot.ygrid.visible = False
    rows = [
        [escaped(name), whole(used), whole(of), percent(used / of)] for name, used, of in counts
    ]
    told = "; ".join(f"{name} {percent(used / of)}" for name, used, of in counts)
    return Picture(
        figure=plot, alt=f"{title}: {told}.", caption=f"<b>{escaped(title)}</b>",
        table=table(title, ("resource", "used", "of", "share"), rows),
    )  # fmt: skip


Region = tuple[str, str, int, int]
"""Whose words: a layer or 'input'; the memory, the first word, how many."""


def _regions(layer: dict[str, Any]) -> Iterator[Region]:
    """Yield what a layer has in each memory; the maps that it reads are their makers'."""
    name = layer["layer"]
    for source in layer["sources"]:
        first, words = source["map_words"]
        yield source["source"], "maps", first, words * source["buffers"]
        yield name, source["weights"], *source["weight_rows"]
    yield name, "parameters", *layer["parameter_words"]
    yield name, layer["potentials"], *layer["potential_words"]
    if "synaptic" in layer:
        yield name, layer["synaptic"], *layer["potential_words"]


def _map(cost: Cost) -> Picture | None:
    """Return which words of each memory are whose; of several stages, memories by number."""
    found = memory_map(cost.plan)
    stages = len(cost.plan.stages) > 1
    title = {
        (one["stage"], one["memory"]): one["memory"] + (f" · {one['stage']}" if stages else "")
        for one in found["memories"]
    }
    words = {(one["stage"], one["memory"]): one["words"] for one in found["memories"]}
    names = factors([*title.values()])
    row = dict(zip(title, names, strict=True))
    plot = figure(
        x="words of the memory", height=90 + 30 * len(names), y_range=names[::-1],
        x_range=(0, 1.005),
    )  # fmt: skip
    plot.xaxis.formatter = NumeralTickFormatter(format="0%")
    plot.ygrid.visible = False
    ground = plot.hbar(y=names, right=[1.0] * len(names), height=0.66)
    follow(ground.glyph, fill_color="grid", line_color="grid")
    owned: dict[str, list[tuple[str, float, float]]] = {}
    rows = []
    for layer in found["layers"]:
        for owner, memory, first, count in _regions(layer):
            key = next((k for k in row if k[0] == layer["stage"] and _same(k[1], memory)), None)
            if key is None or not count or not words[key]:
                continue
            ends = first / words[key], min(1.0, (first + count) / words[key])
            if (row[key], *ends) not in owned.setdefault(owner, []):
                owned[owner].append((row[key], *ends))
                rows.append([isolated(owner), escaped(title[key]), whole(first), whole(count)])
    drawn = {}
    for place, owner in enumerate(sorted(owned, key=["input", *_order(found)].index)):
        ys, lefts, rights = zip(*owned[owner], strict=True)
        bars = plot.hbar(y=[*ys], left=[*lefts], right=[*rights], height=0.66)
        follow(bars.glyph, fill_color=ROLES[place % len(ROLES)], line_color="paper")
        drawn[owner] = [bars]
    if not rows:
        return None
    if len(drawn) <= MOST_NAMED:
        legend(plot, drawn)
    heads = ("layer", "memory", "first word", "words")
    told = f"{len(names)} memories: {', '.join(title.values())}."
    return Picture(
        figure=plot, alt=f"Which words of each memory belong to which layer. {told}",
        caption="<b>Memory map</b><br>Whose the words of each memory are.",
        table=table("Words of each layer in each memory", heads, rows, words=2, tall=True),
    )  # fmt: skip


def _order(found: dict[str, Any]) -> list[str]:
    """Return the names of the layers in a memory map, once each."""
    return [*dict.fromkeys(layer["layer"] for layer in found["layers"])]


def _same(stored: str, named: str) -> bool:
    """Whether a memory is the one that a layer names; those of banks have a number behind it."""
    return stored == named or stored.rpartition("_")[0] == named and named.startswith("weights")


def _memories(cost: Cost) -> str:
    """Return what each memory becomes on the part, as a table."""
    found = list(alike(cost.plan, cost.resources))
    times = any(count > 1 for _, _, count in found)
    rows = [
        [
            escaped(name), whole(memory.stored.words), whole(memory.stored.word_bits),
            size(memory.stored.words * memory.stored.word_bits / 8), KEPT_IN[memory.kind],
            whole(memory.block_rams or memory.large_rams), *[whole(count)] * times,
        ]
        for name, memory, count in found
    ]  # fmt: skip
    heads = ("memory", "words", "bits a word", "size", "kept in", "RAMs", *["times"] * times)
    return table(f"Memories on {cost.where}", heads, rows)


def speed(cost: Cost) -> str:
    """Return the cycles and what they are of, in a sentence of HTML."""
    rate = cost.samples_per_second
    fast = f", {decimal(rate)} samples a second" if rate else ""
    return f"{decimal(cost.cycles)} cycles a sample{fast}: {escaped(cost.counted)}."
