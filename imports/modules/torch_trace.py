"""A torch network traced while it runs: which layer reads what, at which time step.

Neither `torch.fx` nor exporters see through a `forward` with a loop over time and states that are
handed on. So the network is run on a sample, and every call of a module or of a function of torch
is noted: modules that are taken as one operation, functions as what they do to a map. A tensor is
known by who made it. Each call of the same neurons is the next time step; all steps must read the
same, but for the first, where what feeds back is still zero.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, count
from math import prod
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import nn

from ...model.tracing import Tracing, line, numbers_read, tensors
from ..ops import Flatten, Op, Pool
from ..reference import apply
from ..rule import Neuron
from . import torch_functions
from .torch_layers import DROPPED, UnsupportedModuleError, array, layer, must_be_plain
from .torch_neurons import Cell, Cells, fitted
from .torch_steps import Instance
from .torch_values import SourceTerm, SourceValue, lateness, needs_map, reshaped


class SourceTrace(Tracing[SourceValue]):
    """What a network did with a sample.

    Members
    -------
    nodes
        Operations that aren't neurons, by name, with their sources and their delays.
    instances
        Layers of neurons, by name.
    sequence
        Whether modules took all steps at once.
    looped
        Whether the sample's first axis was taken step by step.
    batch_first
        Whether that was the second axis instead.
    repeated
        How many steps the network makes of a sample without time, or 0.
    """

    def __init__(self, net: nn.Module, cells: Cells, sequence: bool) -> None:
        super().__init__()
        self.sequence = sequence
        self.looped = False
        self.batch_first = False
        self.repeated = 0
        self.nodes: dict[str, tuple[Op, tuple[tuple[str, int], ...]]] = {}
        self.instances: dict[str, Instance] = {}
        self._cells = cells
        self._names = {module: name or "net" for name, module in net.named_modules()}
        self._made: dict[tuple[Any, ...], str] = {}
        self._inside = False
        self._call: Callable[..., Any] = nn.Module.__call__

    def start(self, sample: torch.Tensor) -> None:
        """Take a tensor as the network's input."""
        self.keep(sample, SourceValue(what="input", terms=(SourceTerm(node="input"),)))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note all calls while the block runs."""
        self._call = nn.Module.__call__

        def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            return self._module(module, args, kwargs)

        with patch.object(nn.Module, "__call__", call), self:
            yield

    # Functions.

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if self._inside:
            return func(*args, **kwargs)
        known = self.known(args, kwargs)
        if not known:
            return func(*args, **kwargs)
        if why := numbers_read(func):
            raise UnsupportedModuleError(why)
        return torch_functions.call(self, func, args, kwargs, known)

    def keep_answer(self, result: Any, func: Any, known: list[SourceValue], what: str = "") -> None:
        """Note that tensors are something that no layer may read, and what in words."""
        name = getattr(func, "__name__", str(func)).strip("_")
        terms = tuple(dict.fromkeys(term for value in known for term in value.terms))
        here = line()
        through = tuple(dict.fromkeys([*(f for v in known for f in v.through), (name, here)]))
        made = SourceValue(
            what="answer",
            terms=terms,
            how=next((v.how for v in known if v.how), what or f"{name} ({here})"),
            through=through,
            potential=all(v.what == "state" or v.potential for v in known),
        )
        for tensor in tensors([result]):
            self.keep(tensor, made)

    def counts(self, value: SourceValue) -> bool:
        """Return whether a map is of spikes, or of a pool or a row of them."""
        return all(self._counts(term.node) for term in value.terms)

    def _counts(self, name: str) -> bool:
        if name in self.instances:
            return self.instances[name].cell.neuron.threshold is not None
        op, sources = self.nodes.get(name, (None, ()))
        return isinstance(op, Pool | Flatten) and all(self._counts(n) for n, _ in sources)

    def taken(self, value: SourceValue, tensor: torch.Tensor, reader: str) -> SourceValue:
        """Return a value that a layer reads: a map, or the sample as a whole."""
        if value.what != "input":
            return needs_map(value, reader)
        lead = 2 if self.sequence else 1
        if tensor.ndim <= lead:
            axes = "time and batch" if self.sequence else "batch"
            raise UnsupportedModuleError(
                f"sample must have the axes {axes} before its own, not shape {tuple(tensor.shape)}"
            )
        return SourceValue(what="map", terms=value.terms, shape=tuple(tensor.shape[lead:]))

    def operation(
        self, name: str, op: Op, value: SourceValue, tensor: torch.Tensor, result: torch.Tensor
    ) -> SourceValue:
        """Note an operation without a state, check what it made, and return that."""
        value = self.taken(value, tensor, name)
        sources, step = lateness(value)
        key = (name, type(op).__name__, sources)
        node = self._made.get(key)
        if node is None:
            node = self._made[key] = self._free(name)
            self.nodes[node] = (op, sources)
        count = len(value.shape)
        shape = tuple(result.shape[tensor.ndim - count :])
        if not isinstance(op, Neuron) and type(op).__name__ != "Delay":
            self._check(name, op, value, tensor, result)
        return SourceValue(what="map", terms=(SourceTerm(node=node, step=step),), shape=shape)

    def _check(
        self, name: str, op: Any, value: SourceValue, tensor: torch.Tensor, result: torch.Tensor
    ) -> None:
        count = len(value.shape)
        shape = value.shape if count != 2 else (value.shape[0], 1, value.shape[1])
        x = array(tensor).reshape(-1, *shape)
        try:
            ours = apply(op, x)
        except ValueError as error:
            raise UnsupportedModuleError(f"{name}: {error}") from None
        theirs = array(result).reshape(ours.shape)
        near = 1e-3 * max(1.0, float(np.abs(theirs).max()))
        if not np.allclose(ours, theirs, atol=near, rtol=0):
            raise UnsupportedModuleError(
                f"{name} must compute what its kind does, {type(op).__name__}, but makes something "
                "else of the sample; take a plain layer of torch"
            )

    def _free(self, name: str) -> str:
        taken = {*self.nodes, *self.instances, "input"}
        numbered = chain([name], (f"{name}_{number}" for number in count(2)))
        return next(free for free in numbered if free not in taken)

    # Modules.

    def _module(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._inside:
            return self._call(module, *args, **kwargs)
        name = self._names.get(module, type(module).__name__)
        try:
            return self._known(module, name, args, kwargs)
        except UnsupportedModuleError as error:
            text = str(error)
            if not text.startswith("layer "):
                text = f"layer {text}" if text.startswith(f"{name} ") else f"layer {name}: {text}"
            raise UnsupportedModuleError(text) from None

    def _known(
        self, module: nn.Module, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        found = self._cells(module)
        x = next(iter(tensors([args, kwargs])), None)
        value = None if x is None else self.value(x)
        dropped = isinstance(module, DROPPED) or type(module).__name__.startswith("Dropout")
        shape = () if value is None or x is None else self._shape(value, x)
        op = None if isinstance(found, Cell) else found or layer(module, shape)
        if value is not None and (dropped or found is not None or op is not None):
            must_be_plain(module)
        if isinstance(found, Cell):
            return self._neurons(module, name, found, args, kwargs)
        if dropped:
            if value is not None:
                return x
            return self._run(module, args, kwargs)
        if op is None:
            return self._call(module, *args, **kwargs)
        result = self._run(module, args, kwargs)
        if value is None or x is None:
            if x is not None and not bool(torch.count_nonzero(x)):
                self.keep(result, SourceValue(what="map", terms=(SourceTerm(node=f"?{name}"),)))
            return result
        if type(op).__name__ == "Flatten":
            value = self.taken(value, x, name)
            flat = reshaped(value, result, prod(x.shape[: x.ndim - len(value.shape)]))
            if flat is None:
                raise UnsupportedModuleError("Flatten must make one row of all but batch and time")
            return self.flat(value, flat, result)
        self.keep(result, self.operation(name, op, value, x, result))
        return result

    def flat(self, before: SourceValue, after: SourceValue, result: torch.Tensor) -> torch.Tensor:
        """Note a map that was reshaped, with a node where it is one row now."""
        if before.shape != after.shape and len(before.shape) > 1:
            sources, step = lateness(before)
            key = ("flatten", sources)
            if key not in self._made:
                self._made[key] = self._free("flatten")
                self.nodes[self._made[key]] = (Flatten(), sources)
            after = SourceValue(
                what="map", terms=(SourceTerm(node=self._made[key], step=step),), shape=after.shape
            )
        self.keep(result, after)
        return result

    def _shape(self, value: SourceValue, x: torch.Tensor) -> tuple[int, ...]:
        return value.shape if value.what != "input" else tuple(x.shape[2 if self.sequence else 1 :])

    def _run(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._inside = True
        try:
            return self._call(module, *args, **kwargs)
        finally:
            self._inside = False

    def _neurons(
        self, module: nn.Module, name: str, cell: Cell, args: tuple[Any, ...], kwargs: Any
    ) -> Any:
        given = list(tensors([args, kwargs]))
        value = self.value(given[0]) if given else None
        if value is None:
            raise UnsupportedModuleError(f"must read what depends on the sample ({line()})")
        value = self.taken(value, given[0], "it")
        instance = self._instance(module, name, cell, given[1:], value.shape)
        step = None if cell.sequence else len(instance.sources)
        sources, _ = lateness(value, step)
        instance.sources.append(sources)
        instance.receive(given[1:])
        result = self._run(module, args, kwargs)
        spikes, *states = list(tensors([result]))
        instance.leave([spikes, *states])
        instance.follow(value.shape, given[0], spikes)
        shape = tuple(spikes.shape[spikes.ndim - len(value.shape) :])
        terms = (SourceTerm(node=instance.name, step=step),)
        self.keep(spikes, SourceValue(what="map", terms=terms, shape=shape))
        for state in states:
            if state is not spikes:
                self.keep(state, SourceValue(what="state", terms=terms, shape=shape))
        return result

    def _instance(
        self,
        module: nn.Module,
        name: str,
        cell: Cell,
        states: list[torch.Tensor],
        shape: tuple[int, ...],
    ) -> Instance:
        mine = [i for i in self.instances.values() if i.module is module]
        for value in self.known(states):
            of = [self.instances[t.node] for t in value.terms if t.node in self.instances]
            if own := next((each for each in of if each.module is module), None):
                return own
            if value.what == "state":
                raise UnsupportedModuleError(f"must get its own state, not that of {of[0].name}")
        if any(array(state).any() for state in states):
            raise UnsupportedModuleError(f"must start from a state of zeros ({line()})")
        if mine and not states:
            return mine[0]
        instance = Instance(name=self._free(name), module=module, cell=fitted(cell, shape))
        self.instances[instance.name] = instance
        return instance
