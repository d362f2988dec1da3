"""What a network answers, from what the neurons of its readout did."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.tables import Tables
from .trace import Spikes


def answer(tables: Tables, fires: Spikes, potentials: NDArray[np.int16]) -> NDArray[np.int32]:
    """Return the answer, (batch, classes), or (batch, steps, classes) where every step has one.

    Parameters
    ----------
    tables
        The network.
    fires, potentials
        Of the layer that answers, (steps, batch, *neuron shape); the last step's potentials are
        enough where no others count.
    """
    readout, (steps, batch) = tables.readout, fires.shape[:2]
    if readout.kind == "count":
        values = fires.sum(0, np.int32)
    elif readout.kind == "first":
        values = np.where(fires.any(0), steps - (fires > 0).argmax(0), 0)
    elif readout.over == "last":
        values = potentials[-1]
    elif readout.over == "every":
        values = potentials.swapaxes(0, 1)
    else:
        values = potentials.max(0) if readout.over == "largest" else potentials.sum(0, np.int32)
    shape = (batch, steps) if readout.over == "every" else (batch,)
    voted = values.reshape(*shape, tables.classes, readout.voters).sum(-1, dtype=np.int32)
    return np.asarray(voted, np.int32)


def step_answers(tables: Tables, fires: Spikes, potentials: NDArray[np.int16]) -> NDArray[np.int32]:
    """Return what each step of a stream answers, (batch, steps, classes).

    That is the answer of an inference of this step alone: spikes, 1 for the first ones, or
    potentials. Arguments are those of `answer`, with the potentials of every step.
    """
    kind = tables.readout.kind
    values: NDArray[Any] = potentials
    if kind != "potential":
        values = fires if kind == "count" else fires > 0
    shape = (len(fires), fires.shape[1], tables.classes, tables.readout.voters)
    voted = values.reshape(shape).sum(-1, dtype=np.int32)
    return np.ascontiguousarray(voted.swapaxes(0, 1))
