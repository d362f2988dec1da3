"""What a traced network is: its layers, and what it read and made."""

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from .neurons import Neurons
from .structure import OwnLayer, Pooled
from .synapses import Synapses
from .values import Term, UntracedError


@dataclass
class Called:
    """Neurons as a network called them: what they read in each step, and what they made."""

    name: str
    neurons: Neurons
    reads: list[tuple[tuple[Term, ...], Pooled | None]] = field(default_factory=list)
    made: list[Tensor] = field(default_factory=list)
    whole: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Traced:
    """What a network did with a sample.

    Attributes
    ----------
    layers
        In the order of execution.
    steps
        Time steps.
    inputs
        What was read of the sample, (steps, batch, *input shape).
    made
        By layer, spikes (steps, batch, channels, ...), or potentials in units of one that never
        fires, of all steps or the last.
    output
        What the network returned, if that is one tensor.
    """

    layers: tuple[OwnLayer, ...]
    steps: int
    inputs: Tensor
    made: dict[str, Tensor]
    output: Tensor | None


def traced(called: list[Called], output: Tensor | None) -> Traced:
    """Return what calls of neurons and the network's output say together."""
    if not called:
        raise UntracedError("net must call layers of somagate.model, such as LIF, but has none")
    counts = {c.name: (len(c.made[0]) if c.whole and c.neurons.fires else len(c.reads))
              for c in called if c.neurons.fires or not c.whole}  # fmt: skip
    frames = {c.name: _frames(c) for c in called}
    inputs = next((x for x in frames.values() if x is not None), None)
    if inputs is None:
        raise UntracedError("net must have a layer that reads the sample, but has none")
    steps = len(inputs)
    for name, count in counts.items():
        if count != steps:
            raise UntracedError(
                f"layer {name}: must take {steps} time steps as the input has, not {count}"
            )
    reads = {c.name: _steady(c) for c in called}
    pools: dict[str, Pooled | None] = {}
    for name, (terms, _) in reads.items():
        for term in terms:
            if term.source in (None, "input", name):
                continue
            source = str(term.source)
            if source in pools and pools[source] != term.pool:
                raise UntracedError(
                    f"layer {source}: all must read its spikes behind the same pool, or all "
                    "without one; give one of them a layer of its own"
                )
            pools[source] = term.pool
    layers = []
    for c in called:
        terms, before = reads[c.name]
        behind = pools.get(c.name)
        if before and behind:
            raise UntracedError(
                f"layer {c.name}: must have one pool, before or behind its neurons, not both"
            )
        groups = tuple((term.synapses, str(term.source)) for term in terms)
        layers.append(
            OwnLayer(name=c.name, synapses=groups, neurons=c.neurons, pool=before or behind)
        )
    made = {
        c.name: torch.as_tensor(
            c.made[0] if c.whole else torch.stack(c.made) if c.neurons.fires else c.made[-1]
        )
        for c in called
    }
    return Traced(
        layers=tuple(layers), steps=steps, inputs=inputs, made=made, output=output
    )  # fmt: skip


def _frames(called: Called) -> Tensor | None:
    """Return what a layer read of the sample, (steps, batch, ...), or None."""
    if called.whole:
        return next((t.x for t in called.reads[0][0] if t.source == "input"), None)
    found = [next((t.x for t in terms if t.source == "input"), None) for terms, _ in called.reads]
    given = [x for x in found if x is not None]
    return torch.stack(given) if given and len(given) == len(found) else None


def _steady(called: Called) -> tuple[tuple[Term, ...], Pooled | None]:
    """Return what a layer reads in every step, or raise where steps differ."""

    def key(terms: tuple[Term, ...], back: bool) -> set[tuple[Synapses, str | None]]:
        return {
            (t.synapses, t.source) for t in terms
            if t.source is not None and (back or t.source != called.name)
        }  # fmt: skip

    first, *rest = called.reads
    wanted = rest[0] if rest else first
    same = key(first[0], False) == key(wanted[0], False) and first[1] == wanted[1]
    if not same or any((key(r[0], True), r[1]) != (key(wanted[0], True), wanted[1]) for r in rest):
        raise UntracedError(
            f"layer {called.name}: must read the same in every time step, but the first and a "
            "later one differ; a module that is called twice in a step must be two modules"
        )
    return tuple(replace(t) for t in wanted[0] if t.source is not None), wanted[1]
