"""Synapses as plain modules: from spikes to sums, with the integers that are exported.

They return sums in accumulator LSBs: a weight is an integer, and a spike adds it. How large sums
are, and so where the threshold lies, is known to the neurons that read them.
"""

import math
from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...checks.arguments import choice, integer, pair
from ..synapses import quantizer

_RESIDUAL_LSBS = 16.0
"""What a residual connection's weight starts with, in accumulator LSBs."""


class Synapses(nn.Module, ABC):
    """Weights between a map and neurons.

    In evaluation it computes in float64, which holds every integer exactly.

    Attributes
    ----------
    weight
        Float weights, learned.
    quantizer
        Makes integers of them.
    delay
        Time steps by which a network of tables sees the map later; see the contract.
    """

    delay = 0

    def __init__(self, shape: tuple[int, ...], bits: int, method: str, deviation: float) -> None:
        super().__init__()
        kind = type(self).__name__
        integer(f"{kind} bits", bits, 1, 8)
        choice(f"{kind} method", method, ("lsq", "sawb"))
        if method == "sawb" and bits == 1:
            raise ValueError(f"{kind} bits must be 2…8 for method 'sawb', not 1; choose 'lsq'")
        self.weight = nn.Parameter(torch.randn(shape) * deviation)
        self.quantizer = quantizer(method, bits, deviation)

    @property
    def bits(self) -> int:
        """Width of a weight: 1 (±1), 2 (-1, 0, 1), or 3…8 (two's complement)."""
        return self.quantizer.bits

    def integers(self) -> Tensor:
        """Return integer weights, shaped as `weight`; their gradient is the quantizer's."""
        weights, _ = self.quantizer(self.weight if self.training else self.weight.double())
        return torch.as_tensor(weights)

    def forward(self, x: Tensor) -> Tensor:
        """Return the sums of spikes, counts or values; the first axes are any, as time and batch.

        Raises
        ------
        ValueError
            Where the last axes aren't those of a map that it takes.
        """
        weight = self.integers()
        sums = self.sums(x.to(weight.dtype), weight)
        # Some convolutions compute by way of fractions. Sums of integers are integers.
        return sums if self.training else sums.round()

    @abstractmethod
    def sums(self, x: Tensor, weight: Tensor) -> Tensor:
        """Return the sums of a map, with weights of `integers`."""


class QuantLinear(Synapses):
    """Every element of a map to every neuron.

    Parameters
    ----------
    in_features, out_features
        Elements of a map, and neurons. A map (channels, rows, columns) is made one row.
    bits
        Width of a weight: 1 (±1), 2 (-1, 0, 1), or 3…8 (two's complement).
    method
        How weights become integers: 'lsq' (a learned step) or 'sawb' (by statistics).
    """

    def __init__(
        self, in_features: int, out_features: int, *, bits: int = 4, method: str = "lsq"
    ) -> None:
        self.in_features = integer("QuantLinear in_features", in_features, 1, 1 << 24)
        self.out_features = integer("QuantLinear out_features", out_features, 1, 1 << 24)
        super().__init__((out_features, in_features), bits, method, math.sqrt(2 / in_features))

    def sums(self, x: Tensor, weight: Tensor) -> Tensor:
        """Return (..., out_features) of a map (..., in_features)."""
        if x.ndim > 3 and math.prod(x.shape[-3:]) == self.in_features:
            x = x.flatten(-3)
        if x.shape[-1] != self.in_features:
            raise ValueError(
                f"QuantLinear must read maps of {self.in_features} elements, not a tensor of "
                f"shape {tuple(x.shape)}"
            )
        return F.linear(x, weight)


class QuantConv2d(Synapses):
    """A convolution, zero-padded, as `torch.nn.Conv2d` without a bias.

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride, padding, groups
        As of `torch.nn.Conv2d`; sizes are an int or (rows, columns).
    bits, method
        As of `QuantLinear`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        groups: int = 1,
        *,
        bits: int = 4,
        method: str = "lsq",
    ) -> None:
        integer("QuantConv2d in_channels", in_channels, 1, 1 << 24)
        integer("QuantConv2d out_channels", out_channels, 1, 1 << 24)
        kernel = pair("QuantConv2d kernel_size", kernel_size, 1, 255)
        self.stride = pair("QuantConv2d stride", stride, 1, 255)
        self.padding = pair("QuantConv2d padding", padding, 0, 255)
        self.groups = integer("QuantConv2d groups", groups, 1, 65535)
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"QuantConv2d groups must divide {in_channels} and {out_channels} channels, not "
                f"be {groups}"
            )
        shape = (out_channels, in_channels // groups, *kernel)
        super().__init__(shape, bits, method, math.sqrt(2 / math.prod(shape[1:])))

    def sums(self, x: Tensor, weight: Tensor) -> Tensor:
        """Return (..., channels, rows, columns) of a map (..., channels, rows, columns)."""
        channels = weight.shape[1] * self.groups
        if x.ndim < 4 or x.shape[-3] != channels:
            raise ValueError(
                f"QuantConv2d must read maps of {channels} channels, rows and columns behind a "
                f"batch, not a tensor of shape {tuple(x.shape)}"
            )
        flat = x.reshape(-1, *x.shape[-3:])
        acc = F.conv2d(
            flat, weight, stride=self.stride, padding=self.padding, groups=self.groups
        )  # fmt: skip
        return acc.reshape(*x.shape[:-3], *acc.shape[1:])


class Residual(Synapses):
    """Each element of a map to the neuron at its own place, by one weight a channel.

    Parameters
    ----------
    channels
        Of the map, which has the shape of the sums that it is added to.
    bits
        Width of a weight; at first one is 16 accumulator LSBs, or the largest of fewer bits.
    """

    def __init__(self, channels: int, *, bits: int = 8) -> None:
        self.channels = integer("Residual channels", channels, 1, 1 << 24)
        super().__init__((channels,), bits, "lsq", 1.0)
        with torch.no_grad():
            self.weight.fill_(1.0)
            self.quantizer.get_parameter("step").fill_(-math.log2(_RESIDUAL_LSBS))

    def sums(self, x: Tensor, weight: Tensor) -> Tensor:
        """Return a map (..., channels) or (..., channels, rows, columns) times the weights."""
        axes = 2 if x.ndim > 3 else 0
        if x.shape[-1 - axes] == self.channels:
            return x * weight.reshape(-1, *[1] * axes)
        raise ValueError(
            f"Residual must read maps of {self.channels} channels, not a tensor of shape "
            f"{tuple(x.shape)}"
        )
