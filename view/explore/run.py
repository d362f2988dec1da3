"""An exploration: all points roughly, the front and its neighbours exactly, the best one proven.

Each step depends on the figures of those before it alone, and each figure is kept as soon as it is
there: whatever is missing is made, in whatever process, and the file ends up the same.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...workers import Pool
from .draw import Point, round_of, rounds
from .figures import Row, exact, rough
from .front import ahead, near
from .setting import Setting
from .store import Store

PIECE = 8
"""Points that travel together."""
OFF = (0.95, 0.9, 0.8)
"""Rough cycles times these may be the exact ones: how far off the front its neighbours lie."""
EVERY = tuple(range(6))
PAIRS = ((0, 1), (0, 2), (0, 4))
"""Figures that points are compared by, as `_values` has them: all; and cycles with cells, with
block RAMs, and with accuracy."""
TURNS = 6
"""How often points are followed that the exact cycles of others have put on the front."""
LOSS = 0.01
"""Share of the samples that the best points may have wrong beyond the tables as they are."""

Told = Callable[[str, int, int], None]
"""Told what goes on, how much of it is done, and of how much."""


def explored(setting: Setting, store: Store, pool: Pool, told: Told) -> list[Row]:
    """Fill a file with the points of a setting, and return them.

    Parameters
    ----------
    setting
        What is explored; workers get it once.
    store
        With what was found before.
    pool
        Where points are measured.
    told
        Of what is done.
    """
    rows = _roughly(setting, store, pool, told)
    known = _exactly(setting, store, pool, told, rows)
    changes = {}
    every = list(rows.values())
    cycles = {row["number"]: _cycles(row, known) for row in every}
    for target in setting.targets:
        mine = [row for row in every if row["target"] == target.name]
        fitting = [row for row in mine if row["fits"] and row["number"] in known]
        first = ahead(_values(fitting, cycles)) if fitting else np.zeros(0, np.bool_)
        front = {row["number"] for row, its in zip(fitting, first, strict=True) if its}
        for row in mine:
            number = row["number"]
            followed = known.get(number) is not None
            changes[number] = {
                "cycles_per_image": cycles[number],
                "cycles_from": setting.spikes if followed else "rough",
                "images_per_second": target.clock_hz / cycles[number] if target.clock_hz else None,
                "front": int(number in front),
            }
    store.change(changes)
    return store.rows()


def best(setting: Setting, rows: Sequence[Row], count: int) -> list[Row]:
    """Return the fastest points of each target's front that lose no more than `LOSS`.

    Where they are fewer than wanted, the most accurate ones of the others follow.
    """
    least = (setting.networks[0].accuracy or 0.0) - LOSS - 1e-9

    def order(row: Row) -> tuple[float, float, int]:
        accuracy = row["accuracy"] or 0.0
        lost = 0.0 if accuracy >= least else 1.0 - accuracy
        return lost, row["cycles_per_image"], row["number"]

    found = []
    for target in setting.targets:
        mine = [row for row in rows if row["front"] and row["target"] == target.name]
        found += sorted(mine, key=order)[:count]
    return found


def rough_of(setting: Setting, points: Sequence[Point]) -> list[Row]:
    """Return the rough figures of some points."""
    return [rough(setting, point) for point in points]


def _roughly(setting: Setting, store: Store, pool: Pool, told: Told) -> dict[int, Row]:
    """Return all points with their rough figures."""
    rows = {row["number"]: row for row in store.rows()}
    points: dict[int, Point] = {}
    keys: set[Any] = set()
    for numbers in rounds(setting.points):
        before = [rows[number] for number in points]
        parents = [points[number] for number in _ahead(setting, before, {})]
        drawn = list(round_of(setting, numbers, parents, keys))
        points |= {point.number: point for point in drawn}
        left = [point for point in drawn if point.number not in rows]
        pieces = [left[first : first + PIECE] for first in range(0, len(left), PIECE)]
        for found in pool.each(rough_of, pieces, shared=(setting,)):
            store.add(found)
            rows |= {row["number"]: row for row in found}
            told("points compared", len(rows), setting.points)
    return {number: rows[number] for number in points}


def _exactly(
    setting: Setting, store: Store, pool: Pool, told: Told, rows: dict[int, Row]
) -> dict[int, tuple[float, float] | None]:
    """Return the exact cycles of the front and its neighbours, by number; None of too large ones.

    What is followed is told by the rough figures, and by the exact ones of the turns before.
    """
    known: dict[int, tuple[float, float] | None] = {}
    done = {
        number: (row["exact_cycles_per_image"], row["exact_latency_cycles"])
        for number, row in rows.items()
        if row.get("exact_cycles_per_image") is not None
    }
    for turn in range(TURNS):
        chosen = _wanted(setting, list(rows.values()), known, around=not turn)
        chosen = chosen[: setting.exact - len(known)]
        if not chosen:
            break
        left = [number for number in chosen if number not in done]
        results = pool.each(exact, [rows[number] for number in left], shared=(setting,))
        for count, (number, found) in enumerate(zip(left, results, strict=True), 1):
            if found is not None:
                names = ("exact_cycles_per_image", "exact_latency_cycles")
                store.change({number: dict(zip(names, found, strict=True))})
                done[number] = found
            told("points followed", len(known) + len(chosen) - len(left) + count, setting.exact)
        known |= {number: done.get(number) for number in chosen}
    return known


def _wanted(
    setting: Setting,
    rows: Sequence[Row],
    known: Mapping[int, tuple[float, float] | None],
    *,
    around: bool,
) -> list[int]:
    """Return the points to follow next: those ahead, evenly of all targets, then their neighbours.

    What is ahead in two figures alone, as pictures show them, comes first. Neighbours come once:
    those that would be ahead were their rough cycles a few percent off.
    """
    found: dict[int, None] = {}
    for figures in (*PAIRS, EVERY):
        found |= dict.fromkeys(_ahead(setting, rows, known, figures=figures))
    for share in OFF if around else ():
        found |= dict.fromkeys(_ahead(setting, rows, known, share))
    return [number for number in found if number not in known]


def _ahead(
    setting: Setting,
    rows: Sequence[Row],
    known: Mapping[int, tuple[float, float] | None],
    share: float = 1.0,
    figures: Sequence[int] = EVERY,
) -> list[int]:
    """Return the points that none of their target beats in some figures, the targets' in turn."""
    each = []
    for target in setting.targets:
        mine = [row for row in rows if row["target"] == target.name and row["fits"]]
        if not mine:
            continue
        cycles = {row["number"]: _cycles(row, known) for row in mine}
        values = _values(mine, cycles)[:, list(figures)]
        scale = np.ones(values.shape[1])
        scale[0] = share
        found = ahead(values) if share == 1 else near(values, scale)
        chosen = [row["number"] for row, first in zip(mine, found, strict=True) if first]
        each.append(_spread(chosen, cycles))
    longest = max(map(len, each), default=0)
    return [one[place] for place in range(longest) for one in each if place < len(one)]


def _spread(numbers: list[int], cycles: Mapping[int, float]) -> list[int]:
    """Return points such that any first few of them are spread over all cycles.

    The fastest and the slowest come first, then what halves the gaps, and so on.
    """
    ordered = sorted(numbers, key=lambda number: (cycles[number], number))
    count, found = len(ordered), dict[int, None]()
    parts = 1
    while len(found) < count:
        places = [round(k * (count - 1) / parts) for k in range(parts + 1)]
        found |= dict.fromkeys(ordered[place] for place in places)
        parts *= 2
    return list(found)


def _cycles(row: Row, known: Mapping[int, tuple[float, float] | None]) -> float:
    """Return the best known cycles of a point."""
    found = known.get(row["number"])
    return float(row["rough_cycles_per_image"] if found is None else found[0])


def _values(rows: Sequence[Row], cycles: Mapping[int, float]) -> NDArray[np.float64]:
    """Return what points are compared by; less is better."""
    return np.array(
        [
            (
                cycles[row["number"]],
                row["logic_cells"],
                row["block_rams"],
                row["large_rams"],
                -(row["accuracy"] or 0.0),
                row["additions_per_image"],
            )
            for row in rows
        ]
    )
