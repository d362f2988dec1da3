"""Functions of torch that a `forward` may call on maps, beside its modules."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import torch

from ...model.tracing import line
from ..ops import Affine, Conv, Linear, Op, Pool
from .torch_layers import UnsupportedModuleError, adaptive, array, pair
from .torch_values import SourceNotes, SourceTerm, SourceValue, needs_map, reshaped

SAME = frozenset(
    "clone contiguous detach float double to type requires_grad_ as_tensor cpu".split()
)
SHAPES = frozenset("flatten view reshape squeeze unsqueeze unflatten".split())
FRESH = frozenset("zeros_like ones_like full_like empty_like new_zeros new_ones new_full".split())
REPEATS = frozenset({"unsqueeze", "repeat", "expand"})
DROPOUTS = frozenset("dropout dropout1d dropout2d dropout3d feature_dropout".split())


def call(
    trace: SourceNotes,
    func: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    known: list[SourceValue],
) -> Any:
    """Run a function that reads what depends on the sample, and note what it made.

    What isn't known makes an answer, which nothing but the network's output may be.
    """
    name = getattr(func, "__name__", "").strip("_")
    if name in ("iter", "unbind") and known[0].what == "input":
        return _steps(trace, name, args, kwargs)
    if name == "getitem" and known[0].what == "input":
        return _item(trace, func, args, known)
    if name in ("add", "iadd", "radd") and not kwargs:
        made = _added(trace, func, args)
        if made is not None:
            return made
    result = func(*args, **kwargs)
    if name in FRESH:
        return result
    x = next((a for a in args if isinstance(a, torch.Tensor)), None)
    if name in ("add", "iadd", "radd", "sub", "isub", "rsub") and len(known) == 1:
        foreign = f"a sum with what isn't made of the sample, nor a layer's bias ({line()})"
        trace.keep_answer(result, func, known, foreign)
        return result
    if name == "setitem" and x is not None:
        # A record of all steps that is filled in, where others are stacked.
        trace.keep_answer(x, func, known)
        return result
    if not isinstance(result, torch.Tensor) or x is None or trace.value(x) is None:
        trace.keep_answer(result, func, known)
        return result
    value = trace.value(x)
    assert value is not None
    if name in DROPOUTS:
        training = kwargs.get("training", args[2] if len(args) > 2 else True)
        if training:
            raise UnsupportedModuleError(
                f"dropout must be off once a network is trained: pass training=self.training "
                f"({line()})"
            )
        trace.keep(result, value)
    elif name in SAME or (name == "get" and result.shape == x.shape):
        trace.keep(result, value)
    elif name == "relu" and value.what == "map" and trace.counts(value):
        trace.keep(result, value)  # spikes are never negative
    elif name in REPEATS and value.what == "input":
        _repeat(trace, func, x, result, known)
    elif name in SHAPES and value.what in ("map", "input"):
        _reshape(trace, func, x, value, result, known)
    elif (make := _operation(name)) and value.what in ("map", "input"):
        op = make(x, args, kwargs)
        if op is None:
            trace.keep_answer(result, func, known)
        else:
            try:
                trace.keep(result, trace.operation(name, op, value, x, result))
            except UnsupportedModuleError as error:
                raise UnsupportedModuleError(f"{error} ({line()})") from None
    else:
        trace.keep_answer(result, func, known)
    return result


def _steps(trace: SourceNotes, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Take the sample apart along time."""
    axis = kwargs.get("dim", args[1] if len(args) > 1 else 0)
    parts = torch.unbind(args[0], axis)
    for step, part in enumerate(parts):
        trace.keep(part, _moment(step, part))
    trace.looped, trace.batch_first = True, axis == 1
    return iter(parts) if name == "iter" else parts


def _moment(step: int, part: torch.Tensor) -> SourceValue:
    if part.ndim < 2:
        raise UnsupportedModuleError(
            f"sample must have the axes time and batch before its own, not shape "
            f"{tuple(part.shape)} in a step ({line()})"
        )
    return SourceValue(
        what="map", terms=(SourceTerm(node="input", step=step),), shape=tuple(part.shape[1:])
    )


def _item(trace: SourceNotes, func: Any, args: tuple[Any, ...], known: list[SourceValue]) -> Any:
    """Take one time step of the sample."""
    result = func(*args)
    index = args[1]
    if isinstance(index, tuple):
        # One step is x[t, :, :], or x[:, t] of a sample with the batch first.
        chosen = [i for i in index if i != slice(None)]
        if len(chosen) == 1 and index.index(chosen[0]) < 2:
            trace.batch_first = index.index(chosen[0]) == 1
            index = chosen[0]
    if isinstance(index, int | np.integer) or (isinstance(index, torch.Tensor) and not index.ndim):
        trace.keep(result, _moment(int(index), result))
        trace.looped = True
    else:
        trace.keep_answer(result, func, known)
    return result


def _added(trace: SourceNotes, func: Any, args: tuple[Any, ...]) -> Any:
    """Add two maps, or a map and zeros."""
    values = [trace.value(a) if isinstance(a, torch.Tensor) else None for a in args[:2]]
    maps = [v for v in values if v is not None and v.what == "map"]
    others = [a for a, v in zip(args, values, strict=False) if v is None]
    if len(maps) + len(others) != 2 or not maps:
        return None
    if any(isinstance(o, torch.Tensor) and bool(torch.count_nonzero(o)) for o in others):
        return None
    if any(not isinstance(o, torch.Tensor) and o != 0 for o in others):
        return None
    result = func(*args)
    shape = next((v.shape for v in maps if v.shape), ())
    terms = tuple(term for v in maps for term in v.terms)
    trace.keep(result, SourceValue(what="map", terms=terms, shape=shape))
    return result


def _repeat(
    trace: SourceNotes, func: Any, x: torch.Tensor, result: torch.Tensor, known: list[SourceValue]
) -> None:  # fmt: skip
    """Note a sample without time that is made the same in every step."""
    terms = known[0].terms
    if result.shape == (1, *x.shape):
        trace.keep(result, SourceValue(what="input", terms=terms, how="unsqueeze"))
    elif known[0].how == "unsqueeze" and result.shape[1:] == x.shape[1:]:
        trace.repeated = result.shape[0]
        trace.keep(result, SourceValue(what="map", terms=terms, shape=tuple(x.shape[2:])))
    else:
        trace.keep_answer(result, func, known)


def _reshape(
    trace: SourceNotes, func: Any, x: torch.Tensor, value: SourceValue, result: torch.Tensor,
    known: list[SourceValue],
) -> None:  # fmt: skip
    if value.what == "input":
        value = trace.taken(value, x, "flatten")
    after = reshaped(value, result, prod(x.shape) // prod(value.shape))
    if after is None:
        trace.keep_answer(result, func, known)
    else:
        trace.flat(needs_map(value, "flatten"), after, result)


Make = Callable[[torch.Tensor, tuple[Any, ...], dict[str, Any]], Op | None]


def _operation(name: str) -> Make | None:
    """Return what makes an operation of a function's arguments, or None where it is unknown."""
    if name in ("max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d"):
        return lambda x, args, kwargs: _pool(name, args, kwargs)
    return {
        "linear": _linear,
        "conv1d": _conv,
        "conv2d": _conv,
        "mul": _scaled,
        "rmul": _scaled,
        "truediv": _divided,
        "div": _divided,
        "adaptive_avg_pool2d": lambda x, a, k: adaptive(a[1], tuple(x.shape[-3:])),
    }.get(name)


def _given(names: tuple[str, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    return dict(zip(names, args, strict=False)) | kwargs


def _pool(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Op:
    given = _given(("input", "kernel_size", "stride", "padding"), args, kwargs)
    line_ = name.endswith("1d")
    extra = {
        n: v
        for n, v in given.items()
        if n not in ("input", "kernel_size", "stride", "padding")
        and v not in (False, None, 1, (1, 1)) and n != "count_include_pad"
    }  # fmt: skip
    padding = pair(given.get("padding") or 0, line_)
    if extra or (not given.get("count_include_pad", True) and any(padding)):
        raise UnsupportedModuleError(f"{name} must be plain, not have {extra or 'other averages'}")
    size = given["kernel_size"]
    return Pool(
        kind="max" if name.startswith("max") else "average",
        size=pair(size, line_),
        stride=pair(given.get("stride") or size, line_),
        padding=(0, padding[1]) if line_ else padding,
    )


def _linear(x: torch.Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Op:
    given = _given(("input", "weight", "bias"), args, kwargs)
    bias = given.get("bias")
    return Linear(weight=array(given["weight"]), bias=None if bias is None else array(bias))


def _conv(x: torch.Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Op:
    names = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
    given = _given(names, args, kwargs)
    bias, weight = given.get("bias"), array(given["weight"])
    line_ = weight.ndim == 3
    if isinstance(given.get("padding"), str):
        raise UnsupportedModuleError("padding must be numbers in a function, or a module's word")
    padding = pair(given.get("padding", 0), line_)
    return Conv(
        weight=weight[:, :, None] if line_ else weight,
        bias=None if bias is None else array(bias),
        stride=pair(given.get("stride", 1), line_),
        padding=(0, padding[1]) if line_ else padding,
        dilation=pair(given.get("dilation", 1), line_),
        groups=given.get("groups", 1),
    )


def _scaled(x: torch.Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Op | None:
    factor = next((a for a in args if not (isinstance(a, torch.Tensor) and a is x)), None)
    if isinstance(factor, torch.Tensor):
        if factor.numel() != 1:
            return None
        factor = factor.item()
    if not isinstance(factor, int | float):
        return None
    return Affine(scale=np.array(float(factor)), offset=np.zeros(()))


def _divided(x: torch.Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Op | None:
    if len(args) < 2 or args[0] is not x or not isinstance(args[1], int | float) or not args[1]:
        return None
    return Affine(scale=np.array(1 / args[1]), offset=np.zeros(()))
