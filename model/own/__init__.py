"""Quantized synapses, neurons and pools for your own network and your own training loop."""

from .lif import LI, LIF, settle
from .net import LayerNet
from .pools import MaxPool2d, SumPool2d
from .synapses import QuantConv2d, QuantLinear, Residual
from .trace import UntracedError

__all__ = [
    "LI",
    "LIF",
    "LayerNet",
    "MaxPool2d",
    "QuantConv2d",
    "QuantLinear",
    "Residual",
    "SumPool2d",
    "UntracedError",
    "settle",
]
