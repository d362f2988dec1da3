"""What a plan takes of an FPGA before any synthesis, and roughly how long."""

from .memory_mapping import map_memory
from .part import PARTS, Part
from .resources import Count, Resources
from .rough_cycles import interval

__all__ = [
    "Count",
    "PARTS",
    "Part",
    "Resources",
    "interval",
    "map_memory",
]
