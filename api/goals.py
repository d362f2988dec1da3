"""What a plan is chosen for: a goal, and how often the neurons spike."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .encoded import Samples, the_samples
from .export.tables import Tables
from .given import assumed_activity
from .hw.search.wanted import GOALS, Wanted
from .sim.golden import golden
from .sim.golden.activity import channel_rates
from .sim.golden.random_trace import assumed_run


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
