"""A path between two layers of neurons as one synapse group: weights and a bias.

Linear maps behind each other are one: factors and offsets of channels enter the weights beside
them, a plain convolution enters the one before it, and what is left is made one dense layer.
"""

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from .floats import Floats
from .graph import Shape
from .ops import Affine, Conv, Flatten, Linear, Pool, spread
from .paths import LoweringError, Path
from .reference import apply

LARGEST_DENSE = 1 << 24
"""Weights of several linear maps that are made one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """A path as one synapse group: `weights * source + bias`.

    Attributes
    ----------
    source, behind, before, maximum, delay
        As of the path.
    op
        The weights, without bias; an `Affine` is one weight a channel.
    bias
        (channels,) of the layer.
    """

    source: str
    op: Linear | Conv | Affine
    bias: Floats
    behind: Pool | None
    before: Pool | None
    maximum: str
    delay: Any


def grouped(path: Path, source: Shape, layer: str) -> Group:
    """Return a path as one synapse group.

    Parameters
    ----------
    path
        It ends in the layer.
    source
        Shape of the map that it starts from, behind its pool.
    layer
        The layer's name, for errors.
    """
    ops = list(path.maps)
    target = path.shape if path.before is None else _unpooled(path, source)
    weights: Linear | Conv | Affine | None = None
    shape = source
    bias: Floats = np.zeros(1)
    for index, op in enumerate(ops):
        if weights is None and isinstance(op, Flatten):
            if index + 1 == len(ops) or not isinstance(ops[index + 1], Linear):
                return _dense(path, source, target, layer)
            shape = op.target(shape)
            continue
        if isinstance(op, Affine):
            weights, bias = _scaled(weights, bias, op, shape)
        elif weights is None or isinstance(weights, Affine) and not isinstance(op, Flatten):
            assert isinstance(op, Linear | Conv)
            if isinstance(op, Conv) and any(op.padding) and np.any(bias):
                raise LoweringError(
                    f"layer {layer}: an offset before a convolution must come without padding, as "
                    "it isn't there at the borders; take it into the samples"
                )
            factor = np.ones(1) if weights is None else weights.scale
            weights, bias = _composed(op, factor, bias, source, shape)
        elif isinstance(weights, Conv) and isinstance(op, Conv) and _plain(op):
            # Behind each other they are one, in which the bias meets all weights of the second.
            each = np.repeat(bias.reshape(op.groups, -1), len(op.weight) // op.groups, axis=0)
            bias = (op.weight.sum((2, 3)) * each).sum(1)
            bias = bias if op.bias is None else bias + op.bias
            weights = _merged(weights, op)
        else:
            return _dense(path, source, target, layer)
        shape = op.target(shape)
    if weights is None:
        weights = Affine(scale=np.ones(()), offset=np.zeros(()))
    if isinstance(weights, Affine):
        if source != target:
            return _dense(path, source, target, layer)
        weights = Affine(scale=np.broadcast_to(weights.scale, (target[0],)), offset=np.zeros(()))
    return _group(path, weights, np.broadcast_to(bias, target[:1]))


def _unpooled(path: Path, source: Shape) -> Shape:
    shape = source
    for op in path.maps:
        shape = op.target(shape)
    return shape


def _group(path: Path, weights: Linear | Conv | Affine, bias: Floats) -> Group:
    return Group(
        source=path.source, op=weights, bias=np.array(bias, np.float64), behind=path.behind,
        before=path.before, maximum=path.maximum, delay=path.delay,
    )  # fmt: skip


def _scaled(
    weights: Linear | Conv | Affine | None, bias: Floats, op: Affine, shape: Shape
) -> tuple[Linear | Conv | Affine, Floats]:
    """Return weights and bias with a factor and an offset a channel behind them."""
    scale = np.broadcast_to(op.scale, shape[:1])
    bias = bias * scale + op.offset
    if weights is None:
        return Affine(scale=scale, offset=np.zeros(())), bias
    if isinstance(weights, Affine):
        return Affine(scale=weights.scale * scale, offset=np.zeros(())), bias
    axes = (1,) * (weights.weight.ndim - 1)
    return replace(weights, weight=weights.weight * scale.reshape(-1, *axes), bias=None), bias


def _composed(
    op: Linear | Conv, factor: Floats, bias: Floats, source: Shape, shape: Shape
) -> tuple[Linear | Conv, Floats]:
    """Return weights and bias behind a factor and an offset of each channel of the source."""
    channels = source[0]
    factor, bias = np.broadcast_to(factor, (channels,)), np.broadcast_to(bias, (channels,))
    own = np.zeros(len(op.weight)) if op.bias is None else op.bias
    if isinstance(op, Linear):
        each = prod(source) // channels
        weight = op.weight * np.repeat(factor, each)
        return replace(op, weight=weight, bias=None), own + op.weight @ np.repeat(bias, each)
    blocks = factor.reshape(op.groups, -1)
    wide = np.repeat(blocks, len(op.weight) // op.groups, axis=0)
    offsets = np.repeat(bias.reshape(op.groups, -1), len(op.weight) // op.groups, axis=0)
    weight = op.weight * wide[:, :, None, None]
    total = own + (op.weight.sum((2, 3)) * offsets).sum(1)
    return replace(op, weight=weight, bias=None), total


def _plain(op: Conv) -> bool:
    """Whether a convolution may be made one with the one before it."""
    return not any(op.padding) and op.dilation == (1, 1)


def _full(op: Conv) -> Floats:
    """Return the weights of a convolution as of one group."""
    if op.groups == 1:
        return op.weight
    channels, inner = op.weight.shape[:2]
    full = np.zeros((channels, inner * op.groups, *op.weight.shape[2:]))
    for group, block in enumerate(np.split(op.weight, op.groups)):
        rows = slice(group * len(block), (group + 1) * len(block))
        full[rows, group * inner : (group + 1) * inner] = block
    return full


def _merged(first: Conv, second: Conv) -> Conv:
    """Return a convolution and a plain one behind it as one."""
    depthwise = second.weight.shape[1] == 1 and second.groups == len(first.weight)
    kernel = undilated(first).weight if depthwise else _full(undilated(first))
    rows, columns = second.weight.shape[2:]
    size = [
        (n - 1) * s + k for n, s, k in zip((rows, columns), first.stride, first.reach, strict=True)
    ]
    weight = np.zeros((len(second.weight), kernel.shape[1], *size))
    outer = second.weight if depthwise else _full(second)
    for y in range(rows):
        for x in range(columns):
            top, left = y * first.stride[0], x * first.stride[1]
            part = weight[:, :, top : top + first.reach[0], left : left + first.reach[1]]
            if depthwise:
                part += kernel * outer[:, :1, y, x, None, None]
            else:
                part += np.einsum("om,miab->oiab", outer[:, :, y, x], kernel)
    stride = (first.stride[0] * second.stride[0], first.stride[1] * second.stride[1])
    groups = first.groups if depthwise else 1
    return Conv(weight=weight, stride=stride, padding=first.padding, groups=groups)


def _dense(path: Path, source: Shape, target: Shape, layer: str) -> Group:
    """Return a path as a dense group, by what it makes of each element alone."""
    size = prod(source) * prod(target)
    if len(target) != 1:
        raise LoweringError(
            f"layer {layer}: a padded or dilated convolution must come straight behind neurons or "
            "the input, not behind another linear map, such as an average; put neurons between "
            "them, or leave out the padding"
        )
    if size > LARGEST_DENSE:
        raise LoweringError(
            f"layer {layer}: linear maps behind each other must make at most {LARGEST_DENSE} "
            f"weights of a dense layer, not {size}; put neurons between them"
        )
    basis = np.concatenate([np.zeros((1, prod(source))), np.eye(prod(source))])
    x: Floats = basis.reshape(-1, *source)
    for op in path.maps:
        x = apply(op, x)
    return _group(path, Linear(weight=(x[1:] - x[0]).T), x[0])


def undilated(op: Conv) -> Conv:
    """Return a convolution whose kernel has zeros where a dilated one skips."""
    if op.dilation == (1, 1):
        return op
    weight = np.zeros((*op.weight.shape[:2], *op.reach))
    weight[:, :, :: op.dilation[0], :: op.dilation[1]] = op.weight
    return replace(op, weight=weight, dilation=(1, 1))


def channels(name: str, value: Floats, shape: Shape, layer: str) -> Floats:
    """Return a parameter as one number a channel, (channels,).

    Raises `LoweringError` where a channel of a map has several.
    """
    wide = np.broadcast_to(spread(name, value, shape), shape).reshape(shape[0], -1)
    if (wide != wide[:, :1]).any():
        raise LoweringError(
            f"layer {layer}: {name} must be the same for all neurons of a channel, not one for "
            "each place of a map; train with one a channel"
        )
    return np.array(wide[:, 0])
