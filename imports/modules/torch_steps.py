"""Layers of neurons as a traced network called them, and the nodes that come of it."""

from dataclasses import dataclass, field
from math import prod

import numpy as np
import torch
from torch import nn

from ...model.tracing import line
from ..floats import Floats
from ..graph import Node
from ..ops import Op, Shape
from ..reference import Layer, apply
from .torch_layers import UnsupportedModuleError, array, delayed
from .torch_neurons import Cell
from .torch_values import STEPWISE

NEAR = 1e-3
"""How near the threshold, of a potential's size, float32 may fire otherwise than float64."""


@dataclass
class Instance:
    """A layer of neurons: a module with one chain of states.

    Attributes
    ----------
    name, module, cell
        The node's name, and what it is of.
    rule
        Its rule in float64, which runs along.
    sources
        What it read in each step: terms with how many steps they were late.
    drives, outputs
        What entered the neurons in each step, and what they put out: (batch, *shape) each.
    left, held
        What the module returned last, and what its attributes of `Cell.held` were then.
    """

    name: str
    module: nn.Module
    cell: Cell
    rule: Layer | None = None
    sources: list[tuple[tuple[str, int], ...]] = field(default_factory=list)
    drives: list[Floats] = field(default_factory=list)
    outputs: list[Floats] = field(default_factory=list)
    left: list[Floats] = field(default_factory=list)
    held: dict[str, Floats] = field(default_factory=dict)

    def receive(self, states: list[torch.Tensor]) -> None:
        """Raise where a call gets another state than the module left, or than it starts from.

        Spikes show that on few samples alone. States that the caller hands on at first are zeros,
        which is looked at before.
        """
        step = len(self.sources) - 1
        if states:
            kept = not self.left or all(
                any(np.array_equal(array(state), left) for left in self.left) for state in states
            )
        elif self.cell.held:
            now = self._own()
            kept = all(_equal(now[n], self.held.get(n, s)) for n, s in self.cell.held.items())
        elif self.left:
            raise UnsupportedModuleError(
                f"its state must be what it left in the step before, but it starts anew in step "
                f"{step} ({line()}); hand its state on, or make it two modules where it is called "
                "twice in a step"
            )
        else:
            kept = True
        if not kept:
            wanted = "what it left in the step before" if step else "what its rule starts from"
            raise UnsupportedModuleError(
                f"its state must be {wanted}, but something changed it before step {step} "
                f"({line()}); leave potentials and currents as the module makes them, as tables "
                "can't change them between steps"
            )

    def leave(self, result: list[torch.Tensor]) -> None:
        """Note what a call returned, and the state that it left."""
        self.left = [array(tensor).copy() for tensor in result]
        self.held = self._own()

    def _own(self) -> dict[str, Floats]:
        values = {name: getattr(self.module, name) for name in self.cell.held}
        return {
            name: array(v).copy() if isinstance(v, torch.Tensor) else np.array(float(v))
            for name, v in values.items()
        }

    def follow(self, shape: Shape, x: torch.Tensor, spikes: torch.Tensor) -> None:
        """Run the rule along, and raise where the framework's own module fires otherwise.

        Parameters
        ----------
        shape
            Of a map that it reads, without batch and time.
        x, spikes
            What the module read and put out.
        """
        cell = self.cell
        shape = shape if len(shape) != 2 else (shape[0], 1, shape[1])
        lead = x.numel() // prod(shape)
        steps = x.shape[0] if cell.sequence else 1
        inputs = array(x).reshape(steps, lead // steps, *shape)
        size = shape if cell.inner is None else cell.inner.target(shape)
        theirs = array(spikes).reshape(steps, lead // steps, *size)
        rule = self.rule = self.rule or Layer(cell.neuron, size, lead // steps)
        for t in range(steps):
            drive = inputs[t] if cell.inner is None else apply(cell.inner, inputs[t])
            if cell.recurrent is not None:
                before = rule.spikes[-1] if rule.spikes else np.zeros(drive.shape)
                drive = drive + apply(cell.recurrent, before)
            self.drives.append(drive)
            self.outputs.append(theirs[t])
            heard = theirs[t]
            if cell.potential is not None:
                if t + 1 < steps:  # the module holds the last one alone
                    rule.step(drive)
                    continue
                heard = array(cell.potential()).reshape(drive.shape)
            try:
                rule.follow(drive, heard, NEAR)
            except ValueError as error:
                raise UnsupportedModuleError(str(error)) from None


def _equal(now: Floats, before: Floats) -> bool:
    """Return whether states are the same; one that is empty or of one value stands for all."""
    now = now if now.size else np.zeros(())
    before = np.asarray(before if np.size(before) else 0.0)
    return (now.shape == before.shape or 1 in (now.size, before.size)) and bool(
        (now == before).all()
    )


Sources = tuple[tuple[str, int], ...]
"""Names of nodes, and how many steps late each is read."""


def nodes(operations: dict[str, tuple[Op, Sources]], instances: dict[str, Instance]) -> list[Node]:
    """Return nodes, with delays between them where something is read late.

    Parameters
    ----------
    operations
        What has no state, by name, with its sources.
    instances
        The layers of neurons.

    Raises
    ------
    UnsupportedModuleError
        Where the steps of a layer read different things.
    """
    made: list[Node] = []
    late: dict[tuple[str, int], str] = {}
    pushed: dict[str, int] = {}
    for instance in instances.values():
        first = instance.sources[0]
        for source, steps in instance.sources[-1]:
            if (f"?{source}", 0) in first and source in operations:
                pushed[source] = steps

    def read(sources: Sources) -> tuple[str, ...]:
        names = []
        for source, steps in sources:
            if steps and (source, steps) not in late:
                name = late[source, steps] = f"{source}.delayed{steps if steps > 1 else ''}"
                made.append(Node(name=name, op=delayed(steps), sources=(source,)))
            names.append(late[source, steps] if steps else source)
        return tuple(names)

    for name, (op, sources) in operations.items():
        extra = pushed.get(name, 0)
        moved = tuple((source, steps + extra) for source, steps in sources)
        made.append(Node(name=name, op=op, sources=read(moved)))
    for name, instance in instances.items():
        first, *rest = instance.sources
        steady = rest[0] if rest else first
        start = {source for source in first if not source[0].startswith("?")}
        odd = next((t for t, other in enumerate(rest, 1) if other != steady), None)
        if odd is not None or not start <= set(steady):
            one, other = (first, steady) if odd is None else (steady, rest[odd - 1])
            raise UnsupportedModuleError(
                f"layer {name} must read the same in every time step, not {_told(one)} in step "
                f"{0 if odd is None else 1} and {_told(other)} in step {odd or 1}; {STEPWISE}"
            )
        # What was called with zeros before the first step is behind the delay, not before it.
        back = {source for source in first if source[0].startswith("?")}
        feeds = read(tuple((n, 0 if (f"?{n}", 0) in back else late) for n, late in steady))
        cell = instance.cell
        if cell.inner is not None:
            made.append(Node(name=f"{name}.inner", op=cell.inner, sources=feeds))
            feeds = (f"{name}.inner",)
        if cell.recurrent is not None:
            inside = read(((name, 1),))
            made.append(Node(name=f"{name}.recurrent", op=cell.recurrent, sources=inside))
            feeds = (*feeds, f"{name}.recurrent")
        made.append(Node(name=name, op=cell.neuron, sources=feeds))
    return made


def _told(sources: Sources) -> str:
    """Return what a layer read in a step; '?' stands before a module that got zeros."""
    names = []
    for name, late in sources:
        what = f"{name[1:]} of zeros" if name.startswith("?") else name
        names.append(f"{what} {late} step{'s' * (late > 1)} ago" if late else what)
    return " + ".join(names) or "nothing"
