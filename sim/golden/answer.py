"""What a network answers, from what the neurons of its readout did."""

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
