"""A network of our modules, traced while it runs on a sample: which layer reads what.

No exporter of torch sees through a `forward` with a loop over time and states that are handed on.
So the network is called once, in evaluation, and every call of our modules and of a function of
torch on what depends on the sample is noted. A tensor is known by who made it. Each `step` of the
same neurons is the next time step, and all steps must read the same, but for the first, which finds
no spikes before it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ..tracing import Tracing, line, must_be_sound, numbers_read, tensors
from . import functions
from .found import Called, Traced, traced
from .net import LayerNet
from .neurons import Neurons
from .pools import Pool2d
from .structure import Pooled, identifiers
from .synapses import Synapses
from .values import Term, UntracedError, Value

__all__ = ["Traced", "UntracedError", "trace"]

PLAIN = (
    nn.Flatten, nn.Unflatten, nn.Identity, nn.MaxPool2d, nn.Dropout, nn.Dropout1d, nn.Dropout2d,
)  # fmt: skip
"""Modules of torch that tables need nothing of, or have as a pool."""


@torch.no_grad()
def trace(net: nn.Module, sample: Tensor) -> Traced:
    """Return what a network does with a sample, a tensor that it is called with.

    Its mode is as before when this returns; neurons that have seen no batch have seen this one.

    Raises
    ------
    UntracedError
        Where a module isn't ours, or a call can't be followed, with its name or line.
    TypeError, ValueError
        As of `must_be_sound`.
    """
    if not isinstance(net, nn.Module):
        raise TypeError(f"net must be a torch.nn.Module, not {type(net).__name__}")
    if not isinstance(sample, Tensor):
        raise TypeError(f"sample must be a tensor that net takes, not {type(sample).__name__}")
    must_be_sound(net, sample)
    for name, module in net.named_modules():
        if isinstance(module, LayerNet):
            raise UntracedError(
                f"layer {name}: a LayerNet must be given to from_torch by itself, not in a module"
            )
    found = _Trace(net)
    modes = {module: module.training for module in net.modules()}
    try:
        net.eval()
        with found.watching(net):
            found.keep(sample, Value(what="input"))
            output = net(sample)
    finally:
        for module, mode in modes.items():
            module.training = mode
    return traced(list(found.called.values()), next(tensors([output]), None))


class _Trace(Tracing[Value]):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self._names = identifiers(net)
        self.called: dict[nn.Module, Called] = {}
        self._inside = False

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        known = [] if self._inside else self.known(args, kwargs)
        if not known:
            return func(*args, **kwargs)
        if why := numbers_read(func):
            raise UntracedError(why)
        return functions.call(self, func, args, kwargs, known)

    @contextmanager
    def watching(self, net: nn.Module) -> Iterator[None]:
        """Note all calls while the block runs."""
        kinds: list[tuple[Any, Callable[..., Any]]] = [
            (Synapses, self._synapses), (Neurons, self._neurons), (Pool2d, self._pool),
        ]  # fmt: skip
        changed: list[tuple[nn.Module, str]] = []
        try:
            for module in net.modules():
                note = next((note for kind, note in kinds if isinstance(module, kind)), None)
                if note is None and (isinstance(module, PLAIN) or not _foreign(module)):
                    continue
                for name in ("forward", "step") if isinstance(module, Neurons) else ("forward",):
                    changed.append((module, name))
                    call = getattr(module, name)
                    setattr(module, name, self._wrapped(module, name, call, note or self._other))
            with self:
                yield
        finally:
            for module, name in changed:
                del module.__dict__[name]

    def _wrapped(
        self, module: nn.Module, name: str, call: Callable[..., Any], note: Callable[..., Any]
    ) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if self._inside:
                return call(*args, **kwargs)

            def run() -> Any:
                self._inside = True
                try:
                    return call(*args, **kwargs)
                finally:
                    self._inside = False

            given = list(tensors([args, kwargs]))
            try:
                return note(module, run, given, name == "step")
            except ValueError as error:
                text = str(error)
                told = text if text.startswith("layer ") else f"layer {self._path(module)}: {text}"
                raise UntracedError(told) from None

        return wrapped

    def _path(self, module: nn.Module) -> str:
        return self._names[module]

    def _other(self, module: nn.Module, run: Any, given: list[Tensor], stepwise: bool) -> Any:
        values = [v for x in given if (v := self.value(x)) is not None and v.what != "answer"]
        if values:
            kind = type(module)
            raise UntracedError(
                f"must be one of somagate.model, not {kind.__module__.split('.')[0]}'s "
                f"{kind.__name__}; take QuantLinear, QuantConv2d, Residual, LIF, LI, MaxPool2d or "
                "SumPool2d, or import networks of other frameworks with from_snntorch, "
                "from_spikingjelly or from_norse"
            )
        result = run()
        for tensor in tensors([result]) if given else ():
            self.keep(tensor, Value(what="answer", how=f"what {type(module).__name__} makes"))
        return result

    def _pool(self, module: Pool2d, run: Any, given: list[Tensor], stepwise: bool) -> Any:
        result, value = run(), self.value(given[0])
        if value is None or value.what not in ("map", "sums"):
            if value is not None:
                self.keep(result, value)
            return result
        pool = Pooled(kind="max" if module.kind == "max" else "sum", size=module.size)
        self.keep(result, functions.pooled(value, pool))
        return result

    def _synapses(self, module: Synapses, run: Any, given: list[Tensor], stepwise: bool) -> Any:
        (x,) = given
        value = self.value(x)
        if value is None:
            if bool(torch.count_nonzero(x)):
                raise UntracedError(f"must read what depends on the sample ({line()})")
            term = Term(synapses=module, source=None)
        elif value.what == "input":
            term = Term(synapses=module, source="input", x=x)
        elif value.what == "map":
            term = Term(synapses=module, source=value.layer, step=value.step, pool=value.pool)
        else:
            raise UntracedError(f"must read spikes, not {_placed(value.name)}")
        result = run()
        self.keep(result, Value(what="sums", terms=(term,)))
        return result

    def _neurons(self, module: Neurons, run: Any, given: list[Tensor], stepwise: bool) -> Any:
        value = self.value(given[0]) if given else None
        if value is None or value.what != "sums":
            told = "nothing of the sample" if value is None else value.name
            raise UntracedError(f"must read sums of synapses, not {_placed(told)}")
        called = self.called.get(module)
        if called is None:
            called = self.called[module] = Called(name=self._path(module), neurons=module)
        now = len(called.reads)
        if stepwise:
            self._check_state(called, given[1:], now)
        elif now:
            raise UntracedError(
                "must be called once for all time steps, not twice; make it two modules, or call "
                "step in a loop over time"
            )
        called.whole = not stepwise
        step = now if stepwise else None
        terms = tuple(self._checked(term, called, step) for term in value.terms)
        called.reads.append((terms, value.pool))
        result = run()
        out = result[0] if stepwise else result
        called.made.append(out)
        made = Value(what="map", layer=called.name, step=step)
        potential = Value(what="answer", how=f"the potentials of {called.name}")
        self.keep(out, made if module.fires else potential)
        if stepwise:
            for state in tensors([tuple(result[1])]):
                self.keep(state, Value(what="state", layer=called.name, step=step))
            if module.fires:
                self.keep(result[1].fired, made)
        return result

    def _check_state(self, called: Called, states: list[Tensor], now: int) -> None:
        mine = [
            (v := self.value(x)) is not None and v.layer == called.name and v.step == now - 1
            for x in states
        ]
        if (now == 0 and states) or (now > 0 and (not mine or not all(mine))):
            wanted = "that of its step before" if now else "None in the first step"
            raise UntracedError(
                f"state must be {wanted} ({line()}); a module that is called twice in a step must "
                "be two modules"
            )

    def _checked(self, term: Term, called: Called, now: int | None) -> Term:
        """Return what neurons read in a step, or raise where it is of another step."""
        if term.source in (None, "input"):
            return term
        if now is None and term.step is None:
            return term
        if now is None or term.step is None:
            raise UntracedError(
                f"must read all time steps of {term.source} at once, or one at a time as that is "
                f"made ({line()})"
            )
        if now - term.step == (1 if term.source == called.name else 0):
            return term
        raise UntracedError(
            f"must read the spikes of {term.source} of the same time step, not those of step "
            f"{term.step} in step {now}; only a layer's own can be read one step late ({line()})"
        )


def _placed(what: str) -> str:
    """Return what is read with the line that reads it, unless the same line made it."""
    return what if what.endswith(f"({line()})") else f"{what} ({line()})"


def _foreign(module: nn.Module) -> bool:
    """Whether a module of somebody else does more than to call others."""
    if next(module.children(), None) is not None:
        return False
    own = any(True for _ in module.parameters(False)) or any(True for _ in module.buffers(False))
    return own or type(module).__module__.split(".")[0] == "torch"
