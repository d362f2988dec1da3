"""Where a trace breaks the update rule, by its own inputs and its own stored integers.

Golden's trace breaks it nowhere. Of another one, each update by itself is compared with what the
rule makes of the maps and potentials of that very trace; so a fault is found where it is made, and
not in all that follows from it.
"""

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.tables import Layer, Tables
from ..golden.golden import RunLayer, enter, update
from ..golden.past import before, every_step
from ..golden.pools import windows
from ..golden.seen_maps import seen_maps
from ..golden.trace import Spikes, Trace


@dataclass(frozen=True, kw_only=True, eq=False)
class Break:
    """The updates of one layer that break the rule.

    Attributes
    ----------
    layer
        Its name.
    where
        bool (steps, samples, *neuron shape).
    spikes, potentials
        What the rule makes of the trace's own inputs, in the same shape.
    """

    layer: str
    where: NDArray[np.bool_]
    spikes: Spikes
    potentials: NDArray[Any]

    @property
    def count(self) -> int:
        """Updates that break the rule."""
        return int(np.count_nonzero(self.where))

    @property
    def channels(self) -> dict[int, int]:
        """How many updates of each channel break it, of those with any."""
        sums = np.moveaxis(self.where, 2, 0).reshape(self.where.shape[2], -1).sum(1)
        return {int(c): int(sums[c]) for c in np.flatnonzero(sums)}

    @property
    def first(self) -> tuple[int, int, tuple[int, ...]] | None:
        """(step, sample, place) of the first one, or None."""
        if not self.where.any():
            return None
        step, sample, *place = np.unravel_index(self.where.argmax(), self.where.shape)
        return int(step), int(sample), tuple(map(int, place))


def breaks(tables: Tables, trace: Trace, x: NDArray[Any]) -> dict[str, Break]:
    """Return where a trace breaks the rule, by layer in order of execution.

    Parameters
    ----------
    tables
        The network.
    trace
        Of any simulator, with potentials.
    x
        What ran, as for `golden.run`.
    """
    maps = seen_maps(tables, trace, x)
    return {layer.name: _break(tables, layer, trace, maps) for layer in tables.layers}


def _break(tables: Tables, layer: Layer, trace: Trace, maps: dict[str, NDArray[Any]]) -> Break:
    plan = RunLayer(tables, layer)
    fires, kept = trace.spikes[layer.name], trace.potentials[layer.name]
    spikes: Spikes = np.zeros_like(fires)
    potentials = np.empty(kept.shape, kept.dtype)
    for sample in range(fires.shape[1]):
        of = slice(sample, sample + 1)
        mine = {name: maps[name][:, of] for name in maps}
        found = _replayed(plan, mine, fires[:, of], kept[:, of])
        spikes[:, of], potentials[:, of] = found
    wrong = (spikes != fires) | (potentials != kept)
    return Break(layer=layer.name, where=wrong, spikes=spikes, potentials=potentials)


def _replayed(
    plan: RunLayer, maps: dict[str, NDArray[Any]], fires: Spikes, kept: NDArray[np.int16]
) -> tuple[Spikes, NDArray[Any]]:
    """Return what the rule makes of one sample's own inputs, all steps at once."""
    every = slice(0, len(fires))
    sums = [every_step(function, maps[name][:1]) for name, function in plan.still]
    sums += [every_step(f, before(maps[name], every, delay)) for name, f, delay in plan.forward]
    acc = reduce(np.add, sums)
    if pool := plan.layer.sum_pool:
        acc = windows(pool, acc, np.maximum if pool.kind == "max" else np.add)
    acc = np.broadcast_to(acc, fires.shape)
    for function, lag in plan.recurrent:
        acc = acc + every_step(function, before(fires, every, lag))
    if plan.rule.current:
        i = np.zeros(fires.shape[1:], plan.rule.dtype)
        entering = np.empty(fires.shape, plan.rule.dtype)
        for step, here in enumerate(acc):
            entering[step], i = enter(plan.rule.current, i, here)
        acc = entering
    stored = before(kept, every, 1).astype(plan.rule.dtype)
    return update(plan.rule, stored, acc, before(fires, every, 1))
