"""The nodes of a NIR file that aren't neurons, as operations."""

from typing import cast

import numpy as np

from ..floats import Floats
from ..ops import Affine, Conv, Delay, Flatten, Linear, Op, Pool, Shape
from .hdf5 import Fields, short

TAKEN = (
    "Affine, AvgPool2d, Conv1d, Conv2d, CubaLI, CubaLIF, Delay, Flatten, I, IF, LI, LIF, Linear, "
    "NIRGraph, Scale, SumPool2d"
)
"""The types of NIR that are read."""
_WEIGHTS = ("weight", "bias")
_CONVOLUTION = (*_WEIGHTS, "stride", "padding", "dilation", "groups", "input_shape")
_POOL = ("kernel_size", "stride", "padding")
FIELDS = {
    "Affine": _WEIGHTS, "Linear": _WEIGHTS, "Conv1d": _CONVOLUTION, "Conv2d": _CONVOLUTION,
    "AvgPool2d": _POOL, "SumPool2d": _POOL, "Flatten": ("start_dim", "end_dim"),
    "Scale": ("scale",), "Delay": ("delay",), "Input": ("shape",), "Output": ("shape",),
    "I": ("r",), "IF": ("r", "v_threshold", "v_reset"), "LI": ("r", "tau", "v_leak"),
    "LIF": ("r", "tau", "v_leak", "v_threshold", "v_reset"),
    "CubaLI": ("r", "tau_mem", "tau_syn", "v_leak", "w_in"),
    "CubaLIF": ("r", "tau_mem", "tau_syn", "v_leak", "v_threshold", "v_reset", "w_in"),
}  # fmt: skip
"""By type, the fields that mean something."""
BESIDE = ("type", "metadata", "input_type", "output_type")
"""Fields of any node that change nothing of what it computes."""


def must_be_known(kind: str, node: Fields) -> None:
    """Raise `NirFileError` where a node has a field that isn't read, which may mean something."""
    for name in node.names():
        if kind in FIELDS and name not in (*FIELDS[kind], *BESIDE):
            raise node.error(
                f"{short(name)!r} must not be there, as it isn't read: a {kind} has "
                f"{', '.join(FIELDS[kind])}; write what it means as nodes, or take it out"
            )


def op(kind: str, node: Fields, shape: Shape, dt: float) -> Op:
    """Return a node as an operation.

    Parameters
    ----------
    kind
        Its NIR type.
    node
        Its fields.
    shape
        Of its source's map.
    dt
        Time step in seconds, for delays.

    Raises
    ------
    NirFileError
        Where a field is missing or not what it must be, or the type is none that is taken.
    """
    try:
        return _op(kind, node, shape, dt)
    except (TypeError, ValueError) as error:
        text = str(error)
        raise node.error(text.removeprefix(f"{node.place}: ")) from None


def _op(kind: str, node: Fields, shape: Shape, dt: float) -> Op:
    if kind in ("Linear", "Affine"):
        bias = node.numbers("bias", (1,)) if "bias" in node else None
        return Linear(weight=node.numbers("weight", (2,)), bias=bias)
    if kind in ("Conv1d", "Conv2d"):
        return _conv(kind, node)
    if kind in ("AvgPool2d", "SumPool2d"):
        size = _pair(node, "kernel_size")
        stride = _pair(node, "stride") if "stride" in node else size
        padding = _pair(node, "padding") if "padding" in node else (0, 0)
        return Pool(
            kind="average" if kind == "AvgPool2d" else "sum", size=size, stride=stride,
            padding=padding,
        )  # fmt: skip
    if kind == "Flatten":
        return Flatten()
    if kind == "Scale":
        scale = _each(node.numbers("scale", (0, 1, 3)), "scale")
        return Affine(scale=scale, offset=np.zeros(()))
    if kind == "Delay":
        steps = _each(node.numbers("delay", (0, 1, 3)), "delay") / dt
        if (np.abs(steps - np.round(steps)) > 1e-3).any():
            raise ValueError(
                f"delay must be whole time steps of {dt} s, not {np.max(steps):g} steps; "
                "train with whole delays, or state another dt"
            )
        whole = np.round(steps).astype(np.int64)
        return Delay(steps=np.unique(whole)[0] if (whole == whole.flat[0]).all() else whole)
    if kind == "Threshold":
        raise ValueError("type must not be Threshold, which has no state; use IF, LIF or CubaLIF")
    raise ValueError(f"type must be one of {TAKEN}, not {kind!r}")


def _each(values: Floats, name: str) -> Floats:
    """Return a field that is one number, one a channel, or one a pixel; of pixels a channel's."""
    if values.ndim < 3:
        return values
    if (values != values[:, :1, :1]).any():
        raise ValueError(f"{name} must be one a channel of a map, not one a pixel")
    return values[:, 0, 0]


def _conv(kind: str, node: Fields) -> Conv:
    line = kind == "Conv1d"
    weight = node.numbers("weight", (3,) if line else (4,))
    if line:
        weight = weight[:, :, None, :]

    def sides(name: str, flat: int) -> tuple[int, int]:
        if not line:
            return _pair(node, name)
        return flat, node.integers(name, (0, 1))[0]

    stride, dilation = sides("stride", 1), sides("dilation", 1)
    bias = node.numbers("bias", (1,)) if "bias" in node else None
    groups = node.integers("groups", (0, 1))[0] if "groups" in node else 1
    named = node.is_text("padding")
    conv = Conv(weight=weight, bias=bias, stride=stride, dilation=dilation, groups=groups)
    padding = (0, 0)
    if not named:
        padding = sides("padding", 0)
    elif (word := node.text("padding")) == "same":
        padding = cast("tuple[int, int]", tuple((side - 1) // 2 for side in conv.reach))
        if any(side % 2 == 0 for side in conv.reach):
            raise ValueError(f"padding 'same' must come with odd kernels, not {conv.reach}")
    elif word != "valid":
        raise ValueError(f"padding must be a number, 'same' or 'valid', not {word!r}")
    return Conv(
        weight=weight, bias=bias, stride=stride, padding=padding, dilation=dilation, groups=groups
    )


def _pair(node: Fields, name: str) -> tuple[int, int]:
    values = node.integers(name, (0, 1))
    if len(values) > 2:
        raise ValueError(f"{name} must be one or two numbers, not {len(values)}")
    return values[0], values[-1]
