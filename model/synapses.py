"""A synapse group in training: the weights between one source map and a layer."""

import math
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .quantizers.sigmoid_sum import SigmoidSum
from .quantizers.spquant import Sawb, Ternary
from .quantizers.weights import Lsq, Plain, Quantizer
from .recipe import Recipe

_MANY = 16
"""Source channels from which on a convolution is a quarter faster with channels last."""

Weights = list[tuple[Tensor, Tensor]]
"""Of each group of a layer, and what one accumulator LSB stands for, ()."""


class Group(nn.Module):
    """A dense group or a convolution.

    Parameters
    ----------
    shape
        Of the weights, as torch's: (channels, elements), or (channels, source channels, kernel,
        kernel).
    recipe
        How weights become integers.
    bits
        Width of an integer.
    back
        How far back the source lies, in layers; 1 is the map just before.
    stride, padding
        Of a convolution.
    one
        The element of the source map that stands for 1: the full scale of the input, the area of a
        sum pool.
    special
        Whether weights are quantized as the recipe says; otherwise by a learned step.

    Attributes
    ----------
    weight
        Float weights, for sources whose elements are divided by `one`.
    common
        `one` of the layer's first group, whose LSB is the layer's.
    quantizer
        Of the weights. Without normalization the groups of a layer share it, and so one LSB; with
        it, how large a group's LSB is beside another's is a matter of its weights.
    mixed
        Whether training multiplies in bfloat16.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        recipe: Recipe,
        *,
        bits: int,
        back: int = 1,
        stride: int = 1,
        padding: int = 0,
        one: int = 1,
        special: bool = True,
    ) -> None:
        super().__init__()
        self.back, self.stride, self.padding, self.one = back, stride, padding, one
        self.common = one
        self.mixed = False
        # Nothing else keeps the sums of a layer that isn't normalized at the size of its inputs.
        deviation = math.sqrt((1 if recipe.normalize else 2) / math.prod(shape[1:]))
        self.weight = nn.Parameter(torch.randn(shape) * deviation)
        self.quantizer = _quantizer(recipe, bits, deviation, special)

    def integers(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return the integers of `weight`, and what one stands for, by an element of the source."""
        integers, scale = self.quantizer(self.scaled(weight))
        return integers, scale / self.common

    def scaled(self, weight: Tensor) -> Tensor:
        """Return `weight` for sources whose elements are divided by `common`."""
        return weight if self.one == self.common else weight * (self.common / self.one)

    def follow(self, first: "Group") -> None:
        """Take over the LSB of a layer's first group."""
        self.common, self.quantizer = first.common, first.quantizer

    def forward(self, x: Tensor, weight: Tensor) -> Tensor:
        """Return sums (steps, batch, channels, ...) of a map (steps, batch, ...).

        Those of a map that is one, seen `steps` times, are so too.
        """
        if len(x) > 1 and x.stride(0) == 0:
            once = self(x[:1], weight)
            return torch.as_tensor(once.expand(len(x), *once.shape[1:]))
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.mixed and self.training):
            if weight.ndim == 2:
                return F.linear(x.flatten(2), weight).to(x.dtype)
            flat = x.flatten(0, 1)
            if flat.shape[1] >= _MANY:
                flat = flat.contiguous(memory_format=torch.channels_last)
            acc = F.conv2d(flat, weight, stride=self.stride, padding=self.padding)
        return acc.reshape(*x.shape[:2], *acc.shape[1:]).to(x.dtype)


class Cells(Group):
    """A detector's readout that has the same weights in every cell of its grid.

    It is a convolution of the map before it, which has a place for each cell, but with its outputs
    in the order of `somagate.data.boxes.Grid`, and written out as a dense group: that is what
    tables hold. A weight that no cell has is 0.

    Parameters
    ----------
    source
        (channels, rows, columns) of the map.
    values
        Of a cell.
    kernel
        Places along each axis that a cell sees, its own in the middle; odd.
    recipe, bits, one, special
        As of `Group`.
    """

    index: Tensor

    def __init__(
        self,
        source: tuple[int, ...],
        values: int,
        kernel: int,
        recipe: Recipe,
        *,
        bits: int,
        one: int,
        special: bool,
    ) -> None:
        shape = (values, source[0], kernel, kernel)
        super().__init__(shape, recipe, bits=bits, one=one, special=special)
        self.register_buffer("index", _written_out(source, values, kernel), persistent=False)

    def integers(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return the dense integers of `weight`, and what one stands for."""
        integers, scale = super().integers(weight)
        return torch.cat([integers.flatten(), integers.new_zeros(1)])[self.index], scale


def _written_out(source: tuple[int, ...], values: int, kernel: int) -> Tensor:
    """Return which weight of a convolution each dense weight is, (cells · values, elements).

    The index behind the last weight is that of no weight.
    """
    channels, rows, columns = source
    row, column, value, channel, down, across = torch.meshgrid(
        *map(torch.arange, (rows, columns, values, channels, rows, columns)), indexing="ij"
    )
    y, x = down - row + kernel // 2, across - column + kernel // 2
    seen = (y >= 0) & (y < kernel) & (x >= 0) & (x < kernel)
    index = ((value * channels + channel) * kernel + y) * kernel + x
    index = index.masked_fill(~seen, values * channels * kernel * kernel)
    return index.reshape(rows * columns * values, channels * rows * columns)


@torch.no_grad()
def adapt(groups: Iterable[Group]) -> None:
    """Start to quantize a layer's float weights; of groups with one LSB the largest counts."""
    largest: dict[Quantizer, Tensor] = {}
    for group in groups:
        weight = group.scaled(group.weight)
        other = largest.get(group.quantizer)
        if other is None or _power(weight) > _power(other):
            largest[group.quantizer] = weight
    for quantizer, weight in largest.items():
        quantizer.adapt(weight)


def _power(weight: Tensor) -> Tensor:
    """Return the mean square of the weights that are not 0."""
    return weight.square().sum() / (weight != 0).sum().clamp(min=1)


def _quantizer(recipe: Recipe, bits: int, deviation: float, special: bool) -> Quantizer:
    if not recipe.quantized:
        return Plain()
    if recipe.weights == "sigmoid":
        return SigmoidSum(bits) if special else Lsq(bits, deviation)
    if recipe.weights == "sawb" and bits == 1:
        raise ValueError(
            "Recipe weight_bits must be 2…8 for weights 'sawb', not 1; choose weights 'lsq'"
        )
    return quantizer(recipe.weights, bits, deviation)


def quantizer(kind: str, bits: int, deviation: float) -> Quantizer:
    """Return what makes integers of `bits` bits of weights: a learned step, or statistics.

    `kind` is 'lsq' or 'sawb'; `deviation` is that of the weights at the start.
    """
    if kind == "lsq":
        return Lsq(bits, deviation)
    return Ternary() if bits == 2 else Sawb(bits)
