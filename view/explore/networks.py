"""The networks of an exploration: the tables as they are and with fewer bits, and what they do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...export.tables import Tables
from ...sim.golden import golden
from ...sim.golden.activity import additions, channel_rates
from ...sim.golden.random_trace import assumed_run
from ...sim.golden.trace import Trace
from ...sim.verify.batches import SampleSource
from ...workers import Pool
from .bits import cuts, narrowed
from .setting import Network

FOLLOWED = 2
"""Samples that cycles are told of."""
BATCH, BATCH_UPDATES = 64, 20_000_000
"""Samples that golden runs at a time, and their updates."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Data:
    """Samples with labels.

    Attributes
    ----------
    samples
        Of which parts are integers (steps, samples, *input shape).
    labels
        Integers (samples,); None where accuracy isn't measured.
    """

    samples: SampleSource
    labels: NDArray[Any] | None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What tables do on all samples.

    Attributes
    ----------
    right
        Samples that are; None without labels.
    additions
        As of `Network`.
    """

    right: int | None
    additions: dict[str, tuple[float, float]]


def assumed(tables: Tables, activity: float) -> Network:
    """Return the network of tables without samples, by a run that is made up."""
    trace, x = assumed_run(tables, activity, batch=FOLLOWED)
    return _network(0, tables, trace, x, _added(tables, trace, x), None)


def networks(
    tables: Tables,
    data: Data,
    count: int,
    *,
    seed: int,
    pool: Pool,
    told: Callable[[int, Measured], None],
    known: dict[int, Measured],
) -> tuple[Network, ...]:
    """Return tables as they are and with fewer bits, measured on samples.

    Parameters
    ----------
    tables, data
        The network and its samples.
    count
        How many choices of bits, the tables' own included.
    seed
        Of those that are drawn.
    pool
        Where they are measured.
    told
        Called with a network's number and what was measured, as soon as it is.
    known
        What was measured before.
    """
    few = data.samples[: min(FOLLOWED, len(data.samples))]
    x = few if few.shape[1] > 1 else np.repeat(few, 2, axis=1)  # one by itself follows itself
    fit = golden.run(tables, data.samples[: min(BATCH, len(data.samples))], potentials=True)
    every = [narrowed(tables, cut, fit.potentials) for cut in cuts(tables, count, seed)]
    left = [number for number in range(len(every)) if number not in known]
    measured = pool.each(measure, [every[number] for number in left], shared=(data,))
    for number, found in zip(left, measured, strict=True):
        known[number] = found
        told(number, found)
    return tuple(
        _network(
            number, its, golden.run(its, x), x, known[number].additions,
            None if data.labels is None else known[number].right,
            len(data.samples),
        )
        for number, its in enumerate(every)
    )  # fmt: skip


def measure(data: Data, tables: Tables) -> Measured:
    """Return what tables do on all samples."""
    count, right = len(data.samples), 0
    size = max(1, min(BATCH, BATCH_UPDATES // tables.updates))
    sums = {layer.name: np.zeros(2, np.int64) for layer in tables.layers}
    with threadpool_limits(1, "blas"):
        for first in range(0, count, size):
            x = data.samples[first : first + size]
            trace = golden.run(tables, x)
            if data.labels is not None:
                right += int((trace.prediction == data.labels[first : first + size]).sum())
            for name, added in additions(tables, trace, x).items():
                sums[name] += added.sum(), added[0].sum()
    return Measured(
        right=None if data.labels is None else right,
        additions={name: (int(a) / count, int(b) / count) for name, (a, b) in sums.items()},
    )


def _added(tables: Tables, trace: Trace, x: NDArray[Any]) -> dict[str, tuple[float, float]]:
    found = additions(tables, trace, x)
    batch = x.shape[1]
    return {n: (int(a.sum()) / batch, int(a[0].sum()) / batch) for n, a in found.items()}


def _network(
    number: int,
    tables: Tables,
    trace: Trace,
    x: NDArray[Any],
    added: dict[str, tuple[float, float]],
    right: int | None,
    samples: int = 1,
) -> Network:
    rates = channel_rates(tables, trace, x)
    return Network(
        number=number,
        tables=tables,
        trace=trace,
        x=x,
        activity={name: float(rate.mean()) for name, rate in rates.items()},
        additions=added,
        accuracy=None if right is None else right / samples,
    )
