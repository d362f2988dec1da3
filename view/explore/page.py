"""The page of an exploration: its points between two axes of choice, the front, and each plan.

The figure comes empty, and the page's script fills it: with the axes that are chosen, and the
points that the filter lets through. Plan files lie in the page compressed, as there are many.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..figures import Picture
from ..page import Section, table, tiles
from ..page import page as whole
from ..text import escaped, isolated, percent
from ..text import whole as count
from .figures import Row, followed
from .page_data import axes_of, data
from .picture import plot
from .proven import bitstream

MOST = 4000
"""Points on a page; the front and what was followed come first."""
MOST_ROWS = 400
"""Rows of its table."""
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
                    figure=plot(targets),
                    alt=f"Each of {len(rows)} plans as a point between the two axes chosen above; "
                    "those on the front are large, and a line joins the best in both axes. The "
                    "same figures are in the table of the front below.",
                ),
                _PANEL,
                data(rows, settings, targets, file, source),
            ),
        ),
        Section(
            anchor="front",
            title="The front",
            parts=(
                _INTRODUCTION,
                _table(front[:MOST_ROWS], places, len(front)),
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


def _controls(rows: Sequence[Row], targets: Sequence[str]) -> str:
    """Return the choice of axes, of a board, and the filter."""
    axes = axes_of(rows)

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


def _table(front: Sequence[Row], places: Mapping[int, int], of: int) -> str:
    """Return the front as a table, or the first of it; a row's button shows its point."""
    heads = [
        "Point", "On", "Images/s", "Cycles", "Cells", "of all", "Block RAMs", "Additions",
        "Accuracy", "Bits of weights / potentials",
    ]  # fmt: skip
    done = any(row["verified"] or row["built"] for row in front)
    heads += ["Verified", "Bitstream"] if done else []
    rows = [
        (
            _button(row["number"], places[row["number"]]),
            isolated(row["target"]),
            count(row["images_per_second"]),
            count(row["cycles_per_image"]),
            count(row["logic_cells"]),
            percent(row["logic_share"], 0),
            count(row["block_rams"]),
            count(row["additions_per_image"]),
            percent(row["accuracy"], 2),
            escaped(f"{row['weight_bits']} / {row['state_bits']}"),
            *((escaped(row["verified"] or "–"), escaped(bitstream(row))) if done else ()),
        )
        for row in front
    ]
    more = f"; {MOST_ROWS} of {of} points" if of > len(rows) else ""
    caption = f"The front, the fastest of each board first{more}"
    return table(caption, heads, rows, words=2, tall=True)


def _button(number: int, place: int) -> str:
    """Return the button that shows a point."""
    return (
        f'<button type="button" data-point="{place}" aria-label="Show point {number}">{number}'
        "</button>"
    )


def _about(settings: Mapping[str, str], points: Sequence[Row]) -> str:
    """Return how the figures come about, as HTML."""
    exact = sum(map(followed, points))
    cycles = (
        f"Cycles of {exact:,} points are exact for {escaped(settings['spikes'])}, followed word "
        "by word; those of the others are about, some 6 % off, a few up to 40 %. On the front are "
        "only points that were followed, or are too large for it."
    )
    told = [cycles, _SPEED, _SIZE]
    if int(settings["bits"]) > 1:
        told.append(
            "Fewer bits of weights and potentials are made of the tables <em>without any "
            "training</em>: weights are rounded, potentials stored more coarsely. Training with "
            f"so few bits loses less. Accuracy is that on {escaped(settings['measured'])}."
        )
    return "<ul class='remarks'>" + "".join(f"<li>{one}</li>" for one in told) + "</ul>"


_INTRODUCTION = """<p>Points that none of the same board beats in all of: images a second, cells,
block RAMs, accuracy, and additions an image. Show one to get its plan file and the command that
builds it.</p>
"""
_SPEED = """Images a second are the clock over the cycles from one image to the next: what the
accelerator alone does. A board's serial line may be slower."""
_SIZE = """Block RAMs are those that yosys will use; cells are an estimate, 5 % off on average. A
plan fits where it leaves the room that placement needs."""
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
