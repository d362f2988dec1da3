"""A traced network against the call that it was read from: what each layer got, and the answer.

The trace says which layer reads which, from names alone. Here every layer's input is computed anew
from what the call recorded of the layers before it, and has to be what the layer got; and what the
call returned has to be what the last layer answers. A factor that changes with the step, a bias
that is there twice, or the first step returned in place of the last can't pass.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..floats import Floats
from ..graph import INPUT, Network
from ..ops import Delay
from ..reference import apply, delayed_maps
from ..rule import Neuron
from .torch_layers import UnsupportedModuleError
from .torch_steps import Instance

NEAR = 1e-3
"""Of the largest number, what float32 may compute otherwise than float64."""


def must_read_the_same(network: Network, instances: dict[str, Instance], x: NDArray[Any]) -> None:
    """Compare what each layer got in each step with what the network says.

    Parameters
    ----------
    network
        What was read.
    instances
        The layers of neurons, with what they got and put out.
    x
        The sample, (steps, batch, *input shape).

    Raises
    ------
    UnsupportedModuleError
        Where a layer got something else; it names the layer and the step.
    """
    x = np.asarray(x, np.float64)
    made: dict[str, list[Floats]] = {node.name: [] for node in network.nodes}
    for t in range(min(len(x), *(len(instances[name].drives) for name in network.neurons))):
        now: dict[str, Floats] = {INPUT: x[t]}
        for node in network.nodes:
            if isinstance(node.op, Delay):
                now[node.name] = delayed_maps(network, node, now, made, x, t)
                continue
            if not isinstance(node.op, Neuron):
                source = sum((now[name] for name in node.sources[1:]), now[node.sources[0]])
                now[node.name] = apply(node.op, source)
                continue
            instance = instances[node.name]
            got = sum((now[name] for name in node.sources[1:]), now[node.sources[0]])
            theirs = instance.drives[t]
            near = NEAR * max(1.0, float(np.abs(theirs).max(initial=0)))
            if got.shape != theirs.shape or np.abs(got - theirs).max(initial=0) > near:
                raise UnsupportedModuleError(
                    f"layer {node.name} must read in every time step what it is read as, but got "
                    f"other numbers in step {t}: something between the layers isn't the same in "
                    "all steps, or more than weights, sums and pools"
                )
            now[node.name] = instance.outputs[t]
        for name, values in made.items():
            values.append(now[name])


def answers(instance: Instance, steps: int, returned: Iterable[NDArray[Any]]) -> tuple[str, ...]:
    """Return how the last layer's numbers make what a call returned, of several ways all.

    Parameters
    ----------
    instance
        The last layer.
    steps
        Of the call.
    returned
        What it returned.

    Returns
    -------
    Of 'count', and 'potential', 'largest' and 'sum' of potentials; 'record' are the potentials of
    every step.
    """
    assert instance.rule is not None
    spikes, potentials = (
        np.stack(values[:steps]).reshape(steps, len(values[0]), -1)
        for values in (instance.outputs, instance.rule.kept)
    )
    counts = [spikes, spikes.swapaxes(0, 1), spikes.sum(0), spikes[-1]]
    fires = instance.cell.neuron.threshold is not None
    unheard = instance.cell.potential is not None
    ways: dict[str, list[Floats]] = {
        "count": counts[:3] if fires else [],
        # Of neurons that never fire, spikes say nothing: the potential is what is meant.
        "potential": [potentials[-1], *(counts if unheard else [])],
        "largest": [potentials.max(0)],
        "sum": [potentials.sum(0)],
        "record": [potentials, potentials.swapaxes(0, 1)],
    }
    found = [*returned]
    return tuple(
        way
        for way, values in ways.items()
        if any(_same(ours, theirs, scaled=way == "count") for ours in values for theirs in found)
    )


def _same(ours: Floats, theirs: NDArray[Any], *, scaled: bool) -> bool:
    """Return whether numbers are the same, but for what leaves their order in a row.

    That is a number added to all of a row, as a logarithm of softmax does, and of counts a factor.
    """
    if theirs.size != ours.size or theirs.shape[: ours.ndim - 1] != ours.shape[:-1]:
        return False
    theirs = theirs.reshape(ours.shape).astype(np.float64)
    near = NEAR * max(1.0, float(np.abs(ours).max()))
    if ours.shape[-1] > 1 and ours.ndim == 2:
        ours = ours - ours.mean(1, keepdims=True)
        theirs = theirs - theirs.mean(1, keepdims=True)
    factor = 1.0
    if scaled and (size := float((ours**2).sum())):
        factor = float((ours * theirs).sum()) / size
    return factor > 0 and bool(np.abs(factor * ours - theirs).max() <= near)
