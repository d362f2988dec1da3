"""Fewer bits: each layer's weights and states as narrow as a loss of accuracy lets them be."""

from .fewest import Aim, Found, fewest_bits
from .points import Point

__all__ = ["Aim", "Found", "Point", "fewest_bits"]
