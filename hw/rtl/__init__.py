"""Amaranth: what becomes gates, each block with its latencies and its cost."""

from .accelerator import Accelerator
from .observe import ObserveLayout
from .update.readout import ResultLayout

__all__ = [
    "Accelerator",
    "ObserveLayout",
    "ResultLayout",
]
