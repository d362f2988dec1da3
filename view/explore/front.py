"""Which points none beats: the Pareto front, and what lies so close that it might be on it.

Every figure is one of which less is better; what should be much, such as accuracy, comes negated.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def ahead(values: ArrayLike) -> NDArray[np.bool_]:
    """Return which points no other beats, bool (points,).

    One beats another where nothing of it is worse and something is better; of points that are the
    same in all, the first is ahead.

    Parameters
    ----------
    values
        Numbers (points, figures).
    """
    return near(values, np.ones(np.shape(values)[1]))


def near(values: ArrayLike, scale: ArrayLike) -> NDArray[np.bool_]:
    """Return which points no other would beat if their figures were `scale` times what they are.

    Parameters
    ----------
    values
        As of `ahead`, at least 0 where they are scaled.
    scale
        Numbers (figures,), at most 1.
    """
    found = np.asarray(values, np.float64).reshape(-1, np.shape(values)[1])
    hoped = found * np.asarray(scale, np.float64)
    exact = bool((hoped == found).all())
    best = np.ones(len(found), bool)
    for number, mine in enumerate(hoped):
        no_worse = (found <= mine).all(1)
        better = (found < mine).any(1)
        same = no_worse & ~better & (np.arange(len(found)) < number) & exact
        best[number] = not (no_worse & better | same).any()
    return best
