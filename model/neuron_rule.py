"""What neurons are told and what they keep: the parameters of `somagate.model.neuron`."""

from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class CurrentRule:
    """How synaptic currents are kept, as `somagate.export.Current` says.

    Attributes
    ----------
    bits, shift, leak_at, leak_shift, leak_up
        As of `TrainingRule`.
    late
        The potential takes the current as it was stored.
    """

    bits: int
    shift: int
    leak_at: Literal["load", "store"] = "load"
    leak_shift: int = 0
    leak_up: bool = False
    late: bool = False


@dataclass(frozen=True, kw_only=True)
class TrainingRule:
    """What is the same for every neuron of a layer, and is not learned.

    Attributes
    ----------
    bits, shift
        Stored potentials: `clamp((r + half) >> shift)` in `bits` signed bits.
    ternary
        Stored potentials are -1, 0 and 1 instead, by `Constants.boundary`, and there is no leak but
        the one in `Constants.level`.
    reset
        'zero', 'subtract', 'blank', 'undelayed', or 'none', as for a layer that never fires.
    mask_negative
        A neuron whose stored potential is negative does not fire in the next step.
    leak_at, leak_shift, leak_up
        `(multiplier · x) >> leak_shift` at 'load' or at 'store', rounded down or up.
    gain
        Sums enter as `acc << gain`.
    most_spikes
        How many spikes a neuron can send in a step.
    current
        Of synaptic currents, or None.
    quantized
        False: nothing is rounded or saturated anywhere.
    stacked
        The gradient of the store; see `quantize.store`.
    peak
        Of the gradient of a spike; see `quantize.fire`.
    learned
        Whether the threshold's gradient has the term of LT-SNN; see `quantize.window`.
    """

    bits: int
    shift: int
    reset: Literal["zero", "subtract", "none", "blank", "undelayed"]
    leak_at: Literal["load", "store"]
    leak_shift: int
    ternary: bool = False
    quantized: bool = True
    stacked: bool = False
    peak: float = 1.0
    learned: bool = False
    mask_negative: bool = False
    leak_up: bool = False
    gain: int = 0
    most_spikes: int = 1
    current: CurrentRule | None = None


@dataclass(frozen=True, kw_only=True)
class Constants:
    """What a layer's neurons learned, in accumulator LSBs; see `TrainingRule` for the rest.

    Attributes
    ----------
    bias
        (channels,), added in every step.
    threshold
        (channels,), positive where there is no `width`; None where the layer never fires.
    multiplier
        () or (channels,), the leak times 2**leak_shift.
    level, boundary
        (channels,), of ternary potentials: what a stored ±1 stands for in the next step, and from
        where on it is stored. None for others.
    width
        (channels,), how wide a spike's gradient is; None is as wide as the threshold is high.
    identity
        (channels,), the weights of a shortcut without a convolution, or None.
    amount
        (channels,), what a reset subtracts; None is the threshold.
    lower_bound
        (channels,), what a smaller sum is raised to, or None.
    current_multiplier
        As `multiplier`, of the currents, or None.
    """

    bias: Tensor
    threshold: Tensor | None
    multiplier: Tensor
    level: Tensor | None = None
    boundary: Tensor | None = None
    width: Tensor | None = None
    identity: Tensor | None = None
    amount: Tensor | None = None
    lower_bound: Tensor | None = None
    current_multiplier: Tensor | None = None

    def to(self, dtype: torch.dtype) -> "Constants":
        """Return the same in another type."""
        found: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            found[field.name] = None if value is None else value.to(dtype)
        return Constants(**found)

    def spread(self, axes: int) -> "Constants":
        """Return the same with that many axes behind the channels, as a map has."""
        found: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            flat = value is None or not value.ndim
            found[field.name] = value if flat else value.reshape(-1, *[1] * axes)
        return Constants(**found)


class State(NamedTuple):
    """What neurons keep from one time step to the next, (batch, channels, ...) each.

    Members
    -------
    v
        Stored potentials, in accumulator LSBs (ternary ones are -1, 0 and 1).
    fired
        The spikes of the step before; None where the layer never fires.
    current
        Stored currents, in accumulator LSBs, or None.
    """

    v: Tensor
    fired: Tensor | None
    current: Tensor | None = None
