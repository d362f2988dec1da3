"""Golden's traces of loaded tables as the accelerator shows them, and its differences as ours.

An accelerator that runs smaller tables than it was built from has channels that these don't know;
they must stay silent, and count as much as the others where traces are compared.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.tables import Tables
from ...hw.plan.loading import Load
from ..golden.trace import Difference, Trace


def lay_out(trace: Trace, load: Load) -> Trace:
    """Return a trace of loaded tables with the accelerator's channels.

    The missing ones are 0, or the lowest potential where that is read out. It is then a trace of
    `Load.tables`.
    """
    readout = load.plan.tables.readout
    lowest = load.plan.tables.layer(readout.layer).neuron.store.low
    rest = {readout.layer: lowest} if readout.kind == "potential" else {}
    slots = load.slots
    # A class of several neurons has all of them.
    classes = slots[readout.layer][:: readout.voters] // readout.voters
    return replace(
        trace,
        tables=load.tables.sha256,
        output=_spread(trace.output, classes, -1, rest.get(readout.layer, 0)),
        spikes={name: _spread(x, slots[name], 2, 0) for name, x in trace.spikes.items()},
        potentials={
            name: _spread(x, slots[name], 2, rest.get(name, 0))
            for name, x in trace.potentials.items()
        },
    )


def taken_out(trace: Trace, load: Load, tables: Tables) -> Trace:
    """Return a trace of the accelerator's channels with those of the loaded tables.

    Its `output` is theirs already. A pruned channel, which the accelerator lacks, is 0.
    """

    def own(name: str, values: NDArray[Any]) -> NDArray[Any]:
        slots = load.slots[name]
        found = np.zeros((*values.shape[:2], *tables.neuron_shapes[name]), values.dtype)
        here = np.flatnonzero(slots >= 0)
        found[:, :, slots[here]] = values[:, :, here]
        return found

    return replace(
        trace,
        spikes={name: own(name, values) for name, values in trace.spikes.items()},
        potentials={name: own(name, values) for name, values in trace.potentials.items()},
    )


def named(difference: Difference, load: Load) -> Difference:
    """Return a difference with the channel as the loaded tables count it, if they have it."""
    layer = difference.layer or load.plan.tables.readout.layer
    if not difference.place:
        return difference
    channel = int(load.slots[layer][difference.place[0]])
    place = difference.place if channel < 0 else (channel, *difference.place[1:])
    return replace(difference, place=place)


def _spread(values: NDArray[Any], slots: NDArray[np.int64], axis: int, rest: int) -> NDArray[Any]:
    shape = list(values.shape)
    shape[axis] = len(slots)
    found = np.full(shape, rest, values.dtype)
    here = np.flatnonzero(slots >= 0)
    np.moveaxis(found, axis, 0)[here] = np.moveaxis(values, axis, 0)[slots[here]]
    return found
