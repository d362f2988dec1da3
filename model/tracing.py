"""What every trace of a torch network needs: which tensors it knows, and the user's line."""

from collections.abc import Iterator
from pathlib import Path
from traceback import extract_stack
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

Value = TypeVar("Value")
OURS = (Path(__file__).parent, Path(__file__).parents[1] / "imports", Path(torch.__file__).parent)
"""Folders whose code runs in a trace and isn't the user's."""


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
    frames = [
        frame
        for frame in extract_stack()
        if not any(folder in Path(frame.filename).parents for folder in OURS)
    ]
    if not frames:
        return "unknown line"
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}: {frames[-1].line}"
