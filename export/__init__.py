"""Tables: a quantized network as integers, and their file; trained checkpoints become tables.

`checkpoint` needs torch, and is not imported here; all else is NumPy.
"""

from .file import TablesFileError
from .layer import Input, Layer, Pool
from .neuron import Activation, Current, Leak, Neuron, Shift, Ternary
from .readout import Readout
from .synapse import Convolution, Dense, Identity
from .tables import Tables

__all__ = [
    "Activation",
    "Convolution",
    "Current",
    "Dense",
    "Identity",
    "Input",
    "Layer",
    "Leak",
    "Neuron",
    "Pool",
    "Readout",
    "Shift",
    "Tables",
    "TablesFileError",
    "Ternary",
]
