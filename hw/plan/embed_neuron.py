"""Neurons of a smaller layer among those of a larger one."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.neuron import Leak, Neuron, Ternary


def embedded_neuron(old: Neuron, new: Neuron, slots: NDArray[np.int64]) -> Neuron:
    """Return the new neurons' parameters where they go, and the old ones' where there is none.

    Parameters
    ----------
    old, new
        Neurons of a layer of the larger tables, and of the smaller ones.
    slots
        int (channels of `old`,): which channel of `new` each becomes, or -1.
    """
    here = slots >= 0

    def spread(ours: Any, theirs: Any) -> Any:
        if ours is None or np.ndim(ours) == 0:
            return ours
        found = np.zeros(len(slots), np.int64) if theirs is None else np.array(theirs, np.int64)
        found = np.broadcast_to(found, len(slots)).copy()
        found[here] = ours[slots[here]]
        return found

    threshold, amount = spread(new.threshold, old.threshold), spread(new.amount, old.amount)
    if new.spike_bits > 1:  # whatever the old one has must suit several spikes
        threshold = np.maximum(threshold, 1)
        amount = None if amount is None else threshold
    current = new.current
    if current:
        theirs = old.current.leak if old.current else Leak()
        multiplier = np.minimum(theirs.multiplier, 1 << current.leak.shift)
        leak = replace(current.leak, multiplier=spread(current.leak.multiplier, multiplier))
        current = replace(current, leak=leak)
    store = new.store
    if isinstance(store, Ternary):
        other = old.store if isinstance(old.store, Ternary) else None
        store = Ternary(
            level=spread(store.level, other and other.level),
            boundary=spread(store.boundary, other.boundary if other else np.ones(len(slots))),
        )
    return replace(
        new,
        bias=spread(new.bias, old.bias),
        threshold=threshold,
        amount=amount,
        lower_bound=spread(new.lower_bound, old.lower_bound),
        leak=replace(
            new.leak,
            multiplier=spread(
                new.leak.multiplier, np.minimum(old.leak.multiplier, 1 << new.leak.shift)
            ),
        ),
        store=store,
        current=current,
    )
