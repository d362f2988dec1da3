"""The maps of a run, as the layers that read them see them."""

from typing import Any

from numpy.typing import NDArray

from ...export.tables import Tables
from .inputs import checked
from .pools import pooled
from .trace import Trace


def seen_maps(tables: Tables, trace: Trace, x: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return 'input' and the map of every layer, behind its pool, (steps, batch, *map shape).

    Parameters
    ----------
    tables, x
        What ran.
    trace
        What `golden.run(tables, x)` returned.

    Raises
    ------
    ValueError
        Where the input is none of the tables.
    """
    found: dict[str, NDArray[Any]] = {"input": checked(tables, x)}
    for layer in tables.layers:
        found[layer.name] = pooled(layer.spike_pool, trace.spikes[layer.name])
    return found
