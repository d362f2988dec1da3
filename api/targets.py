"""What a design is for: a board or an FPGA by itself, a goal, and neurons that spike so often."""

import difflib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .boards.board import Board
from .boards.registry import BOARDS
from .encoded import Samples, the_samples
from .export.tables import Tables
from .given import assumed_activity
from .hw.cost.part import PARTS, Part
from .hw.search.wanted import GOALS, Wanted
from .sim.golden import golden
from .sim.golden.activity import channel_rates
from .sim.golden.random_trace import assumed_run

DEFAULT_BOARD = "icebreaker"


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
        raise ValueError(f"goal must be 'smallest', 'fastest' or images a second, not {goal!r}")
    if not clock_hz:
        raise ValueError("clock must be given for images a second on a part without a board")
    return Wanted(cycles=clock_hz / rate)


def rates(
    tables: Tables, data: Samples | None, activity: float | None
) -> Mapping[str, NDArray[np.float64] | float]:
    """Return the share of ones of every channel's bits, in samples or at random."""
    if data is None:
        found = channel_rates(tables, *assumed_run(tables, assumed_activity(data, activity)))
        return {name: float(rate.mean()) for name, rate in found.items()}
    assumed_activity(data, activity)
    x = the_samples(tables, data).x
    return channel_rates(tables, golden.run(tables, x), x)
