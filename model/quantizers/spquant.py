"""SpQuant-SNN (Front. Neurosci. 2024): its weights.

The equations follow the authors' code, `Ahmedhasssan/IM_SNN-SpQuant_SNN`, `models/t2c/methods`.
The potentials' quantization and gradients are in `somagate.model.quantizers.quantize`.
"""

import torch
from torch import Tensor

from .quantize import round_half_up
from .weights import Quantizer

TERNARY_SHARE = 0.05
"""Weights below this share of the largest become 0."""


class Ternary(Quantizer):
    """-1, 0 and 1 by the largest weight.

    `th = 0.05 · max|w|`; the integer is sign(w) where `|w| >= th`, else 0; the scale is the mean of
    those `|w|`. The gradient of integer · scale is that of w (straight through).
    """

    bits = 2

    def forward(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return integers and their scale."""
        with torch.no_grad():
            size = weight.abs()
            kept = (size >= TERNARY_SHARE * size.max()) & (weight != 0)
            scale = (size * kept).sum() / kept.sum().clamp(min=1)
            scale = torch.where(scale > 0, scale, torch.ones_like(scale))
            integers = weight.sign() * kept
        passed = weight / scale
        return integers + (passed - passed.detach()), scale


class Sawb(Quantizer):
    """Clipped and rounded by the mean of the weights: SAWB's `asymm` mode.

    `alpha = 2 · mean|w|`, `n = 2**(bits - 1) - 1`; the integer is `w · n / alpha`, clipped to ±n
    and rounded half up, the scale alpha / n. The gradient of integer · scale is that of w, 0 where
    it is clipped. The authors' code clips with the alpha of the step before; here both are of this
    step, so that what is trained is what is exported.
    """

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits = bits

    def forward(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return integers and their scale."""
        largest = (1 << (self.bits - 1)) - 1
        with torch.no_grad():
            alpha = 2 * weight.abs().mean()
            scale = torch.where(alpha > 0, alpha, torch.ones_like(alpha)) / largest
        return round_half_up((weight / scale).clamp(-largest, largest)), scale
