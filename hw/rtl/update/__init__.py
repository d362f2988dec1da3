"""From sums to spikes and stored potentials: the update of a layer, and the readout."""

from .readout import Readout, ResultLayout
from .update import Update

__all__ = [
    "Readout",
    "ResultLayout",
    "Update",
]
