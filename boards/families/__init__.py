"""The FPGA families: each one's tools, and its clock generator."""

from .ecp5 import LFE5U_85F, ecp5
from .family import Family, OpenFamily, VivadoFamily
from .gowin import GW1NR_9C, GW2AR_18C
from .ice40 import ICE40UP5K

__all__ = [
    "GW1NR_9C",
    "GW2AR_18C",
    "ICE40UP5K",
    "LFE5U_85F",
    "Family",
    "OpenFamily",
    "VivadoFamily",
    "ecp5",
]
