"""How wide stored potentials and currents have to be: what they can reach in an inference."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..export.layer import Layer
from ..export.neuron import Leak, Shift
from ..export.tables import Tables
from ..export.widths import signed_bits

WIDEST = 16
"""Bits of a state that tables can hold."""
LIMIT = 1 << 40
"""Wider than any state, which saturates anyway."""

Bounds = tuple[NDArray[np.int64], NDArray[np.int64]]
"""The least and the most of each channel, (channels,)."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The least and the most that each layer would store on samples, in LSBs.

    Attributes
    ----------
    potentials, currents
        By layer; without one, nothing was seen of it.
    """

    potentials: dict[str, tuple[float, float]] = field(default_factory=dict)
    currents: dict[str, tuple[float, float]] = field(default_factory=dict)


def state_of(tables: Tables, most: Mapping[str, int], seen: Seen) -> Tables:
    """Return tables whose states are as narrow as they can be.

    A state that can't hold all that its potentials can reach holds what was seen of them and as
    much again, and no less than a threshold; where that needs more bits, its lowest ones are
    rounded away.

    Parameters
    ----------
    tables
        Their states are of 16 bits.
    most
        By layer, bits that a state may take.
    seen
        What samples need; of a potential without, it is taken to be four thresholds.
    """
    layers = []
    for layer in tables.layers:
        bits = most[layer.name]
        if layer.neuron.current is not None:
            reached = current_reach(tables, layer)
            likely = _twice(reached, seen.currents.get(layer.name, reached))
            form = replace(layer.neuron.current, store=_narrowest(reached, likely, bits))
            layer = replace(layer, neuron=replace(layer.neuron, current=form))
        reached = reach(tables, layer)
        layers.append(stored(layer, _narrowest(reached, _likely(layer, reached, seen), bits)))
    return replace(tables, layers=tuple(layers))


def _narrowest(reached: tuple[int, int], likely: tuple[int, int], most: int) -> Shift:
    """Return a store of all that can be reached, or of what is likely where that is too wide."""
    bits, shift = max(2, signed_bits(*reached)), 0
    if bits > most:
        needed = max(2, signed_bits(min(likely[0], -1), max(likely[1], 1)))
        bits, shift = min(needed, most), max(0, min(needed - most, 15))
    return Shift(bits=bits, shift=shift)


def stored(layer: Layer, store: Shift) -> Layer:
    """Return a layer with another store."""
    return replace(layer, neuron=replace(layer.neuron, store=store))


def losses(tables: Tables) -> dict[str, str]:
    """Return by layer how its potentials lose something, without those that lose nothing."""
    found = {}
    for layer in tables.layers:
        n = layer.neuron
        assert isinstance(n.store, Shift)
        parts = [_lost("potentials", reach(tables, layer), n.store)]
        if n.current is not None:
            parts.append(_lost("currents", current_reach(tables, layer), n.current.store))
        most = n.most_spikes
        if most > 1 and (could := sent(tables, layer)) > most:
            parts.append(f"a neuron could send {could} spikes in a step, and sends at most {most}")
        if any(parts):
            found[layer.name] = "; ".join(filter(None, parts))
    return found


def _lost(what: str, reached: tuple[int, int], store: Shift) -> str:
    """Return what a store loses of numbers that reach so far, or ''."""
    low, high = reached
    least, largest = store.low << store.shift, store.high << store.shift
    parts = []
    if low < least or high > largest:
        parts.append(f"saturate beyond {least}…{largest}")
    if store.shift:
        parts.append(f"lose their last {store.shift} bits")
    return f"{what} can reach {low}…{high}, and {' and '.join(parts)}" if parts else ""


def _twice(reached: tuple[int, int], seen: tuple[float, float]) -> tuple[int, int]:
    """Return twice what was seen, of what can be reached."""
    return max(reached[0], int(2 * seen[0]) - 1), min(reached[1], int(2 * seen[1]) + 1)


def _likely(layer: Layer, reached: tuple[int, int], seen: Seen) -> tuple[int, int]:
    """Return what a state holds that can't hold all: twice what was seen of it."""
    n = layer.neuron
    # Less than a threshold below and above 0 would keep a neuron from ever reaching it.
    least = 1 if n.threshold is None else int(np.abs(n.threshold).max())
    unseen = 1 << (WIDEST - 2) if n.threshold is None else 2 * least
    bottom, top = seen.potentials.get(layer.name, (-unseen, unseen))
    bottom, top = min(-least, int(2 * bottom) - 1), max(least, int(2 * top) + 1)
    return max(reached[0], bottom), min(reached[1], top)


def sent(tables: Tables, layer: Layer) -> int:
    """Return how many spikes a neuron could send in a step, at least 1, if there were no limit.

    A reset that subtracts leaves less than a threshold; another may leave anything.
    """
    n = layer.neuron
    assert n.threshold is not None
    threshold, (_, most) = n.threshold.astype(np.int64), tables.sum_bounds(layer.name)
    held = (most << n.gain) + n.bias
    if n.reset == "none":
        held = np.maximum(held, 0) * tables.steps
    else:
        held = held + np.maximum(threshold - 1, 0)
    return max(1, int((np.maximum(held, 0) // np.maximum(threshold, 1)).max()))


def _leaked(leak: Leak, value: NDArray[np.int64]) -> NDArray[np.int64]:
    extra = (1 << leak.shift) - 1 if leak.rounding == "up" else 0
    return np.asarray((leak.multiplier.astype(np.int64) * value + extra) >> leak.shift)


def _entering(tables: Tables, layer: Layer) -> Iterator[tuple[Bounds, Bounds]]:
    """Yield of each step what can enter a layer's potentials, and what its currents are stored as.

    The latter unbounded; a layer without currents stores zeros.
    """
    n = layer.neuron
    bias = n.bias.astype(np.int64)
    least, most = ((bound << n.gain) + bias for bound in tables.sum_bounds(layer.name))
    low = high = np.zeros(n.channels, np.int64)
    for _ in range(tables.steps):
        if n.current is None:
            yield (least, most), (low, high)
            continue
        leak, store = n.current.leak, n.current.store
        before = low, high
        if leak.at == "load":
            low, high = _leaked(leak, low), _leaked(leak, high)
        low, high = low + least, high + most
        enters = before if n.current.late else (low, high)
        if leak.at == "store":
            low, high = _leaked(leak, low), _leaked(leak, high)
        yield enters, (low, high)
        bounds = store.low << store.shift, store.high << store.shift
        low, high = np.clip(low, *bounds), np.clip(high, *bounds)


def current_reach(tables: Tables, layer: Layer) -> tuple[int, int]:
    """Return the least and the most that a layer's currents can be stored as, as `reach` does."""
    stored = [bounds for _, bounds in _entering(tables, layer)]
    return min(int(low.min()) for low, _ in stored), max(int(high.max()) for _, high in stored)


def reach(tables: Tables, layer: Layer) -> tuple[int, int]:
    """Return the least and the most that a layer's potentials can be stored as, unbounded.

    All inputs of a step are taken to be the worst for the neuron, and all steps alike.
    """
    n = layer.neuron
    low = high = np.zeros(n.channels, np.int64)

    def leak(value: NDArray[np.int64]) -> NDArray[np.int64]:
        return _leaked(n.leak, value)

    reached = (0, 0)
    for (least, most), _ in _entering(tables, layer):
        x = (leak(low), leak(high)) if n.leak.at == "load" else (low, high)
        bottom, top = x[0] + least, x[1] + most
        if n.lower_bound is not None:
            bottom, top = np.maximum(bottom, n.lower_bound), np.maximum(top, n.lower_bound)
        low, high = _stored(layer, bottom, top, leak)
        low, high = np.clip(low, -LIMIT, LIMIT), np.clip(high, -LIMIT, LIMIT)
        now = (min(reached[0], int(low.min())), max(reached[1], int(high.max())))
        same = (low == bottom).all() and (high == top).all()
        if n.current is None and now == reached and same:
            break
        reached = now
    return reached


def _stored(
    layer: Layer, bottom: NDArray[np.int64], top: NDArray[np.int64], leak: Any
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the bounds of what is stored of potentials u between two bounds."""
    n = layer.neuron
    late = leak if n.leak.at == "store" else (lambda value: value)
    if n.threshold is None or n.reset == "none":
        return late(bottom), late(top)
    threshold = n.threshold.astype(np.int64)
    fires, stays = top >= threshold, bottom < threshold
    # Below the threshold u stays what it is.
    low = np.where(stays, late(bottom), np.iinfo(np.int64).max)
    # A neuron that has its threshold already fires at twice of it.
    most = threshold - 1
    if n.reset == "undelayed" and n.amount is not None:
        most = most + np.maximum(n.amount, 0)
        stays = np.ones_like(stays)
    high = np.where(stays, late(np.minimum(top, most)), np.iinfo(np.int64).min)
    if n.spike_bits > 1:
        # As often as there is a threshold in it, or as often as can be counted.
        rest = np.maximum(threshold - 1, top - n.most_spikes * threshold)
        after = (np.zeros_like(low), rest)
    elif n.reset in ("zero", "blank"):  # what a blank neuron keeps of its spike is never read
        after = (np.zeros_like(low), np.zeros_like(high))
    else:
        assert n.amount is not None
        after = (late(np.maximum(bottom, threshold)) - n.amount, late(top) - n.amount)
    low = np.where(fires, np.minimum(low, after[0]), low)
    return low, np.where(fires, np.maximum(high, after[1]), high)
