"""Pools of spikes, or of sums, over windows side by side."""

import torch.nn.functional as F
from torch import Tensor, nn

from ...checks.arguments import pair


class Pool2d(nn.Module):
    """Windows of (rows, columns); places that no whole window covers are left out.

    Parameters
    ----------
    size
        An int or (rows, columns), which is also the stride.
    """

    kind: str

    def __init__(self, size: int | tuple[int, int]) -> None:
        super().__init__()
        self.size = pair(f"{type(self).__name__} size", size, 1, 15)

    def forward(self, x: Tensor) -> Tensor:
        """Return the windows of a map (..., channels, rows, columns); the first axes are any."""
        flat = x.reshape(-1, *x.shape[-3:])
        if self.kind == "max":
            pooled = F.max_pool2d(flat, self.size)
        else:
            pooled = F.avg_pool2d(flat, self.size, divisor_override=1)
        return pooled.reshape(*x.shape[:-3], *pooled.shape[1:])


class MaxPool2d(Pool2d):
    """The most of each window: of single spikes whether there is one."""

    kind = "max"


class SumPool2d(Pool2d):
    """The sum of each window: of spikes how many. The 1/area of an average is the next weights'."""

    kind = "sum"
