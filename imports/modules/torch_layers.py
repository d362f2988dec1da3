"""The layers of `torch.nn` as operations; those of the frameworks are subclasses of them."""

from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn.utils.prune import BasePruningMethod

from ..floats import Floats
from ..ops import Affine, Conv, Delay, Flatten, Linear, Op, Pool

DROPPED = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.Identity)
"""What does nothing once it is trained."""
TAKEN = (
    "Linear, Conv1d, Conv2d, MaxPool1d, MaxPool2d, AvgPool1d, AvgPool2d, AdaptiveAvgPool2d, "
    "BatchNorm1d, BatchNorm2d, Dropout, Flatten, Identity"
)


KNOWN = ("torch", "snntorch", "spikingjelly", "norse", "brevitas", __name__.partition(".")[0])
"""Packages whose layers and hooks do what their names say."""


class UnsupportedModuleError(ValueError):
    """A module, or a call in a `forward`, that isn't taken; one line with the way out."""


def array(value: Any) -> Floats:
    """Return a tensor as float64."""
    return np.asarray(value.detach().cpu().double().numpy())


def layer(module: nn.Module, shape: tuple[int, ...]) -> Op | None:
    """Return a module of `torch.nn` as an operation on maps of a shape, or None if it is none.

    Lines are maps of one row. Raises `UnsupportedModuleError` where a setting isn't taken.
    """
    kind = type(module).__name__
    if isinstance(module, nn.Linear):
        return Linear(weight=weight(module), bias=bias(module))
    if isinstance(module, nn.Conv1d | nn.Conv2d):
        return _conv(module)
    if isinstance(module, nn.MaxPool1d | nn.MaxPool2d):
        _only(kind, "dilation", module.dilation, 1, (1, 1))
        _only(kind, "return_indices", module.return_indices, False)
        return _pool("max", module)
    if isinstance(module, nn.AvgPool1d | nn.AvgPool2d):
        _only(kind, "divisor_override", getattr(module, "divisor_override", None), None)
        if any(pair(module.padding)):
            _only(kind, "count_include_pad", module.count_include_pad, True)
        return _pool("average", module)
    if isinstance(module, nn.AdaptiveAvgPool2d):
        return adaptive(module.output_size, shape)
    if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
        return _norm(module)
    if isinstance(module, nn.Flatten):
        return Flatten()
    return None


def must_be_plain(module: nn.Module) -> None:
    """Raise where a layer computes more than its kind does, which a sample needn't show.

    That is by a `forward` of a subclass or of its own, and by hooks, but for those that make
    weights, as pruning and the norms of weights do.
    """
    kind = type(module)
    owner = next(c for c in kind.__mro__ if "forward" in vars(c))
    quantized = hasattr(module, "quant_weight")
    if "forward" in vars(module) or not (_known(owner) or quantized):
        base = next(c.__name__ for c in kind.__mro__ if _known(c))
        raise UnsupportedModuleError(
            f"{kind.__name__} must be a plain {base}, not have a forward of its own, of which a "
            f"sample shows a part; take {base}, and call what it adds in the network's forward"
        )
    for hook in (*module._forward_pre_hooks.values(), *module._forward_hooks.values()):
        if not (_known(hook) or isinstance(hook, BasePruningMethod)):
            name = getattr(hook, "__qualname__", type(hook).__qualname__)
            raise UnsupportedModuleError(
                f"{kind.__name__} must have no forward hooks, which may change what it reads or "
                f"makes, but has {name}; remove them, or call them in the network's forward"
            )


def _known(value: Any) -> bool:
    return getattr(value, "__module__", "").partition(".")[0] in KNOWN


def weight(module: Any) -> Floats:
    """Return a layer's weights; those of a Brevitas layer are what its quantizer makes of them."""
    if hasattr(module, "quant_weight"):
        with torch.no_grad():
            quantized = module.quant_weight()
        return array(getattr(quantized, "value", quantized))
    return array(module.weight)


def bias(module: Any) -> Floats | None:
    """Return a layer's bias, or None."""
    if module.bias is None:
        return None
    if getattr(module, "is_bias_quant_enabled", False):
        raise UnsupportedModuleError(
            f"{type(module).__name__} bias must be left as it is, not quantized; pass "
            "bias_quant=None"
        )
    return array(module.bias)


def pair(value: Any, line: bool = False) -> tuple[int, int]:
    """Return a size of torch as (rows, columns)."""
    if isinstance(value, int):
        return (1, value) if line else (value, value)
    values = tuple(int(v) for v in value)
    return (1, values[0]) if len(values) == 1 else (values[0], values[-1])


def _only(kind: str, name: str, value: Any, *allowed: Any) -> None:
    if value not in allowed:
        raise UnsupportedModuleError(f"{kind} {name} must be {allowed[0]!r}, not {value!r}")


def _conv(module: nn.Conv1d | nn.Conv2d) -> Conv:
    kind, line = type(module).__name__, isinstance(module, nn.Conv1d)
    _only(kind, "padding_mode", module.padding_mode, "zeros")
    values = weight(module)
    values = values[:, :, None, :] if line else values
    conv = Conv(
        weight=values,
        bias=bias(module),
        stride=pair(module.stride, line),
        dilation=pair(module.dilation, line),
        groups=module.groups,
    )
    padding = module.padding
    if padding == "same":
        if any(side % 2 == 0 for side in conv.reach):
            raise UnsupportedModuleError(
                f"{kind} padding 'same' must come with odd kernels, not {conv.reach}"
            )
        sides = tuple((side - 1) // 2 for side in conv.reach)
    else:
        sides = (0, 0) if padding == "valid" else pair(padding, line)
    if line:
        sides = (0, sides[1])
    return Conv(
        weight=values,
        bias=conv.bias,
        stride=conv.stride,
        padding=cast("tuple[int, int]", sides),
        dilation=conv.dilation,
        groups=conv.groups,
    )


def _pool(kind: Any, module: Any) -> Pool:
    line = "1d" in type(module).__name__
    _only(type(module).__name__, "ceil_mode", module.ceil_mode, False)
    stride = module.kernel_size if module.stride is None else module.stride
    padding = pair(module.padding, line)
    return Pool(
        kind=kind,
        size=pair(module.kernel_size, line),
        stride=pair(stride, line),
        padding=(0, padding[1]) if line else padding,
    )


def adaptive(output: Any, shape: tuple[int, ...]) -> Pool:
    """Return an adaptive average as a plain one, whose windows have to be equal."""
    rows, columns = pair(output)
    if len(shape) != 3 or shape[1] % rows or shape[2] % columns:
        raise UnsupportedModuleError(
            f"AdaptiveAvgPool2d output_size must divide the map of {shape}, not be "
            f"{(rows, columns)}"
        )
    size = (shape[1] // rows, shape[2] // columns)
    return Pool(kind="average", size=size, stride=size)


def _norm(module: nn.BatchNorm1d | nn.BatchNorm2d) -> Affine:
    if module.running_mean is None or module.running_var is None:
        raise UnsupportedModuleError(
            f"{type(module).__name__} track_running_stats must be True, or it depends on the "
            "other samples of a batch, not False"
        )
    scale = 1 / np.sqrt(array(module.running_var) + module.eps)
    offset = -array(module.running_mean) * scale
    if module.affine:
        scale, offset = scale * array(module.weight), offset * array(module.weight)
        offset = offset + array(module.bias)
    return Affine(scale=scale, offset=offset)


def delayed(steps: int) -> Delay:
    """Return a delay of so many steps."""
    return Delay(steps=np.array(steps))
