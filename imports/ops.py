"""What stands between the neurons of a source: linear maps, pools, and what moves numbers only.

Each says which shape it makes of a source's, and refuses one that it doesn't take. Maps have the
shape (channels, rows, columns), dense ones (neurons,).
"""

from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..checks.arguments import choice, integer, pair
from .floats import Floats, floats
from .rule import Neuron

Shape = tuple[int, ...]


def spread(name: str, value: Floats, shape: Shape) -> Floats:
    """Return a parameter as an array that broadcasts over maps of a shape.

    Raises
    ------
    ValueError
        Where it has neither one value, nor one a channel, nor one a neuron.
    """
    if value.size == 1:
        return value.reshape(())
    if value.shape == shape:
        return value
    if value.shape == shape[:1]:
        return value.reshape(-1, *(1,) * (len(shape) - 1))
    raise ValueError(
        f"{name} must have one value, {shape[0]} (one a channel) or the shape {shape}, "
        f"not {value.shape}"
    )


def _map(kind: str, shape: Shape) -> Shape:
    if len(shape) != 3:
        raise ValueError(f"{kind} takes a map of (channels, rows, columns), not of shape {shape}")
    return shape


def _bias(kind: str, bias: Floats | None, channels: int) -> Floats | None:
    if bias is None:
        return None
    bias = floats(f"{kind} bias", bias, (1,))
    if len(bias) != channels:
        raise ValueError(f"{kind} bias must have {channels} values as weight has, not {len(bias)}")
    return bias


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear:
    """`weight @ x + bias`: weight (neurons, elements), bias (neurons,) or None."""

    weight: Floats
    bias: Floats | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", floats("Linear weight", self.weight, (2,)))
        object.__setattr__(self, "bias", _bias("Linear", self.bias, len(self.weight)))

    def target(self, source: Shape) -> Shape:
        """Return the shape behind a source's."""
        if source != self.weight.shape[1:]:
            raise ValueError(
                f"Linear takes {self.weight.shape[1]} elements, not a source of shape {source}"
            )
        return self.weight.shape[:1]


@dataclass(frozen=True, kw_only=True, eq=False)
class Conv:
    """A cross-correlation as `torch.nn.Conv2d` has it; one of a line has one row.

    Attributes
    ----------
    weight
        (channels, source channels / groups, rows, columns).
    bias
        (channels,) or None.
    stride, padding, dilation
        (rows, columns); padding with zeros.
    groups
        As for `torch.nn.Conv2d`.
    """

    weight: Floats
    bias: Floats | None = None
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", floats("Conv weight", self.weight, (4,)))
        object.__setattr__(self, "bias", _bias("Conv", self.bias, len(self.weight)))
        object.__setattr__(self, "stride", pair("Conv stride", self.stride, 1, 255))
        object.__setattr__(self, "padding", pair("Conv padding", self.padding, 0, 255))
        object.__setattr__(self, "dilation", pair("Conv dilation", self.dilation, 1, 255))
        groups = integer("Conv groups", self.groups, 1, 65535)
        object.__setattr__(self, "groups", groups)
        if len(self.weight) % groups:
            raise ValueError(f"Conv groups must divide {len(self.weight)} channels, not {groups}")

    @property
    def reach(self) -> tuple[int, int]:
        """(rows, columns) that a kernel spans, with its dilation."""
        rows, columns = self.weight.shape[2:]
        return (rows - 1) * self.dilation[0] + 1, (columns - 1) * self.dilation[1] + 1

    def target(self, source: Shape) -> Shape:
        """Return the shape behind a source's."""
        channels, *extent = _map("Conv", source)
        if channels != self.weight.shape[1] * self.groups:
            raise ValueError(
                f"Conv takes {self.weight.shape[1] * self.groups} channels, not {channels}"
            )
        return (len(self.weight), *_windows("Conv", extent, self.reach, self.stride, self.padding))


def _windows(
    kind: str, extent: list[int], size: tuple[int, int], stride: tuple[int, int],
    padding: tuple[int, int],
) -> tuple[int, int]:  # fmt: skip
    rows, columns = (
        (n + 2 * p - k) // s + 1 for n, p, k, s in zip(extent, padding, size, stride, strict=True)
    )
    if rows < 1 or columns < 1:
        raise ValueError(
            f"{kind} of {size[0]}×{size[1]} with padding {padding} must fit the map, "
            f"not be larger than {extent[0]}×{extent[1]}"
        )
    return rows, columns


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Windows of a map, each made one number.

    Attributes
    ----------
    kind
        'max', 'average' or 'sum'.
    size, stride, padding
        (rows, columns). Padding is zeros that count in an average, and in no maximum.
    """

    kind: Literal["max", "average", "sum"]
    size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        choice("Pool kind", self.kind, ("max", "average", "sum"))
        object.__setattr__(self, "size", pair("Pool size", self.size, 1, 255))
        object.__setattr__(self, "stride", pair("Pool stride", self.stride, 1, 255))
        object.__setattr__(self, "padding", pair("Pool padding", self.padding, 0, 127))

    def target(self, source: Shape) -> Shape:
        """Return the shape behind a source's."""
        channels, *extent = _map("Pool", source)
        return (channels, *_windows("Pool", extent, self.size, self.stride, self.padding))


@dataclass(frozen=True, kw_only=True, eq=False)
class Affine:
    """`scale·x + offset` a channel, both () or (channels,): a BatchNorm in evaluation, say."""

    scale: Floats
    offset: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", floats("Affine scale", self.scale, (0, 1)))
        object.__setattr__(self, "offset", floats("Affine offset", self.offset, (0, 1)))

    def target(self, source: Shape) -> Shape:
        """Return the shape behind a source's."""
        spread("Affine scale", self.scale, source)
        spread("Affine offset", self.offset, source)
        return source


@dataclass(frozen=True, kw_only=True)
class Flatten:
    """A map as a row of elements, channel by channel, row by row."""

    def target(self, source: Shape) -> Shape:
        """Return the shape behind a source's."""
        return (prod(source),)


@dataclass(frozen=True, kw_only=True, eq=False)
class Delay:
    """What its source was so many steps ago, and zeros before: steps int (), or (channels,).

    Only behind a delay of a step or more may a network feed back to what came before.
    """

    steps: NDArray[np.int64]

    def __post_init__(self) -> None:
        steps = np.asarray(self.steps)
        if steps.dtype.kind not in "iu":
            raise TypeError(f"Delay steps must be integers, not {steps.dtype}")
        if steps.ndim > 1 or not steps.size or steps.min() < 0 or steps.max() > 65535:
            raise ValueError(f"Delay steps must be 0…65535, one or one a channel, not {steps}")
        object.__setattr__(self, "steps", steps.astype(np.int64))

    def target(self, source: Shape) -> Shape:
        """Return the shape behind a source's."""
        spread("Delay steps", self.steps.astype(np.float64), source)
        return source


Op = Linear | Conv | Pool | Affine | Flatten | Delay | Neuron
