"""A network of torch modules, read by one forward pass of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np
import torch
from torch import nn

from ...model.tracing import must_be_sound
from ..floats import Floats
from ..graph import Network, Node, Origin, Recording, Shape
from ..ops import Delay
from ..rule import Neuron
from . import torch_answers, torch_replay, torch_steps
from .torch_layers import UnsupportedModuleError, array
from .torch_neurons import Cell, Cells
from .torch_trace import SourceTrace

__all__ = ["UnsupportedModuleError", "read"]

REHEARSED = 3
"""Further steps that a network that is called once a step is run for, at least."""
REHEARSED_UPDATES = 1 << 22
"""Neurons that are updated in more of them, at most."""


def read(
    net: nn.Module,
    sample: Any,
    cells: Cells,
    origin: Origin,
    *,
    taken: str,
    readout: str | None = None,
    voters: int = 1,
    steps: int | None = None,
) -> Network:
    """Return a torch network, of which every layer computes what its framework does.

    Parameters
    ----------
    net
        The module; its mode and its states are as before when this returns.
    sample
        What `net` is called with: a tensor (batch, *input shape), or with time where it takes it;
        or a tuple of arguments, the first of which is that.
    cells
        Knows the framework's neurons.
    origin
        The framework.
    taken
        The neurons that are taken, for errors.
    readout, voters
        How the last layer answers, and by how many neurons a class; a readout of None is by its
        potential where it never fires.
    steps
        Of an inference, where they are known: a network that is called once a step is run for as
        many.

    Raises
    ------
    UnsupportedModuleError
        Where a module, a setting, or a call in a `forward` isn't taken, with its name or line.
    TypeError, ValueError
        As of `must_be_sound`.
    """
    if not isinstance(net, nn.Module):
        why = ""
        if isinstance(net, dict | str | PathLike):
            why = (
                ": weights alone hold no thresholds and no rule; build the network, "
                "load_state_dict into it, and pass that"
            )
        raise TypeError(f"net must be a torch.nn.Module, not {type(net).__name__}{why}")
    args = sample if isinstance(sample, tuple) else (sample,)
    if not args or not isinstance(args[0], torch.Tensor):
        raise TypeError(f"sample must be a tensor that net takes, not {type(sample).__name__}")
    must_be_sound(net, args[0])
    found = {name: _cell(cells, name or "net", module) for name, module in net.named_modules()}
    if not any(isinstance(each, Cell) for each in found.values()):
        raise UnsupportedModuleError(
            f"net must hold neurons of {origin.framework}, {taken}, but has none"
        )
    sequence = any(isinstance(each, Cell) and each.sequence for each in found.values())
    trace = SourceTrace(net, cells, sequence)
    with torch.no_grad(), _as_before(net):
        first = args[0].detach().clone()
        trace.start(first)
        with trace.watching():
            result = net(first, *args[1:])
        called = max(len(i.sources) for i in trace.instances.values())
        if (
            called == 1
            and not sequence
            and all(_holds_state(module, found[name]) for name, module in net.named_modules())
        ):
            # One step shows little of a rule, so the next ones are compared as well.
            with trace.watching():
                for _ in range(_further(trace, steps or 1)):
                    net(first, *args[1:])
    nodes = torch_steps.nodes(trace.nodes, trace.instances)
    torch_answers.must_answer(trace, result, nodes)
    if readout is None:
        readout = torch_answers.readout(trace, result, nodes[-1].name, called)
    timed = (sequence and not trace.repeated) or trace.looped
    shape = tuple(first.shape[2 if timed else 1 :])
    whole = called if called > 1 or trace.looped else None
    if sequence:
        whole = trace.repeated or first.shape[0]
    network = Network(
        input_shape=_map(shape),
        nodes=tuple(_used(nodes)),
        readout=readout,
        voters=voters,
        origin=origin,
        steps=whole,
        constant=bool(whole) and not timed,
        layout="batch" if trace.batch_first else "steps",
        axes=len(shape),
    )
    x = _steps(first, network, trace, timed)
    torch_replay.must_read_the_same(network, trace.instances, x)
    return replace(network, recorded=_recorded(network, trace, x))


def _further(trace: SourceTrace, steps: int) -> int:
    """Return for how many further steps a network that was called for the first is run."""
    updates = sum(each.outputs[0].size for each in trace.instances.values())
    return max(REHEARSED, min(steps - 1, REHEARSED_UPDATES // updates))


def _recorded(network: Network, trace: SourceTrace, x: Floats) -> Recording:
    """Return what the network's modules put out for x, (steps, batch, *input shape)."""
    spikes = {
        name: np.stack(trace.instances[name].outputs[: len(x)]) != 0
        for name, neuron in network.neurons.items()
        if neuron.threshold is not None
    }
    return Recording(samples=x, spikes=spikes)


def _cell(cells: Cells, name: str, module: nn.Module) -> Cell | Delay | None:
    """Return what a module is, or raise naming the layer."""
    try:
        return cells(module)
    except UnsupportedModuleError as error:
        raise UnsupportedModuleError(f"layer {name}: {error}") from None
    except (TypeError, ValueError) as error:
        raise UnsupportedModuleError(
            f"layer {name}: {error}; parameters of a {type(module).__name__} must be finite "
            "numbers: one, one a channel of maps as (channels, 1, 1), or one a neuron"
        ) from None


def _holds_state(module: nn.Module, found: object) -> bool:
    """Whether a module has no state, or keeps it itself from call to call."""
    keeps = getattr(module, "init_hidden", hasattr(module, "_memories"))
    return not isinstance(found, Cell) or bool(keeps)


def _map(shape: Shape) -> Shape:
    return (shape[0], 1, shape[1]) if len(shape) == 2 else shape


def _used(nodes: list[Node]) -> list[Node]:
    """Return the nodes that a layer of neurons reads, and what is behind the last."""
    wanted = {node.name for node in nodes if isinstance(node.op, Neuron)}
    size = 0
    while len(wanted) != size:
        size = len(wanted)
        wanted |= {s for node in nodes if node.name in wanted for s in node.sources}
    return [node for node in nodes if node.name in wanted]


def _steps(first: torch.Tensor, network: Network, trace: SourceTrace, timed: bool) -> Floats:
    """Return the sample as (steps, batch, *input shape), in those steps that all layers made."""
    x = array(first)
    made = min(len(trace.instances[name].outputs) for name in network.neurons)
    if not timed:
        x = x.reshape(len(x), *network.input_shape)
        return np.broadcast_to(x, (made, *x.shape))
    if trace.batch_first:
        x = x.swapaxes(0, 1)
    return x.reshape(*x.shape[:2], *network.input_shape)[:made]


@contextmanager
def _as_before(net: nn.Module) -> Iterator[None]:
    """Put a network into evaluation, and bring its mode and all its states back afterwards."""
    modes = {module: module.training for module in net.modules()}
    states = {
        module: {
            name: dict(value)
            for name in ("_buffers", "_memories")
            if isinstance(value := module.__dict__.get(name), dict)
        }
        for module in net.modules()
    }
    loose = {
        module: {k: v for k, v in module.__dict__.items() if isinstance(v, torch.Tensor)}
        for module in net.modules()
    }
    try:
        net.eval()
        _fresh(net)
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode
            for name, value in states[module].items():
                module.__dict__[name].clear()
                module.__dict__[name].update(value)
            module.__dict__.update(loose[module])


def _fresh(net: nn.Module) -> None:
    """Bring the states that neurons hold themselves back to what they start from."""
    for module in net.modules():
        for name in ("reset_mem", "reset"):
            function = getattr(module, name, None)
            if callable(function) and hasattr(module, "_memories" if name == "reset" else name):
                function()
                break
