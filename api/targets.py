"""What a design is for: a board or an FPGA by itself, a goal, and neurons that spike so often."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .boards.board import Board
from .boards.registry import BOARDS
from .encoded import Samples, the_samples
from .export.tables import Tables
from .given import assumed_activity
from .hw.cost.part import PARTS, Part
from .hw.cost.rough_cycles import transfers
from .hw.plan.plan import Plan
from .hw.search.timing import RoughTiming, Timing
from .hw.search.wanted import GOALS, Wanted
from .sim.cycles.timing import TraceTiming
from .sim.golden import golden
from .sim.golden.activity import channel_rates
from .sim.golden.random_trace import assumed_run

DEFAULT_BOARD = "icebreaker"

_ASSUMED = 3
"""Samples that are made up where there is no data."""
_PLANS_FOLLOWED, _STAGES_FOLLOWED = 200_000, 2_000_000
"""Words and chunks an image up to which a search follows plans, and stages by themselves."""


def target(board: str | None, part: str | None) -> tuple[Board | None, Part]:
    """Return the board, if it is for one, and the part that are called so."""
    if board is not None and part is not None:
        raise ValueError(f"part must be left out where a board is given, not {part!r}")
    if part is not None:
        return None, PARTS[one_of("part", part, list(PARTS))]
    chosen = BOARDS[one_of("board", DEFAULT_BOARD if board is None else board, sorted(BOARDS))]
    return chosen, chosen.family.part


def suited_board(part: Part) -> Board:
    """Return a board whose word width suits the block RAMs of a part's family."""
    small = part.family == "ice40"
    return next(b for b in BOARDS.values() if (b.family.part.family == "ice40") == small)


def one_of(kind: str, name: str, options: Sequence[str]) -> str:
    """Return `name` if it is one of `options`, or raise suggesting the nearest of them."""
    if name in options:
        return name
    near = difflib.get_close_matches(str(name), options, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{kind} must be one of {', '.join(options)}, not {name!r}{hint}")


def wanted(goal: str | float, clock_hz: int | None) -> Wanted:
    """Return what `choose` takes for a goal: its own, or cycles an image where it is a rate."""
    for known in GOALS:
        if goal == known:
            return Wanted(goal=known)
    try:
        rate = float(goal)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise ValueError(
            f"goal must be 'smallest', 'fastest', 'latency' or images a second, not {goal!r}"
        )
    if not clock_hz:
        raise ValueError("clock must be given for images a second on a part without a board")
    return Wanted(cycles=clock_hz / rate)


def observed(
    tables: Tables, data: Samples | None, activity: float | None
) -> tuple[Mapping[str, NDArray[np.float64] | float], Timing]:
    """Return the share of ones of every channel's bits, and how long plans take.

    Both are of samples, or of random spikes; of networks so large that following plans would take
    minutes, cycles are those of stages by themselves, or of the mean activity alone.
    """
    share = assumed_activity(data, activity)
    x: NDArray[Any]
    if data is None:
        trace, x = assumed_run(tables, share, batch=_ASSUMED)
    else:
        x = the_samples(tables, data).x
        trace = golden.run(tables, x)
    found = channel_rates(tables, trace, x)
    means = {name: float(rate.mean()) for name, rate in found.items()}
    rates: Mapping[str, NDArray[np.float64] | float] = means if data is None else found
    work = transfers(Plan.single(tables, lanes=64, update_lanes=8, word_bits=64))
    if work > _STAGES_FOLLOWED:
        return rates, RoughTiming(activity=means)
    return rates, TraceTiming(tables, trace, x, exact=work <= _PLANS_FOLLOWED)
