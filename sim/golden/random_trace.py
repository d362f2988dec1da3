"""A run that nobody made: random spikes, where there is no data to predict cycles from."""

from math import prod

import numpy as np
from numpy.typing import NDArray

from ...checks.memory import room
from ...export.tables import Tables
from .trace import Spikes, Trace


def assumed_run(
    tables: Tables, activity: float, *, batch: int = 1, seed: int = 0
) -> tuple[Trace, NDArray[np.int64]]:
    """Return a trace and its input in which every bit is set with the same probability.

    Neurons spike at random, and so do the bits of counts and of input values; both outcomes and
    potentials are left out, so the trace is good for `predict` and for counting additions, and for
    nothing else.

    Parameters
    ----------
    tables
        Whose maps are made up.
    activity
        The probability, 0…1: spikes a neuron and time step, as `simulate` tells it.
    batch, seed
        How many samples, and of what.

    Returns
    -------
    trace, x
        `x` is (steps, batch, *input shape).

    Raises
    ------
    ValueError
        Where the activity is not 0…1, or the run is larger than the memory.
    """
    if not 0 <= activity <= 1:
        raise ValueError(f"activity must be 0…1, not {activity}")
    elements = tables.updates + 2 * tables.steps * prod(tables.input.shape)
    room("a run made up", 8 * batch * elements, "estimate a smaller network, or fewer steps")
    rng = np.random.default_rng(seed)
    kind = tables.input.activation
    shape = (1 if tables.input.constant else tables.steps, batch, *tables.input.shape)
    x = np.zeros(shape, np.int64)
    for plane in range(kind.bits):
        weight = -(1 << plane) if kind.signed and plane == kind.bits - 1 else 1 << plane
        x += weight * (rng.random(shape) < activity)
    x = np.broadcast_to(x, (tables.steps, *shape[1:])).copy()
    spikes: dict[str, Spikes] = {}
    for layer in tables.layers:
        size = (tables.steps, batch, *tables.neuron_shapes[layer.name])
        fires: Spikes = np.zeros(size, bool)
        if layer.neuron.threshold is not None:
            fires = rng.random(size) < activity
            for plane in range(1, layer.neuron.spike_bits):
                fires = fires + ((rng.random(size) < activity).astype(np.uint8) << plane)
        fires[:, :, ~layer.kept] = 0
        spikes[layer.name] = fires
    shape = (batch, tables.answers, tables.classes)
    trace = Trace(
        tables=tables.sha256,
        output=np.zeros(shape if tables.readout.over == "every" else shape[::2], np.int32),
        prediction=np.zeros(batch, np.int64),
        spikes=spikes,
    )
    return trace, x
