"""From spikes to sums: the walker, the fetcher, and of each bank scanner, weights and array."""

from .array import Array, BankSum, WeightMemory
from .fetcher import Fetcher
from .scanner import Scanner
from .walker import Walker

__all__ = [
    "Array",
    "BankSum",
    "Fetcher",
    "Scanner",
    "Walker",
    "WeightMemory",
]
