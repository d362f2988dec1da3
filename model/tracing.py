"""What every trace of a torch network needs: which tensors it knows, and the user's line."""

import sys
from collections.abc import Iterator
from linecache import getline
from pathlib import Path
from traceback import walk_stack
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

Value = TypeVar("Value")
OURS = (__name__.partition(".")[0], "torch")
"""Packages whose code runs in a trace and isn't the user's."""
TAKEN = (torch.float32, torch.float64)
NUMBERS = frozenset(
    "__bool__ __int__ __float__ __complex__ __index__ __array__ __contains__ item tolist numpy "
    "equal allclose is_nonzero".split()
)
"""Functions that make numbers of Python or NumPy of a tensor, which no trace can follow."""


class Tracing(TorchFunctionMode, Generic[Value]):
    """A mode in which functions of torch are noted, that knows a tensor by who made it."""

    def __init__(self) -> None:
        super().__init__()
        # With the tensor, which keeps its id from being another's.
        self._values: dict[int, tuple[Any, Value]] = {}

    def value(self, tensor: Any) -> Value | None:
        """Return what a tensor is, or None where it doesn't depend on the sample."""
        kept = self._values.get(id(tensor))
        return kept[1] if kept is not None and kept[0] is tensor else None

    def keep(self, tensor: Any, value: Value) -> None:
        """Note what a tensor is."""
        self._values[id(tensor)] = (tensor, value)

    def known(self, *values: Any) -> list[Value]:
        """Return what the tensors in arguments are, those that depend on the sample."""
        return [v for tensor in tensors(values) if (v := self.value(tensor)) is not None]


def numbers_read(func: Any) -> str:
    """Return why a function must not read what depends on the sample, or '' where it may.

    A branch that is taken, or a loop that ends, by such a number is another for other samples, and
    the trace sees one of them. To be called by a mode's `__torch_function__`; what code of ours
    reads is ''.
    """
    name = getattr(func, "__name__", "")
    if name not in NUMBERS:
        return ""
    for frame, _ in walk_stack(sys._getframe(2)):
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        if package == OURS[0]:
            return ""
        if package != "torch":
            break
    return (
        f"a forward must do the same with all samples, but {name.strip('_')} makes a number of "
        f"what depends on the sample ({line()}); leave branches, breaks and numbers of it out, or "
        "behind the network"
    )


def tensors(values: Any) -> Iterator[Tensor]:
    """Yield the tensors in arguments or results, at any depth."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, dict):
        yield from tensors(list(values.values()))
    elif isinstance(values, list | tuple):
        for value in values:
            yield from tensors(value)


def line() -> str:
    """Return the line of the user's code that runs now, such as 'net.py:12: x = f(x)'."""
    for frame, number in walk_stack(None):
        if frame.f_globals.get("__name__", "").partition(".")[0] not in OURS:
            path = frame.f_code.co_filename
            text = getline(path, number, frame.f_globals).strip()
            return f"{Path(path).name}:{number}: {text}"
    return "unknown line"


def must_be_sound(net: nn.Module, sample: Tensor) -> None:
    """Raise where nothing can be learned of a network by calling it with a sample.

    Raises
    ------
    TypeError
        Where the sample or a parameter is of floats other than float32 and float64.
    ValueError
        Where the sample is empty, or either holds NaN or infinity.
    """
    if sample.is_floating_point() and sample.dtype not in TAKEN:
        raise TypeError(f"sample must be of float32 or float64, not {_kind(sample)}; convert it")
    if not sample.ndim or not sample.numel():
        raise ValueError(
            f"sample must be a batch of some samples, not of shape {tuple(sample.shape)}"
        )
    if not torch.isfinite(sample).all():
        raise ValueError("sample must be finite, but holds NaN or infinity")
    for name, parameter in net.named_parameters():
        if is_lazy(parameter) or not parameter.is_floating_point():
            continue
        if parameter.dtype not in TAKEN:
            raise TypeError(
                f"net must be of float32 or float64, not {_kind(parameter)} as {name} is; take "
                "net.float(), which has the same weights"
            )
        if not torch.isfinite(parameter).all():
            raise ValueError(f"net must have finite weights, but {name} holds NaN or infinity")


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
