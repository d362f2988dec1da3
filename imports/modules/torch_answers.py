"""How a traced network answers, by what its call returned."""

from typing import Any

from ...model.tracing import tensors
from ..graph import Node
from ..ops import Flatten, Pool
from ..rule import Neuron
from . import torch_replay
from .torch_layers import UnsupportedModuleError, array
from .torch_trace import SourceTrace
from .torch_values import SourceValue

REDUCED = dict.fromkeys(("min", "amin", "median", "mean", "logsumexp")) | {
    "max": "largest", "amax": "largest", "sum": "sum"
}  # fmt: skip
"""Functions that make one answer of those of all steps, and what the tables call it."""
PICKED = frozenset(
    "max amax min amin median mode prod any all maximum minimum fmax fmin logical_or or".split()
)
"""Functions that make one number of the spikes of all steps, which their count may equal."""
RECORDS = frozenset({"stack", "setitem"})
"""Functions that make one tensor of all steps."""


def readout(trace: SourceTrace, result: Any, last: str, steps: int) -> str:
    """Return how the last layer answers, by what the network returned."""
    values = [tensor for tensor in tensors([result]) if tensor.numel()]
    given = [v for t in values if (v := trace.value(t)) is not None]
    instance = trace.instances[last]
    count = len(instance.outputs) if trace.sequence else steps
    ways = torch_replay.answers(instance, count, [array(tensor) for tensor in values])
    if "count" in ways:
        plain = [array(tensor) for tensor in values if not _picked(trace.value(tensor))]
        if "count" not in torch_replay.answers(instance, count, plain):
            name, where = next(found for value in given if (found := _picked(value)))
            raise UnsupportedModuleError(
                f"layer {last}: the answer must be its spikes or their count, not their {name} "
                f"({where}), which is the count only where no neuron fires twice; return their "
                "sum, or pass readout='count' to take that"
            )
        return "count"
    wanted = _over_time(given)
    if wanted in ways:
        return wanted
    if ways:
        return "potential" if ways[0] == "record" else ways[0]
    potential = any(value.potential or value.what == "state" for value in given)
    if potential and instance.cell.neuron.reset != "none":
        raise UnsupportedModuleError(
            f"layer {last}: its neurons must have no reset where their potentials are the answer, "
            "as a layer of the tables doesn't fire then; return their spikes, or train it without "
            "a reset"
        )
    raise UnsupportedModuleError(
        f"layer {last}: the answer must be its spikes, their count, or its last, largest or summed "
        "potential, but net returns something else; return that of the last layer, or pass "
        "readout='count', 'first', 'potential', 'largest', 'sum' or 'every'"
    )


def _picked(value: SourceValue | None) -> tuple[str, str] | None:
    """Return the function that made an answer of spikes but isn't their sum, and its line."""
    if value is None or value.potential:
        return None
    return next((found for found in value.through if found[0] in PICKED), None)


def _over_time(given: list[SourceValue]) -> str:
    """Return how potentials answer; raise where they are made one in a way that isn't taken."""
    found = set()
    for value in given:
        names = [name for name, _ in value.through]
        for name, where in value.through:
            if name in REDUCED and RECORDS & set(names):
                if REDUCED[name] is None:
                    raise UnsupportedModuleError(
                        "the answer must be the potentials' last, largest or sum, not the "
                        f"{name} over steps ({where}); pass readout='potential', 'largest' or "
                        "'sum' to take that, or 'every' for all steps"
                    )
                found.add(str(REDUCED[name]))
    return found.pop() if len(found) == 1 else "potential"


def must_answer(trace: SourceTrace, result: Any, nodes: list[Node]) -> None:
    """Raise where the network's output isn't what its last layer of neurons makes."""
    by_name = {node.name: node for node in nodes}
    last = next((n.name for n in reversed(nodes) if isinstance(n.op, Neuron)), "")
    ends: set[str] = set()
    for tensor in tensors([result]):
        value = trace.value(tensor)
        ends |= {term.node for term in value.terms} if value else set()
    for end in sorted(ends):
        node = by_name.get(end)
        if node is None or isinstance(node.op, Neuron):
            continue
        if isinstance(node.op, Flatten | Pool):
            raise UnsupportedModuleError(
                f"layer {end}: the output must be that of neurons, not of a "
                f"{type(node.op).__name__} behind them; leave it out, or put neurons behind it"
            )
        raise UnsupportedModuleError(
            f"layer {end}: the output must be that of neurons, not of a {type(node.op).__name__}; "
            f"put neurons behind it, or one that never fires, to read potentials of (behind {last})"
        )
