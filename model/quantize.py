"""Roundings with a gradient: forward exact integer arithmetic, backward a stated surrogate.

Tensors are floating point and hold integers, exact below 2**24 in float32 and 2**53 in float64.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

STEPS = (0.0, 1.6, 1.22, 0.586, 0.335, 0.188, 0.104, 0.0569, 0.0308)
"""By weight bits, the step that quantizes normal numbers of deviation 1 with the least error.

Max, "Quantizing for minimum distortion" (1960), uniform levels; for 1 bit, ± half a step.
"""


class _Floor(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return torch.floor(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return grad


def floor(x: Tensor) -> Tensor:
    """Return the largest integer that is not above `x`; its gradient is that of `x`."""
    return _Floor.apply(x)  # type: ignore[no-any-return, no-untyped-call]


def round_half_up(x: Tensor) -> Tensor:
    """Return `floor(x + 1/2)`; its gradient is that of `x`."""
    return floor(x + 0.5)


class _Fire(Function):
    @staticmethod
    def forward(ctx: Any, u: Tensor, threshold: Tensor) -> Tensor:
        ctx.save_for_backward(u, threshold)
        return (u >= threshold).to(u.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor | None]:
        u, threshold = ctx.saved_tensors
        ratio = u / threshold
        slope = (1 - (ratio - 1).abs_()).clamp_(min=0).mul_(grad).div_(threshold)
        other = None
        if ctx.needs_input_grad[1]:
            other = -(slope * ratio).sum_to_size(threshold.shape)
        return slope, other


def fire(u: Tensor, threshold: Tensor) -> Tensor:
    """Return 1 where `u >= threshold`, else 0.

    The gradient is that of R(z), z = u / threshold - 1, where R rises from 0 at z = -1 to 1 at
    z = 1 with the slope dR/dz = max(0, 1 - abs(z)): the triangle of Bellec et al. (2018), which
    DIET-SNN and SpQuant-SNN use too. It reaches the threshold as well, so thresholds are learned.
    `threshold` must be positive and broadcast against `u`.
    """
    return _Fire.apply(u, threshold)  # type: ignore[no-any-return, no-untyped-call]


class _Store(Function):
    @staticmethod
    def forward(ctx: Any, r: Tensor, bits: int, shift: int) -> Tensor:
        low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
        unit = float(1 << shift)
        stored = torch.floor((r + (1 << shift >> 1)) / unit)
        kept = stored.clamp(low, high)
        ctx.save_for_backward(stored != kept)
        return kept.mul_(unit)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (saturated,) = ctx.saved_tensors
        return grad.masked_fill(saturated, 0), None, None


def store(r: Tensor, bits: int, shift: int) -> Tensor:
    """Return what a potential is read back as, `clamp((r + half) >> shift) << shift`.

    `bits` signed bits are stored; half is half a stored LSB, 0 for shift 0. The gradient is that of
    `r` where it does not saturate, else 0.
    """
    return _Store.apply(r, bits, shift)  # type: ignore[no-any-return, no-untyped-call]


class _Sign(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return grad.masked_fill(x.abs() > 1, 0)


def weights(weight: Tensor, step: Tensor, bits: int) -> Tensor:
    """Return integer weights, `clamp(round_half_up(weight / step))`.

    1 bit is the sign, with +1 for 0; 2 bits are -1, 0 and 1; 3…8 bits are two's complement. The
    gradient is that of `weight / step` inside the range (for 1 bit, -1…1) and 0 outside, so the
    step is learned too, as in LSQ (Esser et al., ICLR 2020).
    """
    ratio: Tensor = weight / step
    if bits == 1:
        return _Sign.apply(ratio)  # type: ignore[no-any-return, no-untyped-call]
    low, high = (-1, 1) if bits == 2 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    return round_half_up(ratio.clamp(low, high))
