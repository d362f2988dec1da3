"""Low-bit weights by a sum of sigmoids that harden while training (IJCNN 2023, arXiv 2305.19295).

The equations follow the CVPR 2019 method that it builds on, in the public code
`aliyun/alibabacloud-quantization-networks` (`anybit.py`, `quan_weight_main.py`, `cluster.py`): with
levels q[0] < … < q[n], steps s[i] = q[i] - q[i - 1] and o = (q[n] - q[0]) / 2::

    training    alpha · (Σ s[i] · sigmoid(T · (beta · w - b[i])) - o)
    export      alpha · (Σ s[i] · 1[beta · w > b[i]] - o)

The b lie between the clusters of the weights that were trained in float before, T rises by the same
amount every epoch, and alpha and beta are learned. In a normalized layer alpha has no effect: the
thresholds are in deviations of the sums. Tables hold the levels as integers; nothing else is left.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from .quantize import apply
from .weights import Quantizer

LEVELS = {
    1: (-1, 0, 1),
    2: (-1, 0, 1),
    3: (-2, -1, 0, 1, 2),
    4: (-4, -2, -1, 0, 1, 2, 4),
}
"""By the width of an integer: binary, ternary, and those that only shift. ±4 take 4 bits."""

_REACH = 10.0
_ROUNDS = 50


class _SigmoidSum(Function):
    @staticmethod
    def forward(
        ctx: Any, weight: Tensor, beta: Tensor, settings: "SigmoidSum", hard: bool
    ) -> Tensor:
        ctx.save_for_backward(weight, beta)
        ctx.settings = settings
        risen = torch.zeros_like(weight)
        for step, bias in zip(settings.steps, settings.biases, strict=True):
            distance = beta * weight - bias
            part = distance > 0 if hard else settings.sigmoid(distance, settings.temperature)
            risen += step * part
        return risen - settings.levels[-1]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        weight, beta = ctx.saved_tensors
        settings = ctx.settings
        slope = torch.zeros_like(weight)
        for step, bias in zip(settings.steps, settings.biases, strict=True):
            risen = settings.sigmoid(beta * weight - bias, settings.slope)
            slope += step * risen * (1 - risen)
        slope *= settings.temperature * grad
        return beta * slope, (slope * weight).sum(), None, None


class SigmoidSum(Quantizer):
    """Levels that a sum of sigmoids comes ever closer to.

    Until `adapt`, weights are trained in float, on the scale that they will be quantized on.

    Parameters
    ----------
    bits
        Width of an integer, 1…4; see `LEVELS`.

    Attributes
    ----------
    alpha, beta
        What one integer stands for; what weights are multiplied by before: (), learned.
    biases
        Where each sigmoid lies, (levels - 1,).
    temperature
        Their slope, ().
    started
        Whether weights are quantized, ().
    hard
        Whether training sees the levels themselves, as evaluation does.
    """

    biases: Tensor
    temperature: Tensor
    started: Tensor

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits = bits
        self.levels = LEVELS[bits]
        self.steps = [high - low for low, high in zip(self.levels, self.levels[1:], strict=False)]
        self.alpha = nn.Parameter(torch.ones(()))
        self.beta = nn.Parameter(torch.ones(()))
        self.register_buffer("biases", torch.zeros(len(self.steps)))
        self.register_buffer("temperature", torch.ones(()))
        self.register_buffer("started", torch.tensor(False))
        self.hard = False

    @property
    def slope(self) -> Tensor | float:
        """Slope of the sigmoids in the gradient: for binary weights 1, as in the public code."""
        return 1.0 if self.bits == 1 else self.temperature

    @staticmethod
    def sigmoid(distance: Tensor, slope: Tensor | float) -> Tensor:
        """Return sigmoid(slope · distance), whose argument is kept within ±10."""
        return torch.sigmoid((slope * distance).clamp(-_REACH, _REACH))

    def stretch(self, weight: Tensor) -> Tensor:
        """Return the first beta, which brings the largest weight to 1.25 of the largest level."""
        return 1.25 * self.levels[-1] / weight.detach().abs().max().clamp(min=1e-12)

    def forward(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return levels, or what lies between them while training, and their scale."""
        if not self.started:
            beta = self.stretch(weight)
            if not self.training:  # tables have integers only
                return apply(_SigmoidSum, weight, beta, self, True), 1 / beta
            return beta * weight, 1 / beta
        beta, hard = self.beta.to(weight.dtype), self.hard or not self.training
        return apply(_SigmoidSum, weight, beta, self, hard), self.alpha.to(weight.dtype)

    @torch.no_grad()
    def adapt(self, weight: Tensor) -> None:
        """Start to quantize trained float weights."""
        beta = self.stretch(weight)
        self.beta.copy_(beta)
        self.alpha.copy_(1 / beta)
        if self.bits > 1:
            centers = clusters(beta * weight, self.levels)
            self.biases.copy_((centers[1:] + centers[:-1]) / 2)
        self.started.fill_(True)

    def project(self) -> None:
        """Keep the scales positive, after an optimizer's step."""
        with torch.no_grad():
            self.alpha.clamp_(min=1e-6)
            self.beta.clamp_(min=1e-6)


def clusters(values: Tensor, first: tuple[int, ...]) -> Tensor:
    """Return the K-means of numbers, ascending, from first centers; an empty cluster stays."""
    values = values.flatten()
    centers = torch.tensor(first, dtype=values.dtype, device=values.device)
    for _ in range(_ROUNDS):
        member = torch.bucketize(values, (centers[1:] + centers[:-1]) / 2)
        count = torch.bincount(member, minlength=len(centers))
        total = torch.zeros_like(centers).index_add_(0, member, values)
        moved = torch.where(count > 0, total / count.clamp(min=1), centers)
        if torch.equal(moved, centers):
            break
        centers = moved
    return centers
