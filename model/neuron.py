"""The neurons of a layer over all time steps, in floating-point tensors that hold integers.

The rule is the one that `somagate.sim.golden` defines; a test holds both to each other.
"""

from dataclasses import dataclass, fields
from typing import Any, Literal

import torch
from torch import Tensor

from .quantizers import quantize


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
        'zero', 'subtract', or 'none' for a layer that never fires.
    mask_negative
        A neuron whose stored potential is negative does not fire in the next step.
    leak_at, leak_shift
        `(multiplier · x) >> leak_shift` at 'load' or at 'store'.
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
    reset: Literal["zero", "subtract", "none"]
    leak_at: Literal["load", "store"]
    leak_shift: int
    ternary: bool = False
    quantized: bool = True
    stacked: bool = False
    peak: float = 1.0
    learned: bool = False
    mask_negative: bool = False


@dataclass(frozen=True, kw_only=True)
class Constants:
    """What a layer's neurons learned, in accumulator LSBs; see `TrainingRule` for the rest.

    Attributes
    ----------
    bias
        (channels,), added in every step.
    threshold
        (channels,), positive; None where the layer never fires. It is also what 'subtract' takes.
    multiplier
        (), the leak times 2**leak_shift.
    level, boundary
        (channels,), of ternary potentials: what a stored ±1 stands for in the next step, and from
        where on it is stored. None for others.
    width
        (channels,), how wide a spike's gradient is; None is as wide as the threshold is high.
    identity
        (channels,), the weights of a shortcut without a convolution, or None.
    """

    bias: Tensor
    threshold: Tensor | None
    multiplier: Tensor
    level: Tensor | None = None
    boundary: Tensor | None = None
    width: Tensor | None = None
    identity: Tensor | None = None

    def to(self, dtype: torch.dtype) -> "Constants":
        """Return the same in another type."""
        found: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            found[field.name] = None if value is None else value.to(dtype)
        return Constants(**found)


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What a layer's neurons did.

    Attributes
    ----------
    currents
        (steps, batch, channels, ...), sum and bias of every step, in accumulator LSBs, before the
        mask.
    spikes
        (steps, batch, channels, ...), before a pool; None where the layer never fires.
    last
        (batch, channels, ...), the potentials after the last step, in accumulator LSBs (ternary
        ones are -1, 0 and 1).
    potentials
        (steps, batch, channels, ...), in stored LSBs; None where they are not recorded.
    """

    currents: Tensor
    spikes: Tensor | None
    last: Tensor
    potentials: Tensor | None


def run(
    acc: Tensor,
    constants: Constants,
    rule: TrainingRule,
    *,
    record: bool = False,
    mask: Tensor | None = None,
) -> Activity:
    """Return what a layer's neurons do, from potential 0.

    Parameters
    ----------
    acc
        (steps, batch, channels, ...), the sums of the layer's synapses.
    constants, rule
        See there.
    record
        Whether to return every potential.
    mask
        (channels, ...) or (steps, batch, channels, ...): what the currents are multiplied by, or
        None; 0 keeps a neuron from being driven.
    """

    def per_channel(value: Tensor | None) -> Tensor | None:
        return None if value is None else value.reshape(-1, *[1] * (acc.ndim - 3))

    def leak(x: Tensor) -> Tensor:
        x = x * (constants.multiplier / (1 << rule.leak_shift))
        return quantize.floor(x) if rule.quantized else x

    def load(v: Tensor) -> Tensor:
        if rule.ternary:
            assert level is not None
            return level * v
        return leak(v) if rule.leak_at == "load" else v

    def store(r: Tensor) -> Tensor:
        if rule.ternary:
            assert boundary is not None
            if rule.quantized:
                return quantize.ternary(r, boundary, stacked=rule.stacked)
            return r / (2 * boundary)
        if rule.quantized:
            return quantize.store(r, rule.bits, rule.shift, stacked=rule.stacked)
        return r

    threshold, width = per_channel(constants.threshold), per_channel(constants.width)
    level, boundary = per_channel(constants.level), per_channel(constants.boundary)
    bias = per_channel(constants.bias)
    assert bias is not None
    current = acc + bias
    driven = current if mask is None else current * mask
    v: Tensor | None = None
    spikes, potentials = [], []
    for drive in driven.unbind(0):
        u = drive if v is None else drive + load(v)
        r = leak(u) if rule.leak_at == "store" else u
        if threshold is not None:
            if width is None:
                spike = quantize.fire(u, threshold, rule.peak)
            else:
                spike = quantize.window(u, threshold, width, rule.peak, rule.learned)
            if rule.mask_negative and v is not None:
                spike = spike * (v >= 0)
            spikes.append(spike)
            r = r * (1 - spike) if rule.reset == "zero" else r - threshold * spike
        v = store(r)
        if record:
            potentials.append(v if rule.ternary else v / (1 << rule.shift))
    assert v is not None
    return Activity(
        currents=current,
        spikes=torch.stack(spikes) if spikes else None,
        last=v,
        potentials=torch.stack(potentials) if record else None,
    )
