"""The parameters of a layer's neurons, laid out for `somagate.sim.golden.update`."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...checks.arguments import WORD_LIMIT, Ints
from ...export.neuron import Shift, Ternary
from ...export.tables import Layer, Tables


@dataclass(frozen=True, kw_only=True)
class Levels:
    """A `Ternary` store, laid out for `update`."""

    level: NDArray[Any]
    boundary: NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The parameters of a layer's neurons, laid out for `update`.

    Arrays have the integer type `dtype`, which holds every intermediate value, and the shape
    (channels,) or (channels, 1, 1). A pruned channel has no bias and a threshold out of reach, and
    no weights either, so it stays silent at potential 0.
    """

    dtype: np.dtype[Any]
    bias: NDArray[Any]
    threshold: NDArray[Any] | None
    reset: Literal["zero", "subtract", "none", "blank", "undelayed"]
    amount: NDArray[Any] | None
    leak_at: Literal["load", "store", "never"]
    multiplier: NDArray[Any]
    leak_shift: int
    leak_up: bool
    store: Shift | Levels
    low: NDArray[Any]
    high: NDArray[Any]
    mask_negative: bool
    gain: int
    lower_bound: NDArray[Any] | None
    most_spikes: int


def rule(tables: Tables, layer: Layer) -> Rule:
    """Lay out the parameters of a layer's neurons in the narrowest type that is always exact."""
    neuron, kept = layer.neuron, layer.kept

    def largest(*values: Any) -> int:
        return max(int(np.abs(np.asarray(value, np.int64)).max()) for value in values)

    bias = np.where(kept, neuron.bias, 0)
    leaks = not neuron.leak.identity
    state = largest(*tables.state_bounds(layer.name))
    sums = largest(*tables.sum_bounds(layer.name)) << neuron.gain
    bound = None if neuron.lower_bound is None else np.where(kept, neuron.lower_bound, -WORD_LIMIT)
    u = max(state + sums + largest(bias), 0 if bound is None else int(bound.max()))
    product = largest(neuron.leak.multiplier) * (u if neuron.leak.at == "store" else state)
    product += (1 << neuron.leak.shift) - 1 if neuron.leak.rounding == "up" else 0
    half = (1 << neuron.store.shift) >> 1 if isinstance(neuron.store, Shift) else 0
    reach = max(
        u + largest(0 if neuron.amount is None else neuron.amount) + half,
        product if leaks else 0,
        largest(neuron.leak.multiplier) if leaks else 0,
    )
    bits = next(bits for bits in (16, 32, 64) if reach < (1 << (bits - 1)) - 1)
    dtype = np.dtype(f"int{bits}")
    # What u is compared with, beyond `reach`, acts as the nearest number that the type holds.
    limit = (1 << (bits - 1)) - 1
    axes = (1,) * (len(tables.neuron_shapes[layer.name]) - 1)

    def laid(values: Ints | NDArray[np.int64]) -> NDArray[Any]:
        value = np.clip(values.astype(np.int64), -limit, limit).astype(dtype)
        return value.reshape(-1, *axes) if value.ndim else value

    threshold = None
    if neuron.threshold is not None:
        threshold = laid(np.where(kept, neuron.threshold.astype(np.int64), limit))
    store: Shift | Levels
    if isinstance(neuron.store, Ternary):
        store = Levels(level=laid(neuron.store.level), boundary=laid(neuron.store.boundary))
    else:
        store = neuron.store
    return Rule(
        dtype=dtype,
        bias=laid(bias),
        threshold=threshold,
        reset=neuron.reset,
        amount=None if neuron.amount is None else laid(neuron.amount),
        leak_at=neuron.leak.at if leaks else "never",
        multiplier=laid(neuron.leak.multiplier),
        leak_shift=neuron.leak.shift,
        leak_up=neuron.leak.rounding == "up",
        store=store,
        low=laid(np.array(neuron.store.low)),
        high=laid(np.array(neuron.store.high)),
        mask_negative=neuron.mask_negative,
        gain=neuron.gain,
        most_spikes=neuron.most_spikes,
        lower_bound=None if bound is None else laid(bound),
    )
