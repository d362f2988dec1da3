"""Which potentials a state had better hold, where it can't hold all: tried on samples.

A state of few bits either saturates early or has coarse steps, and a decay that isn't 2**-k rounds
up or down. What is better depends on which potentials there are. So each way is tried in golden,
and the one taken in which a layer fires most like its source with the tables' numbers.
"""

from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from ..export.layer import Layer
from ..export.neuron import Shift
from ..export.tables import Tables
from ..sim.golden import golden
from .graph import Network
from .ranges import stored
from .reference import Reference, run

MOST_UPDATES = 1 << 23
"""Neurons that are updated in one try."""
DRAWN = 4
"""Random samples, where there are no others."""


def drawn(tables: Tables) -> NDArray[np.int64]:
    """Return random integers of the input, (steps, samples, *shape), a few samples."""
    a, rng = tables.input.activation, np.random.default_rng(1)
    steps = 1 if tables.input.constant else tables.steps
    x = rng.integers(a.low, a.high + 1, (steps, DRAWN, *tables.input.shape))
    x = x * (rng.random(x.shape) < 0.3)
    return np.broadcast_to(x, (tables.steps, *x.shape[1:]))


def fitted(tables: Tables, snap: Network, rounding: set[str], x: NDArray[np.int64]) -> Tables:
    """Return tables with those states and roundings that move the fewest spikes.

    Parameters
    ----------
    tables
        Their states hold all that was seen, with coarse steps where they have to.
    snap
        The source with the tables' numbers.
    rounding
        Layers whose decay rounds whatever the comparison is.
    x
        Integers (steps, samples, *input shape).
    """
    coarse = [layer.name for layer in tables.layers if _shift(layer)]
    if not coarse and not rounding:
        return tables
    x = x[:, : max(1, MOST_UPDATES // max(tables.updates, prod(x.shape[2:]) * len(x)))]
    done = run(snap, x)
    for name in coarse:
        tables = _held(tables, name, done, x)
    if not rounding:
        return tables
    other = replace(
        tables,
        layers=tuple(_turned(y) if y.name in rounding else y for y in tables.layers),
    )
    names = [layer.name for layer in tables.layers]
    return min((tables, other), key=lambda t: sum(_wrong(t, n, done, x) for n in names))


def _shift(layer: Layer) -> int:
    store = layer.neuron.store
    return store.shift if isinstance(store, Shift) else 0


def _held(tables: Tables, name: str, done: Reference, x: NDArray[np.int64]) -> Tables:
    """Return tables with the steps of a layer's state that suit its spikes best.

    Finer steps are tried until they are worse twice.
    """
    layer = tables.layer(name)
    best, least, worse = tables, _wrong(tables, name, done, x), 0
    for shift in reversed(range(_shift(layer))):
        finer = stored(layer, Shift(bits=layer.neuron.store.bits, shift=shift))
        layers = tuple(finer if y.name == name else y for y in tables.layers)
        candidate = replace(tables, layers=layers)
        wrong = _wrong(candidate, name, done, x)
        if wrong < least:
            best, least, worse = candidate, wrong, 0
        else:
            worse += 1
        if worse == 2 or not least:
            break
    return best


def _turned(layer: Layer) -> Layer:
    """Return a layer whose leak rounds the other way."""
    leak = layer.neuron.leak
    other = replace(leak, rounding="down" if leak.rounding == "up" else "up")
    return replace(layer, neuron=replace(layer.neuron, leak=other))


def _wrong(tables: Tables, name: str, done: Reference, x: NDArray[np.int64]) -> float:
    """Return how many spikes of a layer differ, or how far the potentials of one that never fires.

    The latter in units of 1/1000 of the largest, a neuron.
    """
    layer = tables.layer(name)
    silent = layer.neuron.threshold is None
    trace = golden.run(tables, x, potentials=silent)
    if not silent:
        ours = trace.spikes[name]
        theirs = done.spikes[name][tuple(slice(size) for size in ours.shape)]
        return float(np.count_nonzero(theirs != ours))
    kept = trace.potentials[name][-1].astype(np.float64) * (1 << _shift(layer))
    theirs = done.kept[name][-1]
    return float(np.abs(kept - theirs).sum() / max(1.0, float(np.abs(theirs).max())) * 1000)
