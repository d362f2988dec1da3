"""The golden simulator: the definition of what every network does, spike by spike.

A layer's output channel `c` in one time step, in exact integers::

    acc  = Σ weight · activation            over every synapse group of the layer
           of a window the largest or the sum of them, for a pool of sums
    v    = load(s)                                       s: the stored integer, v: in sum LSBs
    x    = leak(v) if leak_at == "load" else v
    e    = (acc << gain) + bias[c]                       what enters
           the current, for a neuron that has one: see `enter`
    u    = x + e                                         "blank" → 0 if it fired a step before
    u    = max(u, lower_bound[c])                        if there is one
    d    = amount[c] if v >= threshold[c]                for reset "undelayed", else 0
    fire = u - d >= threshold[c]                         and s >= 0, if mask_negative
           as often as u holds it                        for several spike_bits, up to the most
    w    = leak(u) if leak_at == "store" else u
    r    = reset(w, fire)                                "zero" → 0 · "none", "blank" → w
                                                         "subtract", "undelayed":
                                                         w - fire · amount[c]
    s'   = store(r)

What is subtracted does not leak. `update` is this rule from `load` on, and the only place where it
is executed; `run` feeds it. Layers execute in their order, once a time step. A group whose source
is its own layer sees the spikes of the step before. A group's delay is so many steps more, of
whatever source. The first step finds every stored integer at zero, and so is every map before it.
"""

from functools import reduce
from math import prod
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ...checks.memory import room
from ...export.neuron import Shift
from ...export.tables import Layer, Tables
from .answer import answer
from .inputs import checked
from .neuron_rule import CurrentRule, Rule, Stored, rule
from .past import Past, before, every_step
from .pools import pooled, windows
from .sums import Sum, gathered, group_sum
from .trace import Spikes, Trace

BLOCK_NEURONS = 1 << 18
BLOCK_ACTIVATIONS = 1 << 20
"""How much is in flight at once: neurons updated, and activations gathered for their sums."""


def update(
    n: Rule, v: NDArray[Any], acc: NDArray[Any], fired: Spikes | None = None
) -> tuple[Spikes, NDArray[Any]]:
    """Advance a layer's neurons by one time step.

    Parameters
    ----------
    n
        Their parameters.
    v, acc
        Stored integers and sums, or what `enter` returns, both (batch, *neuron shape) of type
        `n.dtype`.
    fired
        Spikes of the step before, in the same shape; None in the first.

    Returns
    -------
    fire, v
        Spikes and the integers to store, shaped as the arguments.
    """
    x = load(n, v)
    due = x >= n.threshold if n.reset == "undelayed" else None
    if n.leak_at == "load":
        x = leak(n, x)
    u = x
    u += acc << n.gain if n.gain else acc
    u += n.bias
    if n.reset == "blank" and fired is not None:
        u *= fired == 0
    if n.lower_bound is not None:
        np.maximum(u, n.lower_bound, out=u)
    compared = u
    if due is not None:
        assert n.amount is not None
        compared = u - due * n.amount
    fire: Spikes = np.zeros(u.shape, bool)
    if n.threshold is not None:
        fire = compared >= n.threshold
        if n.most_spikes > 1:
            fire = np.clip(u // n.threshold, 0, n.most_spikes).astype(np.uint8)
    if n.mask_negative:
        fire *= v >= 0
    if n.leak_at == "store":
        u = leak(n, u)
    r = u
    if n.reset == "zero":
        r *= fire == 0
    elif n.reset in ("subtract", "undelayed"):
        assert n.amount is not None
        r -= fire * n.amount
    return fire, store(n, r)


def enter(n: CurrentRule, i: NDArray[Any], acc: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Let sums enter the currents of a layer's neurons in one time step.

    Of each of them::

        h  = load(i)
        j  = leak(h) if leak_at == "load" else h
        j  = j + (acc << gain) + bias[c]
        e  = h if late else j
        i' = store(leak(j) if leak_at == "store" else j)

    Parameters
    ----------
    n
        Their parameters.
    i, acc
        Stored integers and sums, both (batch, *neuron shape) of type `n.dtype`.

    Returns
    -------
    e, i
        What enters u, and the integers to store.
    """
    h = load(n, i)
    j = leak(n, h.copy()) if n.leak_at == "load" else h.copy()
    j += acc << n.gain
    j += n.bias
    kept = leak(n, j.copy()) if n.leak_at == "store" else j.copy()
    return h if n.late else j, store(n, kept)


def load(n: Stored, v: NDArray[Any]) -> NDArray[Any]:
    """Bring stored integers back to accumulator LSBs, as a new array."""
    return v << n.store.shift if isinstance(n.store, Shift) else v * n.store.level


def leak(n: Stored, x: NDArray[Any]) -> NDArray[Any]:
    """Return `(multiplier · x) >> shift`, rounded down or up, in the place of `x`."""
    x *= n.multiplier
    if n.leak_up:
        x += (1 << n.leak_shift) - 1
    x >>= n.leak_shift
    return x


def store(n: Stored, r: NDArray[Any]) -> NDArray[Any]:
    """Return the integers kept of `r`: rounded half up and saturated, or compared."""
    if not isinstance(n.store, Shift):
        return np.subtract(r >= n.store.boundary, r < -n.store.boundary, dtype=n.dtype)
    if n.store.shift:
        r += 1 << (n.store.shift - 1)
        r >>= n.store.shift
    return np.clip(r, n.low, n.high, out=r)


def run(tables: Tables, x: NDArray[Any], potentials: bool = False) -> Trace:
    """Run a network on a batch.

    Parameters
    ----------
    tables
        The network.
    x
        Integers (steps, batch, *input shape), or bools for spikes. Where the input is constant,
        all steps are equal.
    potentials
        Whether the trace holds every potential too.

    Raises
    ------
    TypeError, ValueError
        Where `x` is not what the tables' input can be, the trace is larger than the memory, or the
        readout has a pruned class.
    """
    if tables.pruned_class:
        raise ValueError(f"layer {tables.readout.layer}: {tables.pruned_class}")
    x = checked(tables, x)
    steps, batch = x.shape[:2]
    size = batch * tables.updates * (3 if potentials else 1)
    room(f"the trace of {batch} samples", size, "run fewer samples, or fewer at once")
    network = _NETWORKS.get(tables)
    if network is None:
        network = _NETWORKS[tables] = [RunLayer(tables, layer) for layer in tables.layers]
    maps = {"input": x}
    spikes: dict[str, Spikes] = {}
    kept: dict[str, NDArray[np.int16]] = {}
    output = np.zeros((batch, 0), np.int32)
    for plan in network:
        name = plan.layer.name
        kind = np.bool_ if plan.rule.most_spikes == 1 else np.uint8
        fires = spikes[name] = np.empty((steps, batch, *plan.shape), kind)
        reads_out = name == tables.readout.layer
        whole = potentials or (reads_out and tables.readout.over != "last")
        values = kept[name] = np.empty((steps if whole else 1, batch, *plan.shape), np.int16)
        maps[name] = plan.run(maps, fires, values)
        if reads_out:
            output = answer(tables, fires, values)
    return Trace(
        tables=tables.sha256,
        output=output,
        prediction=output.reshape(batch, -1, tables.classes)[:, -1].argmax(1),
        spikes=spikes,
        potentials=kept if potentials else {},
    )


class RunLayer:
    """A layer, ready to run: its rule, and how to sum each of its synapse groups.

    The groups split by when they can be summed: those of a `still` source once for all steps,
    those that are `forward` many steps at once, and those that are `recurrent` step by step; the
    last two with their delays. A source that is still isn't for who sees it later.
    """

    def __init__(self, tables: Tables, layer: Layer) -> None:
        self.layer = layer
        self.shape = tables.neuron_shapes[layer.name]
        self.rule = rule(tables, layer)
        self.still: list[tuple[str, Sum]] = []
        self.forward: list[tuple[str, Sum, int]] = []
        self.recurrent: list[tuple[Sum, int]] = []
        for group in layer.synapses:
            function = group_sum(tables, layer, group, self.rule.dtype)
            if group.source == layer.name:
                self.recurrent.append((function, 1 + group.delay))
            elif group.source == "input" and tables.input.constant and not group.delay:
                self.still.append((group.source, function))
            else:
                self.forward.append((group.source, function, group.delay))
        self.gathered = max(gathered(tables, layer, group) for group in layer.synapses)

    def run(
        self,
        maps: dict[str, NDArray[Any]],
        spikes: Spikes,
        potentials: NDArray[np.int16],
        past: Past | None = None,
    ) -> NDArray[Any]:
        """Fill `spikes` and `potentials` (all steps or the last), and return the layer's map.

        Of a past, `maps` and `spikes` begin with its steps.
        """
        batch = spikes.shape[1]
        count = max(1, min(BLOCK_NEURONS // prod(self.shape), BLOCK_ACTIVATIONS // self.gathered))
        for first in range(0, batch, count):
            samples = slice(first, first + count)
            read = {name for name, _ in self.still} | {name for name, _, _ in self.forward}
            block = {name: maps[name][:, samples] for name in read}
            mine = past and past.of(samples)
            self._run(block, spikes[:, samples], potentials[:, samples], mine)
        return pooled(self.layer.spike_pool, spikes)

    def _run(
        self,
        maps: dict[str, NDArray[Any]],
        spikes: Spikes,
        potentials: NDArray[np.int16],
        past: Past | None,
    ) -> None:
        batch, gone = spikes.shape[1], past.steps if past else 0
        steps = len(spikes) - gone
        v = np.zeros((batch, *self.shape), self.rule.dtype)
        i = np.zeros_like(v)
        if past:
            v[...], i[...] = past.v, past.i
        still = [every_step(function, maps[name][:1]) for name, function in self.still]
        count = max(1, BLOCK_ACTIVATIONS // (batch * self.gathered))
        for first in range(0, steps, count):
            block = slice(gone + first, gone + min(first + count, steps))
            forward = [
                every_step(function, before(maps[name], block, delay))
                for name, function, delay in self.forward
            ]
            sums = reduce(np.add, still + forward)
            if pool := self.layer.sum_pool:
                sums = windows(pool, sums, np.maximum if pool.kind == "max" else np.add)
            sums = np.broadcast_to(sums, (block.stop - block.start, *v.shape))
            for t, acc in enumerate(sums, block.start):
                seen = (function(spikes[t - lag]) for function, lag in self.recurrent if lag <= t)
                acc = sum(seen, acc)
                if self.rule.current:
                    acc, i = enter(self.rule.current, i, acc)
                spikes[t], v = update(self.rule, v, acc, spikes[t - 1] if t else None)
                if len(potentials) > 1:
                    potentials[t - gone] = v
        potentials[-1] = v
        if past:
            past.v[...], past.i[...] = v, i


_NETWORKS: WeakKeyDictionary[Tables, list[RunLayer]] = WeakKeyDictionary()
