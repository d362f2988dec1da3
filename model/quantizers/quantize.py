"""Roundings with a gradient: forward exact integer arithmetic, backward a stated surrogate.

Tensors are floating point and hold integers, exact below 2**24 in float32 and 2**53 in float64.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

STEPS = (0.0, 1.6, 1.22, 0.586, 0.335, 0.188, 0.104, 0.0569, 0.0308)
"""By weight bits, the step that quantizes normal numbers of deviation 1 with the least error.

Max, "Quantizing for minimum distortion" (1960), uniform levels; for 1 bit, ± half a step.
"""


def apply(function: type[Function], *arguments: Any) -> Tensor:
    """Return `function.apply(*arguments)`, one tensor; torch's `apply` has no types."""
    typed: Callable[..., Tensor] = function.apply
    return typed(*arguments)


class _Floor(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return torch.floor(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return grad


def floor(x: Tensor) -> Tensor:
    """Return the largest integer that is not above `x`; its gradient is that of `x`."""
    return apply(_Floor, x)


def round_half_up(x: Tensor) -> Tensor:
    """Return `floor(x + 1/2)`; its gradient is that of `x`."""
    return floor(x + 0.5)


class _Fire(Function):
    @staticmethod
    def forward(ctx: Any, u: Tensor, threshold: Tensor, peak: float) -> Tensor:
        ctx.save_for_backward(u, threshold)
        ctx.peak = peak
        return (u >= threshold).to(u.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor | None, None]:
        u, threshold = ctx.saved_tensors
        ratio = u / threshold
        slope = (1 - (ratio - 1).abs_()).clamp_(min=0).mul_(grad).div_(threshold)
        if ctx.peak != 1:
            slope.mul_(ctx.peak)
        other = None
        if ctx.needs_input_grad[1]:
            other = -(slope * ratio).sum_to_size(threshold.shape)
        return slope, other, None


def fire(u: Tensor, threshold: Tensor, peak: float = 1.0) -> Tensor:
    """Return 1 where `u >= threshold`, else 0.

    The gradient is that of R(z), z = u / threshold - 1, where R rises from z = -1 to z = 1 with the
    slope dR/dz = peak · max(0, 1 - abs(z)): the triangle of Bellec et al. (2018), which DIET-SNN
    uses with a peak of 0.3. It reaches the threshold as well, so thresholds are learned.
    `threshold` must be positive and broadcast against `u`.
    """
    return apply(_Fire, u, threshold, peak)


class _Window(Function):
    @staticmethod
    def forward(
        ctx: Any, u: Tensor, threshold: Tensor, width: Tensor, peak: float, learned: bool
    ) -> Tensor:
        ctx.save_for_backward(u, threshold, width)
        ctx.peak, ctx.learned = peak, learned
        return (u >= threshold).to(u.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None, None, None]:
        u, threshold, width = ctx.saved_tensors
        z = (u - threshold).div_(width)
        slope = z.abs().neg_().add_(1).clamp_(min=0).mul_(grad).mul_(ctx.peak / width)
        to_threshold = to_width = None
        if ctx.needs_input_grad[1]:
            pull = slope
            if ctx.learned:
                pull = torch.sigmoid(z).mul_(z >= 0).add_(1).mul_(slope)
            to_threshold = -pull.sum_to_size(threshold.shape)
        if ctx.needs_input_grad[2]:
            to_width = -(slope * z).sum_to_size(width.shape)
        return slope, to_threshold, to_width, None, None


def window(
    u: Tensor, threshold: Tensor, width: Tensor, peak: float = 1.0, learned: bool = False
) -> Tensor:
    """Return 1 where `u >= threshold`, else 0; the gradient is as wide as `width`, not `threshold`.

    It is that of R(z), z = (u - threshold) / width, dR/dz = peak · max(0, 1 - abs(z)), as in
    SpQuant-SNN, where width is 1 before normalization is folded. `learned` adds the term of LT-SNN
    (`ZIFArchTan` of its code) to the gradient of the threshold, which is then multiplied by
    1 + sigmoid(z) where z >= 0. Arguments broadcast against `u`; `width` must be positive.
    """
    return apply(_Window, u, threshold, width, peak, learned)


def _bumps(z: Tensor, boundaries: Sequence[float]) -> Tensor:
    """Return the sum of the slopes of sigmoid(2 · (z - boundary)): SpQuant's surrogate at T = 2.

    One is 2 · s · (1 - s) with s = sigmoid(2 · d), which is (1 - tanh(d)²) / 2.
    """
    squares = (z - boundaries[0]).tanh_().square_()
    for boundary in boundaries[1:]:
        squares += (z - boundary).tanh_().square_()
    return squares.neg_().add_(len(boundaries)).div_(2)


class _Store(Function):
    @staticmethod
    def forward(ctx: Any, r: Tensor, bits: int, shift: int, stacked: bool) -> Tensor:
        low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
        unit = float(1 << shift)
        # To allocate a large tensor takes as long as to fill it: work in one, and make those that
        # say what saturates only where there will be a gradient.
        stored = (r + (1 << shift >> 1)).div_(unit).floor_()
        masked = ctx.needs_input_grad[0] and not stacked
        kept = stored.clamp(low, high) if masked else stored.clamp_(low, high)
        ctx.levels = (low, high, shift) if stacked else None
        if ctx.needs_input_grad[0]:
            ctx.save_for_backward(r if stacked else stored != kept)
        return kept.mul_(unit)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        (saved,) = ctx.saved_tensors
        if ctx.levels is None:
            return grad.masked_fill(saved, 0), None, None, None
        low, high, shift = ctx.levels
        z = (saved + (1 << shift >> 1)) / (1 << shift)
        return _bumps(z, range(low + 1, high + 1)).mul_(grad), None, None, None


def store(r: Tensor, bits: int, shift: int, *, stacked: bool = False) -> Tensor:
    """Return what a potential is read back as, `clamp((r + half) >> shift) << shift`.

    `bits` signed bits are stored; half is half a stored LSB, 0 for shift 0. The gradient is that of
    `r` where it does not saturate, else 0; or, `stacked`, the sum of a bump at every boundary of
    two levels, each the slope of sigmoid(2 · distance) with the distance in stored LSBs: SpQuant's
    for levels that are 1 apart.
    """
    return apply(_Store, r, bits, shift, stacked)


class _Ternary(Function):
    @staticmethod
    def forward(ctx: Any, r: Tensor, boundary: Tensor, stacked: bool) -> Tensor:
        ctx.save_for_backward(r, boundary)
        ctx.stacked = stacked
        return (r >= boundary).to(r.dtype) - (r < -boundary).to(r.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor | None, None]:
        r, boundary = ctx.saved_tensors
        z = r / (2 * boundary)
        slope = _bumps(z, (-0.5, 0.5)) if ctx.stacked else (z.abs() < 1.5).to(r.dtype)
        slope.mul_(grad).div_(2 * boundary)
        other = None
        if ctx.needs_input_grad[1]:
            other = -(slope * (2 * z)).sum_to_size(boundary.shape)
        return slope, other, None


def ternary(r: Tensor, boundary: Tensor, *, stacked: bool = False) -> Tensor:
    """Return 1 where `r >= boundary`, -1 where `r < -boundary`, else 0.

    A level is 2 · boundary. The gradient is that of r / level, up to half a level beyond the levels
    ±1; or, `stacked`, the two bumps of SpQuant-SNN, as for `store`. `boundary` must be positive and
    broadcast against `r`.
    """
    return apply(_Ternary, r, boundary, stacked)


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
        return apply(_Sign, ratio)
    low, high = (-1, 1) if bits == 2 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    return round_half_up(ratio.clamp(low, high))
