"""Why a neuron did what it did: what entered it, and the way back from a difference."""

from .breaks import Break, breaks
from .field import Field, fields, sample_maps
from .life import Moment, life
from .pattern import Pattern, pattern
from .suspects import Suspect, suspects
from .way_back import Link, WayBack, way_back

__all__ = [
    "Break",
    "Field",
    "Link",
    "Moment",
    "Pattern",
    "Suspect",
    "WayBack",
    "breaks",
    "fields",
    "life",
    "pattern",
    "sample_maps",
    "suspects",
    "way_back",
]
