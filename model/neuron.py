"""The neurons of a layer over all time steps, in floating-point tensors that hold integers.

The rule is the one that `somagate.sim.golden` defines; a test holds both to each other.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from . import quantize


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is the same for every neuron of a layer, and is not learned.

    Attributes
    ----------
    bits, shift
        Stored potentials: `clamp((r + half) >> shift)` in `bits` signed bits.
    reset
        'zero', 'subtract', or 'none' for a layer that never fires.
    leak_at, leak_shift
        `(multiplier · x) >> leak_shift` at 'load' or at 'store'.
    quantized
        False: nothing is rounded or saturated anywhere.
    """

    bits: int
    shift: int
    reset: Literal["zero", "subtract", "none"]
    leak_at: Literal["load", "store"]
    leak_shift: int
    quantized: bool = True


@dataclass(frozen=True, kw_only=True)
class Constants:
    """What a layer's neurons learned, in accumulator LSBs; see `Rule` for the rest.

    Attributes
    ----------
    bias
        (channels,), added in every step.
    threshold
        (channels,), positive; None where the layer never fires. It is also what 'subtract' takes.
    multiplier
        (), the leak times 2**leak_shift.
    """

    bias: Tensor
    threshold: Tensor | None
    multiplier: Tensor

    def to(self, dtype: torch.dtype) -> "Constants":
        """Return the same in another type."""
        threshold = None if self.threshold is None else self.threshold.to(dtype)
        return Constants(
            bias=self.bias.to(dtype), threshold=threshold, multiplier=self.multiplier.to(dtype)
        )


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What a layer's neurons did.

    Attributes
    ----------
    spikes
        (steps, batch, channels, ...), before a pool; None where the layer never fires.
    last
        (batch, channels, ...), the potentials after the last step, in accumulator LSBs.
    potentials
        (steps, batch, channels, ...), in stored LSBs; None where they are not recorded.
    """

    spikes: Tensor | None
    last: Tensor
    potentials: Tensor | None


def run(acc: Tensor, constants: Constants, rule: Rule, *, record: bool = False) -> Activity:
    """Return what a layer's neurons do, from potential 0.

    Parameters
    ----------
    acc
        (steps, batch, channels, ...), the sums of the layer's synapses.
    constants, rule
        See there.
    record
        Whether to return every potential.
    """

    def per_channel(value: Tensor) -> Tensor:
        return value.reshape(-1, *[1] * (acc.ndim - 3))

    def leak(x: Tensor) -> Tensor:
        x = x * (constants.multiplier / (1 << rule.leak_shift))
        return quantize.floor(x) if rule.quantized else x

    threshold = None if constants.threshold is None else per_channel(constants.threshold)
    leaks = bool(constants.multiplier != 1 << rule.leak_shift) or constants.multiplier.requires_grad
    current = acc + per_channel(constants.bias)
    v: Tensor | None = None
    spikes, potentials = [], []
    for u in current.unbind(0):
        if v is not None:
            u = u + (leak(v) if leaks and rule.leak_at == "load" else v)
        r = leak(u) if leaks and rule.leak_at == "store" else u
        if threshold is not None:
            spike = quantize.fire(u, threshold)
            spikes.append(spike)
            r = r * (1 - spike) if rule.reset == "zero" else r - threshold * spike
        v = quantize.store(r, rule.bits, rule.shift) if rule.quantized else r
        if record:
            potentials.append(v / (1 << rule.shift))
    assert v is not None
    return Activity(
        spikes=torch.stack(spikes) if spikes else None,
        last=v,
        potentials=torch.stack(potentials) if record else None,
    )
