"""From spikes to sums: walker, finder and fetcher, and of each bank scanner, weights and array."""

from .array import Array, BankSum, WeightMemory
from .fetcher import Fetcher
from .finder import Finder
from .scanner import Scanner
from .walker import Walker

__all__ = [
    "Array",
    "BankSum",
    "Fetcher",
    "Finder",
    "Scanner",
    "Walker",
    "WeightMemory",
]
