"""Pools of maps and of sums: what lies in a window becomes one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.tables import Pool
from .trace import Spikes


def pooled(pool: Pool | None, spikes: Spikes) -> Spikes:
    """Return the map behind a pool of spikes: bool, or uint8 counts."""
    if pool is None:
        return spikes
    if pool.kind == "max":
        return windows(pool, spikes, np.logical_or if spikes.dtype == bool else np.maximum)
    return windows(pool, spikes.view(np.uint8), np.add)


def windows(pool: Pool, parts: NDArray[Any], combine: np.ufunc) -> NDArray[Any]:
    """Combine all that lies in a window, of arrays (…, rows, columns); windows lie side by side."""
    rows, columns = pool.size
    parts = joined([parts[..., row::rows, :] for row in range(rows)], combine)
    return joined([parts[..., column::columns] for column in range(columns)], combine)


def joined(parts: list[NDArray[Any]], combine: np.ufunc) -> NDArray[Any]:
    """Combine arrays of the same shape, element by element."""
    found = parts[0].copy()
    for part in parts[1:]:
        combine(found, part, out=found)
    return found
