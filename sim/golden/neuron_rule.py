"""The parameters of a layer's neurons, laid out for `somagate.sim.golden.update`."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...checks.arguments import WORD_LIMIT, Ints
from ...export import bounds
from ...export.neuron import Leak, Shift, Store
from ...export.tables import Layer, Tables


@dataclass(frozen=True, kw_only=True)
class Levels:
    """A `Ternary` store, laid out for `update`."""

    level: NDArray[Any]
    boundary: NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A number that is kept of each neuron: how it leaks, and how it is stored.

    Arrays have the integer type `dtype`, which holds every intermediate value, and the shape
    (channels,) or (channels, 1, 1).
    """

    dtype: np.dtype[Any]
    leak_at: Literal["load", "store", "never"]
    multiplier: NDArray[Any]
    leak_shift: int
    leak_up: bool
    store: Shift | Levels
    low: NDArray[Any]
    high: NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class CurrentRule(Stored):
    """The parameters of a layer's synaptic currents, laid out for `enter`."""

    bias: NDArray[Any]
    gain: int
    late: bool


@dataclass(frozen=True, kw_only=True)
class Rule(Stored):
    """The parameters of a layer's neurons, laid out for `update`.

    A pruned channel has no bias and a threshold out of reach, and no weights either, so it stays
    silent at potential 0. Where there is a current, gain and bias are there.
    """

    bias: NDArray[Any]
    threshold: NDArray[Any] | None
    reset: Literal["zero", "subtract", "none", "blank", "undelayed"]
    amount: NDArray[Any] | None
    mask_negative: bool
    gain: int
    lower_bound: NDArray[Any] | None
    most_spikes: int
    current: CurrentRule | None


def rule(tables: Tables, layer: Layer) -> Rule:
    """Lay out the parameters of a layer's neurons in the narrowest type that is always exact."""
    neuron, kept = layer.neuron, layer.kept
    current = neuron.current
    bias = np.where(kept, neuron.bias, 0)
    state = _largest(*tables.state_bounds(layer.name))
    j = (_largest(*tables.sum_bounds(layer.name)) << neuron.gain) + _largest(bias)
    j += _largest(*bounds.kept(current.store)) if current else 0
    bound = None if neuron.lower_bound is None else np.where(kept, neuron.lower_bound, -WORD_LIMIT)
    u = max(state + j, 0 if bound is None else int(bound.max()))
    reach = max(
        u + _largest(0 if neuron.amount is None else neuron.amount) + _half(neuron.store),
        _product(neuron.leak, u if neuron.leak.at == "store" else state),
        j + _half(current.store) if current else 0,
        _product(current.leak, j) if current else 0,
    )
    bits = next(bits for bits in (16, 32, 64) if reach < (1 << (bits - 1)) - 1)
    dtype = np.dtype(f"int{bits}")
    # What u is compared with, beyond `reach`, acts as the nearest number that the type holds.
    limit = (1 << (bits - 1)) - 1
    axes = (1,) * (len(tables.neuron_shapes[layer.name]) - 1)

    def laid(values: Ints | NDArray[np.int64]) -> NDArray[Any]:
        value = np.clip(values.astype(np.int64), -limit, limit).astype(dtype)
        return value.reshape(-1, *axes) if value.ndim else value

    def number(leak: Leak, store: Store) -> dict[str, Any]:
        levels: Shift | Levels = (
            store
            if isinstance(store, Shift)
            else Levels(level=laid(store.level), boundary=laid(store.boundary))
        )
        return {
            "dtype": dtype,
            "leak_at": "never" if leak.identity else leak.at,
            "multiplier": laid(leak.multiplier),
            "leak_shift": leak.shift,
            "leak_up": leak.rounding == "up",
            "store": levels,
            "low": laid(np.array(store.low)),
            "high": laid(np.array(store.high)),
        }

    threshold = None
    if neuron.threshold is not None:
        threshold = laid(np.where(kept, neuron.threshold.astype(np.int64), limit))
    enters: dict[str, Any] = {"gain": neuron.gain, "bias": laid(bias)}
    nothing: dict[str, Any] = {"gain": 0, "bias": laid(np.zeros_like(bias))}
    form = None
    if current:
        form = CurrentRule(late=current.late, **enters, **number(current.leak, current.store))
    return Rule(
        threshold=threshold,
        reset=neuron.reset,
        amount=None if neuron.amount is None else laid(neuron.amount),
        mask_negative=neuron.mask_negative,
        most_spikes=neuron.most_spikes,
        lower_bound=None if bound is None else laid(bound),
        current=form,
        **(nothing if current else enters),
        **number(neuron.leak, neuron.store),
    )


def _largest(*values: Any) -> int:
    """Return the largest absolute value of all."""
    return max(int(np.abs(np.asarray(value, np.int64)).max()) for value in values)


def _product(leak: Leak, value: int) -> int:
    """Return what a leak computes of a value before it shifts, at most."""
    if leak.identity:
        return 0
    rounds = (1 << leak.shift) - 1 if leak.rounding == "up" else 0
    return _largest(leak.multiplier) * max(1, value) + rounds


def _half(store: Store) -> int:
    """Return half a stored LSB, which rounding adds."""
    return (1 << store.shift) >> 1 if isinstance(store, Shift) else 0
