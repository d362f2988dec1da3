"""How large the potentials of a layer get, and so which of its neurons never or always fire."""

import numpy as np
from numpy.typing import NDArray

from .neuron import Neuron, Shift, Ternary

Bounds = tuple[NDArray[np.int64], NDArray[np.int64]]
"""The smallest and the largest value of each channel, (channels,) each, both included."""


def state(neuron: Neuron) -> Bounds:
    """Bound the stored potential, brought back to accumulator LSBs."""
    ones = np.ones(neuron.channels, np.int64)
    if isinstance(neuron.store, Ternary):
        return -ones * neuron.store.level, ones * neuron.store.level
    low, high = kept(neuron.store)
    return ones * low, ones * high


def kept(store: Shift) -> tuple[int, int]:
    """Bound what a store keeps, brought back to accumulator LSBs."""
    return store.low << store.shift, store.high << store.shift


def current(neuron: Neuron, sums: Bounds) -> Bounds:
    """Bound the sum with its gain and bias, and the current that both enter if there is one."""
    low, high = kept(neuron.current.store) if neuron.current else (0, 0)
    bias = neuron.bias.astype(np.int64)
    return (sums[0] << neuron.gain) + bias + low, (sums[1] << neuron.gain) + bias + high


def update(neuron: Neuron, sums: Bounds) -> Bounds:
    """Bound `u` before and after it is raised to its lower bound, from bounds of `acc`.

    They do not count on the leak, which only brings a potential closer to -1, 0 or 1. All else that
    is compared with the threshold lies within them too, and so does a current.
    """
    v, (low, high) = state(neuron), current(neuron, sums)
    if neuron.current and neuron.current.late:
        i = kept(neuron.current.store)
        low, high = np.minimum(low, v[0] + i[0]), np.maximum(high, v[1] + i[1])
    else:
        low, high = v[0] + low, v[1] + high
    if neuron.reset == "blank":
        low, high = np.minimum(low, 0), np.maximum(high, 0)
    if neuron.lower_bound is not None:
        high = np.maximum(high, neuron.lower_bound)
    if neuron.reset == "undelayed" and neuron.amount is not None:
        less, more = np.maximum(neuron.amount, 0), np.maximum(-neuron.amount.astype(np.int64), 0)
        low, high = np.minimum(low - less, v[0]), np.maximum(high + more, v[1])
    return low, high


def thresholds(neuron: Neuron, kept: NDArray[np.bool_], sums: Bounds) -> list[str]:
    """Return a sentence for each kept channel that can never fire, or always does.

    Where negative potentials are masked, only a reset to zero is known to leave none, and with it a
    neuron that always reaches its threshold fires in every step.
    """
    if neuron.threshold is None:
        return []
    masked = neuron.mask_negative and neuron.reset != "zero"
    low, high = update(neuron, sums)
    if neuron.lower_bound is not None:
        low = np.maximum(low, neuron.lower_bound) if neuron.reset != "undelayed" else low
    findings = []
    for channel in np.flatnonzero(kept):
        threshold = int(neuron.threshold[channel])
        place = f"channel {channel}: threshold {threshold}"
        if threshold > high[channel]:
            findings.append(f"{place} is never reached: the most is {high[channel]}")
        elif threshold <= low[channel] and not masked:
            findings.append(f"{place} is always reached: the least is {low[channel]}")
    return findings


def most_spikes(neuron: Neuron, sums: Bounds) -> NDArray[np.int64]:
    """Return how often u can hold the threshold, which must be positive where it matters."""
    if neuron.threshold is None:
        return np.zeros(neuron.channels, np.int64)
    _, high = update(neuron, sums)
    return np.maximum(high, 0) // np.maximum(neuron.threshold, 1)
