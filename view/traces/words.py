"""What the page says in words and tables, as HTML: the difference, the way back, one update."""

import json
import shlex
from collections.abc import Sequence
from typing import Any

from ...sim.bench.wave_file import Waves
from ...sim.causes.life import Moment
from ...sim.causes.suspects import Suspect
from ...sim.causes.way_back import Link
from ..page import table
from ..text import NONE, escaped, whole
from .inspected import Inspected

MOST = 12
"""Numbers that are shown at once."""

LINES = (
    ("stored", "s", "stored integer before the step"),
    ("loaded", "v", "in LSBs of the accumulator"),
    ("leaked", "x", "behind a leak at load"),
    ("acc", "acc", "sum of weight · input"),
    ("bias", "bias", "added in every step"),
    ("current", "i", "stored current before the step"),
    ("entering", "e", "what enters: the sum with gain and bias, or the current"),
    ("u", "u", "compared with the threshold"),
    ("due", "d", "due on top, reset undelayed"),
    ("threshold", "threshold", "fires where u − d reaches it"),
    ("fire", "fire", "spikes, by the rule"),
    ("reset", "r", "behind reset and leak at store"),
    ("kept", "s′", "stored integer, by the rule"),
    ("current_after", "i′", "stored current behind the step"),
)
"""Of an update: the field of `Moment`, its sign in the contract, and what it is."""


def difference(inspected: Inspected) -> str:
    """Return what differs first."""
    found = inspected.difference
    if found is None:
        return "<p><b>The traces are equal</b>, in every spike, potential and answer.</p>"
    told = f'<p class="verdict">{escaped(_summary(inspected))}</p>'
    if inspected.way.links:
        return told
    return (
        f"{told}<p>Every spike and potential is equal, so the fault is in what the readout makes "
        "of them.</p>"
    )


def way(links: Sequence[Link]) -> str:
    """Return a way back as a list of ways to its neurons."""
    if not links:
        return "<p>This neuron is equal in both traces in this step: no way leads back from it.</p>"
    steps = "".join(
        f"<li>{go(link.layer, link.place, link.step, link.sample, escaped(link.text))}</li>"
        for link in links
    )
    return f'<ol class="way">{steps}</ol>'


def explained(inspected: Inspected) -> str:
    """Return what would explain the difference, and where the rule is broken."""
    return _suspects(inspected) + _breaks(inspected)


def waveform(waves: Waves) -> str:
    """Return what opens all of the waveform."""
    command = f'<code class="command">{escaped(shlex.join(["gtkwave", str(waves.path)]))}</code>'
    return f"<p>All of it, opened at this cycle: {command}</p>"


def _summary(inspected: Inspected) -> str:
    found = inspected.difference
    assert found is not None
    where = ""
    if found.layer is not None:
        names = ("channel", "row", "column") if len(found.place) == 3 else ("neuron",)
        inside = ", ".join(f"{n} {i}" for n, i in zip(names, found.place, strict=True))
        where = f"layer {found.layer}, step {found.step}, {inside}, "
    elif found.place:  # of the answer: (class,), or (step, class)
        at = zip(("step", "class")[-len(found.place) :], found.place, strict=True)
        where = "".join(f"{name} {index}, " for name, index in at)
    first, second = found.values
    return (
        f"{inspected.names[0]} and {inspected.names[1]} differ first in {where}sample "
        f"{inspected.first + found.sample}: {found.quantity} {first} and {second}. "
        f"{whole(found.count)} {'value differs' if found.count == 1 else 'values differ'} in all."
    )


def _suspects(inspected: Inspected) -> str:
    cause = inspected.way.cause
    if cause is None or not inspected.breaks:
        return ""
    title = "<h3>What would explain it</h3>"
    found = inspected.suspects
    told = inspected.pattern
    common = f"<p>In common: {escaped(told.text)}.</p>" if told else ""
    channel = f"channel {cause.place[0]} of {cause.layer}"
    if not found:
        return (
            f"{title}<p>No single number of the tables explains what {escaped(channel)} does: "
            f"look at its update, or at its memories.</p>{common}"
        )
    several = len(inspected.breaks) > 1 or len(inspected.breaks[cause.layer].channels) > 1
    note = (
        "Other channels break the rule too, so it may be a part that they share."
        if several else "It is the only channel that breaks the rule."
    )  # fmt: skip
    rows = [[escaped(s.name), str(s.was), escaped(s.would_be), str(s.flipped)] for s in found]
    caption = f"Each one by itself explains all that {channel} does, in {found[0].steps} updates"
    heads = ("number", "by the tables", "as if it were", "bits flipped")
    more = ""
    if len(rows) > MOST:
        rest = table("The others", heads, rows[MOST:])
        more = f"<details><summary>{len(rows) - MOST} more</summary>{rest}</details>"
    first = table(caption, heads, rows[:MOST])
    return f"{title}{first}{more}<p>{note}</p>{common if several else ''}"


def _breaks(inspected: Inspected) -> str:
    rows = []
    for name, each in inspected.breaks.items():
        first = each.first
        assert first is not None
        step, sample, place = first
        channels = sorted(each.channels)
        listed = ", ".join(map(str, channels[:12])) + (", …" if len(channels) > 12 else "")
        way = go(name, place, step, sample, f"step {step}, sample {inspected.first + sample}")
        rows.append([escaped(name), whole(each.count), whole(each.where.size), listed, way])
    if not rows:
        return ""
    caption = f"Updates of {inspected.names[1]} that break the rule, by its own inputs"
    heads = ("layer", "wrong", "of", "channels", "first")
    inner = table(caption, heads, rows)
    return f"<details><summary>Where the rule is broken</summary>{inner}</details>"


def update(inspected: Inspected, moments: Sequence[Moment], traced: Sequence[tuple[int, int]]
           ) -> str:  # fmt: skip
    """Return the lines of one update, a column for each trace.

    Parameters
    ----------
    inspected
        What is looked into.
    moments
        Of each trace.
    traced
        (spikes, stored integer) that each trace has behind the step.
    """
    rows = []
    for name, sign, text in LINES:
        values = [getattr(moment, name) for moment in moments]
        if values[0] is None and name != "threshold":
            continue
        if name == "due" and not any(values):
            continue
        rows.append([f"<i>{sign}</i>", escaped(text), *_marked(values)])
    rows.append(["<b>spikes</b>", "in the trace", *_marked([fire for fire, _ in traced])])
    rows.append(["<b>stored</b>", "in the trace", *_marked([kept for _, kept in traced])])
    for moment, (fire, kept), name in zip(moments, traced, inspected.names, strict=True):
        if (moment.fire, moment.kept) != (fire, kept):
            text = f"{escaped(name)} isn’t what the rule makes of its own inputs"
            rows.append(['<b class="bad">broken</b>', text, *[""] * len(moments)])
    heads = ("line", "what it is", *inspected.names)
    return table("The update, line by line", heads, rows, words=2)


def _marked(values: Sequence[Any]) -> list[str]:
    texts = [NONE if value is None else f"{value:,}" for value in values]
    if len(set(texts)) > 1:
        return [f'<b class="bad">{text}</b>' for text in texts]
    return texts


def numbers(caption: str, values: Any) -> str:
    """Return a small map as a table of numbers, or a sentence where it is large."""
    grid = values[None] if values.ndim == 1 else values
    if grid.shape[0] > 64 or grid.shape[1] > 64:
        return f"<p>{escaped(caption)}: too large for a table, {'×'.join(map(str, grid.shape))}</p>"
    heads = ["", *map(str, range(grid.shape[1]))]
    rows = [[str(y), *(str(int(v)) for v in row)] for y, row in enumerate(grid)]
    return table(caption, heads, rows, tall=True)


def suspected(suspects: Sequence[Suspect], layer: str, channel: int) -> dict[Any, str]:
    """Return what each suspected weight of a channel would be, by (group, index)."""
    return {
        (s.group, s.index): s.would_be
        for s in suspects
        if s.group is not None and (s.layer, s.channel) == (layer, channel)
    }


def go(layer: str, place: Sequence[int], step: int, sample: int, text: str) -> str:
    """Return a link that leads to a neuron in a step; `text` is HTML."""
    wanted = {"layer": layer, "place": [*place], "step": step, "sample": sample}
    return f'<a href="#neuron" data-go="{escaped(json.dumps(wanted))}">{text}</a>'
