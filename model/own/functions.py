"""Functions of torch that a `forward` may call on spikes and sums, beside its modules."""

from dataclasses import replace
from typing import Any, Protocol

import torch
from torch import Tensor

from ..tracing import line, tensors
from .structure import Pooled
from .values import UntracedError, Value

SAME = frozenset("clone contiguous detach float double to type type_as cpu cuda".split())
SHAPES = frozenset("flatten view reshape squeeze unsqueeze unflatten".split())
DROPOUTS = frozenset("dropout dropout1d dropout2d dropout3d feature_dropout".split())
FRESH = frozenset("zeros_like ones_like empty_like rand_like new_zeros new_ones new_full".split())
READ = ("map", "sums", "state")
PARTS = frozenset("getitem select unbind iter".split())


class Notes(Protocol):
    """What functions tell a trace; see `somagate.model.own.trace.Trace`."""

    def value(self, tensor: Any) -> Value | None:
        """Return what a tensor is, or None where it doesn't depend on the sample."""

    def keep(self, tensor: Any, value: Value) -> None:
        """Note what a tensor is."""


def call(
    trace: Notes, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], known: list[Value]
) -> Any:
    """Run a function that reads what depends on the sample, and note what it made.

    What isn't known makes an answer, which nothing but the network's output may be.
    """
    name = getattr(func, "__name__", "").strip("_")
    first = next((v for a in args if (v := trace.value(a)) is not None), known[0])
    made: Value | None = None
    if name in PARTS and first.whole and trace.value(args[0]) is first:
        parts = _parts(trace, name, args, kwargs, first)
        if parts is not None:
            return parts
    if name in ("stack", "cat"):
        made = _stacked(trace, name, args, kwargs)
    elif name in ("add", "iadd", "radd"):
        made = _added(trace, args, kwargs)
    elif name in DROPOUTS:
        if kwargs.get("training", args[2] if len(args) > 2 else True):
            raise UntracedError(
                f"dropout must be off once a network is trained: pass training=self.training "
                f"({line()})"
            )
        made = first
    elif "max_pool2d" in name or "avg_pool2d" in name:
        made = _pooled(name, args, kwargs, first)
    result = func(*args, **kwargs)
    if name in FRESH:
        return result
    if all(value.what == "input" for value in known):
        made = Value(what="input")
    elif made is None and isinstance(result, Tensor) and first.what in READ:
        x = next((a for a in args if trace.value(a) is first), result)
        moved = first.what != "state" and name in SHAPES and result.numel() == x.numel()
        if name in SAME or moved or (name == "get" and result.shape == x.shape):
            made = first
    if made is None:
        how = next((v.how for v in known if v.how), f"what {name} makes ({line()})")
        made = Value(what="answer", how=how)
    for tensor in tensors([result]):
        trace.keep(tensor, made)
    return result


def _parts(
    trace: Notes, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], whole: Value
) -> Any:
    """Take a map or sums of all steps apart, or return None where that isn't what is done."""
    x: Tensor = args[0]
    if name in ("unbind", "iter"):
        if kwargs.get("dim", args[1] if len(args) > 1 else 0) != 0:
            return None
        parts = torch.unbind(x, 0)
        for step, part in enumerate(parts):
            trace.keep(part, whole.at(step))
        return iter(parts) if name == "iter" else parts
    index = args[1] if name == "getitem" else args[2] if args[1:2] == (0,) else None
    if isinstance(index, bool) or not isinstance(index, int):
        return None
    part = x[index]
    trace.keep(part, whole.at(index % len(x)))
    return part


def _stacked(trace: Notes, name: str, args: tuple[Any, ...], kwargs: Any) -> Value | None:
    """Return the map of all steps that spikes of one layer make, each step's in order."""
    given = args[0] if args else ()
    axis = kwargs.get("dim", args[1] if len(args) > 1 else 0)
    values = [trace.value(x) for x in given] if isinstance(given, list | tuple) else []
    if name != "stack" or axis != 0 or not values:
        return None
    first = values[0]
    if first is None or first.what != "map":
        return None
    wanted = (first.layer, first.pool)
    for step, value in enumerate(values):
        if value is None or (value.layer, value.pool) != wanted or value.step != step:
            return None
    return replace(first, step=None)


def _added(trace: Notes, args: tuple[Any, ...], kwargs: Any) -> Value | None:
    """Return sums that are added to sums, or to zeros."""
    if kwargs or len(args) != 2:
        return None
    found: list[Value] = []
    for arg in args:
        value = trace.value(arg)
        if value is None:
            if not _zero(arg):
                return None
        elif value.what == "map" and any((v := trace.value(a)) and v.what == "sums" for a in args):
            raise UntracedError(
                f"spikes of {value.layer} must be added to sums through synapses, such as "
                f"somagate.model.Residual, not as they are ({line()})"
            )
        else:
            found.append(value)
    if len(found) == 1:
        return found[0]
    pools = {value.pool for value in found}
    if any(value.what != "sums" for value in found) or len(pools) > 1:
        return None
    return Value(what="sums", terms=found[0].terms + found[1].terms, pool=found[0].pool)


def _zero(value: Any) -> bool:
    if isinstance(value, Tensor):
        return not bool(torch.count_nonzero(value))
    return isinstance(value, int | float) and value == 0


def _pooled(name: str, args: tuple[Any, ...], kwargs: Any, value: Value) -> Value | None:
    """Return a map, or sums, behind a pool of torch's."""
    if value.what not in ("map", "sums"):
        return None
    order = ["input", "kernel_size", "stride", "padding"]
    order += ["dilation", "ceil_mode"] if "max" in name else ["ceil_mode", "count_include_pad",
                                                             "divisor_override"]  # fmt: skip
    given = dict(zip(order, args, strict=False)) | kwargs

    def two(key: str, default: Any) -> tuple[int, int]:
        chosen = given.get(key)
        chosen = default if chosen is None or chosen == [] else chosen
        return (chosen, chosen) if isinstance(chosen, int) else (chosen[0], chosen[-1])

    size = two("kernel_size", 1)
    plain = two("stride", size) == size and two("padding", 0) == (0, 0)
    plain = plain and two("dilation", 1) == (1, 1) and not given.get("ceil_mode")
    kind = "max" if "max" in name else "sum"
    if kind == "sum" and given.get("divisor_override") != 1:
        raise UntracedError(
            f"{name} must count spikes, not average them; take somagate.model.SumPool2d ({line()})"
        )
    if not plain:
        raise UntracedError(
            f"{name} must have windows side by side, without padding, dilation or ceil_mode; take "
            f"somagate.model.MaxPool2d or SumPool2d ({line()})"
        )
    return pooled(value, Pooled(kind="max" if kind == "max" else "sum", size=size))


def pooled(value: Value, pool: Pooled) -> Value:
    """Return a map or sums behind a pool."""
    if value.pool is not None:
        raise UntracedError(
            f"a pool must not follow a pool; put neurons between, or take one of both ({line()})"
        )
    return replace(value, pool=replace(pool, of="sums" if value.what == "sums" else "spikes"))
