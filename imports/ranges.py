"""How wide stored potentials have to be: what they can reach in an inference, step by step."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..export.layer import Layer
from ..export.neuron import Shift
from ..export.tables import Tables
from ..export.widths import signed_bits

WIDEST = 16
"""Bits of a state that tables can hold."""


def state_of(
    tables: Tables, most: Mapping[str, int], seen: dict[str, tuple[float, float]]
) -> Tables:
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
        By layer, the least and the most that it would store, in LSBs, on samples; without, it is
        taken to be four thresholds.
    """
    layers = []
    for layer in tables.layers:
        low, high = reach(tables, layer)
        bits, shift, allowed = max(2, signed_bits(low, high)), 0, most[layer.name]
        if bits > allowed:
            low, high = _likely(layer, low, high, seen)
            needed = max(2, signed_bits(min(low, -1), max(high, 1)))
            bits, shift = min(needed, allowed), max(0, min(needed - allowed, 15))
        layers.append(stored(layer, Shift(bits=bits, shift=shift)))
    return replace(tables, layers=tuple(layers))


def stored(layer: Layer, store: Shift) -> Layer:
    """Return a layer with another store."""
    return replace(layer, neuron=replace(layer.neuron, store=store))


def losses(tables: Tables) -> dict[str, str]:
    """Return by layer how its potentials lose something, without those that lose nothing."""
    found = {}
    for layer in tables.layers:
        low, high = reach(tables, layer)
        store = layer.neuron.store
        assert isinstance(store, Shift)
        least, largest = store.low << store.shift, store.high << store.shift
        parts = []
        if low < least or high > largest:
            parts.append(f"saturate beyond {least}…{largest}")
        if store.shift:
            parts.append(f"lose their last {store.shift} bits")
        if parts:
            found[layer.name] = f"potentials can reach {low}…{high}, and {' and '.join(parts)}"
        most = layer.neuron.most_spikes
        if most > 1 and (could := sent(tables, layer)) > most:
            more = f"a neuron could send {could} spikes in a step, and sends at most {most}"
            found[layer.name] = "; ".join([*filter(None, [found.get(layer.name)]), more])
    return found


def _likely(
    layer: Layer, low: int, high: int, seen: dict[str, tuple[float, float]]
) -> tuple[int, int]:
    """Return what a state holds that can't hold low…high: twice what was seen of it."""
    n = layer.neuron
    # Less than a threshold below and above 0 would keep a neuron from ever reaching it.
    least = 1 if n.threshold is None else int(np.abs(n.threshold).max())
    unseen = 1 << (WIDEST - 2) if n.threshold is None else 2 * least
    bottom, top = seen.get(layer.name, (-unseen, unseen))
    return max(low, min(-least, int(2 * bottom) - 1)), min(high, max(least, int(2 * top) + 1))


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


def reach(tables: Tables, layer: Layer) -> tuple[int, int]:
    """Return the least and the most that a layer's potentials can be stored as, unbounded.

    All inputs of a step are taken to be the worst for the neuron, and all steps alike.
    """
    n = layer.neuron
    bias = n.bias.astype(np.int64)
    least, most = (bound << n.gain for bound in tables.sum_bounds(layer.name))
    low = high = np.zeros(n.channels, np.int64)
    multiplier, shift = n.leak.multiplier.astype(np.int64), n.leak.shift
    extra = (1 << shift) - 1 if n.leak.rounding == "up" else 0

    def leak(value: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.asarray((multiplier * value + extra) >> shift)

    reached = (0, 0)
    for _ in range(tables.steps):
        x = (leak(low), leak(high)) if n.leak.at == "load" else (low, high)
        bottom, top = x[0] + least + bias, x[1] + most + bias
        if n.lower_bound is not None:
            bottom, top = np.maximum(bottom, n.lower_bound), np.maximum(top, n.lower_bound)
        low, high = _stored(layer, bottom, top, leak)
        # Wider than any state, it saturates anyway.
        limit = 1 << 40
        low, high = np.clip(low, -limit, limit), np.clip(high, -limit, limit)
        now = (min(reached[0], int(low.min())), max(reached[1], int(high.max())))
        if now == reached and (low == bottom).all() and (high == top).all():
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
