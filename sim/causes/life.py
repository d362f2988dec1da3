"""One neuron's life: every line of the update rule, step by step, in plain integers.

It is the contract's rule with each intermediate value kept, for people to look at; the rule itself
is `somagate.sim.golden.update`, and the tests hold the two together.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.neuron import Leak, Neuron, Shift, Store
from ...export.tables import Layer, Tables
from ..golden.trace import Trace
from .field import Field, Maps, Place, fields


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What a neuron was given in one time step, and what the rule makes of it.

    Attributes
    ----------
    step
        Which.
    stored, fired_before
        The stored integer and the spikes that the step before has left.
    loaded, leaked
        The potential v in accumulator LSBs, and behind a leak at 'load'.
    sums
        Of the synapse groups together; one for each place of a pool of sums.
    acc
        What the pool makes of them, or the only one.
    bias, gain
        As the tables have them.
    current, current_after
        Stored integers of the synaptic current, before and after; None where there is none.
    entering
        e: what enters u, with bias and gain.
    u
        Potential, compared with `threshold`.
    due
        What a neuron that had reached its threshold before needs on top, reset 'undelayed'.
    threshold
        None where the neuron never fires.
    fire
        Spikes.
    reset
        r: what is stored, in accumulator LSBs, behind reset and leak.
    kept
        The integer that is stored.
    """

    step: int
    stored: int
    fired_before: int
    loaded: int
    leaked: int
    sums: tuple[int, ...]
    acc: int
    bias: int
    gain: int
    current: int | None
    current_after: int | None
    entering: int
    u: int
    due: int
    threshold: int | None
    fire: int
    reset: int
    kept: int


def life(
    tables: Tables, maps: Maps, trace: Trace, layer: Layer, sample: int, place: Place
) -> list[Moment]:
    """Return what the rule makes of a neuron's inputs in each step.

    In every step it goes on from the potential and the spikes that the trace has of the step
    before, so a mistake of the trace stays in the step in which it is made. Currents, which are in
    no trace, are those of the rule from the first step on.

    Parameters
    ----------
    tables
        The network.
    maps
        Of this sample, as `sample_maps` returns them.
    trace
        Of any simulator, with potentials.
    layer, sample, place
        Of the neuron.
    """
    sums = window_sums(fields(tables, layer, place), maps)
    pool = layer.sum_pool
    at: Any = (slice(None), sample, *place)
    stored = [0, *(int(s) for s in trace.potentials[layer.name][at])]
    fired = [0, *(int(s) for s in trace.spikes[layer.name][at])]
    found: list[Moment] = []
    current = 0
    for step, here in enumerate(sums.tolist()):
        acc = sum(here) if pool and pool.kind == "sum" else max(here)
        moment = _moment(
            layer, place[0], step, stored[step], fired[step], current, (tuple(here), acc)
        )
        current = moment.current_after or 0
        found.append(moment)
    return found


def window_sums(seen: list[list[Field]], maps: Maps) -> NDArray[np.int64]:
    """Return the sums of fields in every step, int64 (steps, places of the window)."""
    return np.stack(
        [sum(field.activations(maps) @ field.weights for field in groups) for groups in seen], 1
    )


def _moment(
    layer: Layer,
    c: int,
    step: int,
    stored: int,
    fired: int,
    current: int,
    summed: tuple[tuple[int, ...], int],
) -> Moment:
    n, kept = layer.neuron, bool(layer.kept[c])
    sums, acc = summed
    bias = int(n.bias[c]) if kept else 0
    threshold = None if n.threshold is None or not kept else int(n.threshold[c])
    loaded = _loaded(n.store, c, stored)
    leaked = _leaked(n.leak, c, loaded) if n.leak.at == "load" else loaded
    entering, after = _entered(n, c, current, (acc << n.gain) + bias)
    u = leaked + entering
    if n.reset == "blank" and fired:
        u = 0
    if n.lower_bound is not None and kept:
        u = max(u, int(n.lower_bound[c]))
    due = 0
    if n.reset == "undelayed" and threshold is not None and loaded >= threshold:
        assert n.amount is not None
        due = int(n.amount[c])
    fire = 0
    if threshold is not None:
        fire = int(u - due >= threshold)
        if n.spike_bits > 1:
            fire = min(max(u // threshold, 0), n.most_spikes)
    if n.mask_negative and stored < 0:
        fire = 0
    reset = _leaked(n.leak, c, u) if n.leak.at == "store" else u
    if n.reset == "zero":
        reset = 0 if fire else reset
    elif n.reset in ("subtract", "undelayed"):
        assert n.amount is not None
        reset -= fire * int(n.amount[c])
    return Moment(
        step=step, stored=stored, fired_before=fired, loaded=loaded, leaked=leaked, sums=sums,
        acc=acc, bias=bias, gain=n.gain, current=current if n.current else None,
        current_after=after, entering=entering, u=u, due=due, threshold=threshold, fire=fire,
        reset=reset, kept=_stored(n.store, c, reset),
    )  # fmt: skip


def _entered(n: Neuron, c: int, current: int, enters: int) -> tuple[int, int | None]:
    """Return what enters u, and the stored current behind it."""
    if n.current is None:
        return enters, None
    held = current << n.current.store.shift
    new = (_leaked(n.current.leak, c, held) if n.current.leak.at == "load" else held) + enters
    after = _leaked(n.current.leak, c, new) if n.current.leak.at == "store" else new
    return held if n.current.late else new, _stored(n.current.store, c, after)


def _loaded(store: Store, c: int, stored: int) -> int:
    return stored << store.shift if isinstance(store, Shift) else stored * int(store.level[c])


def _leaked(leak: Leak, c: int, value: int) -> int:
    multiplier = int(leak.multiplier[c]) if leak.multiplier.ndim else int(leak.multiplier)
    rounds = (1 << leak.shift) - 1 if leak.rounding == "up" else 0
    return (multiplier * value + rounds) >> leak.shift


def _stored(store: Store, c: int, value: int) -> int:
    if not isinstance(store, Shift):
        boundary = int(store.boundary[c])
        return (value >= boundary) - (value < -boundary)
    half = (1 << store.shift) >> 1
    return min(max((value + half) >> store.shift, store.low), store.high)
