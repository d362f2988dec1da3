"""How float weights become integers in training.

A quantizer is a module that maps weights to integers and to their *scale*: what one integer stands
for. Its gradient is its own affair.
"""

import math
from abc import ABC, abstractmethod
from typing import cast

import torch
from torch import Tensor, nn

from . import quantize


class Quantizer(nn.Module, ABC):
    """Maps float weights to integers.

    Attributes
    ----------
    bits
        Width of an integer: 1 (±1), 2 (-1, 0, 1), or 3…8 (two's complement).
    """

    bits: int

    @abstractmethod
    def forward(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return integers, shaped as `weight` and of its type, and their scale, positive, ()."""

    def adapt(self, weight: Tensor) -> None:
        """Start anew from trained float weights."""


class Plain(Quantizer):
    """No integers: the weights of a float network."""

    bits = 0

    def forward(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weights, and 1."""
        return weight, torch.ones((), dtype=weight.dtype, device=weight.device)


class Lsq(Quantizer):
    """Multiples of a learned step, as in LSQ (Esser et al., ICLR 2020).

    Parameters
    ----------
    bits
        Width of an integer.
    deviation
        Of the weights at the start.

    Attributes
    ----------
    step
        log2 of the value of one weight integer, learned.
    """

    def __init__(self, bits: int, deviation: float) -> None:
        super().__init__()
        self.bits = bits
        self.step = nn.Parameter(torch.tensor(math.log2(quantize.STEPS[bits] * deviation)))

    def forward(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return `clamp(round_half_up(weight / scale))` and the scale, both with gradients."""
        scale = torch.exp2(self.step.to(weight.dtype))
        return quantize.weights(weight, scale, self.bits), scale

    @torch.no_grad()
    def adapt(self, weight: Tensor) -> None:
        """Take the step that is best for normal weights of the deviation of those that are not 0.

        The deviation is about 0.
        """
        kept = weight[weight != 0]
        if len(kept):
            deviation = cast(float, kept.square().mean().sqrt().item())
            self.step.fill_(math.log2(quantize.STEPS[self.bits] * deviation))
