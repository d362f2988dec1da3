"""Fewer bits: each layer's weights and states as narrow as a loss of accuracy lets them be."""

from .fewest import Aim, FoundBits, fewest_bits
from .points import Point

__all__ = ["Aim", "FoundBits", "Point", "fewest_bits"]
