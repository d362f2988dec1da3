"""How float weights become integers in training: one module a method."""

from .weights import Quantizer

__all__ = [
    "Quantizer",
]
