"""From spikes to maps: pools, packed words, and the memory that holds the maps."""

from .packer import Packer
from .pool import Pool

__all__ = [
    "Packer",
    "Pool",
]
