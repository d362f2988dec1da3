"""Verification: the Verilog against golden, every spike and every stored potential."""

from . import verify
from .check import Checker
from .measured import LayerCost
from .settings import Dut, Kept, Setup
from .verdict import Verdict, merge

__all__ = [
    "Checker",
    "Dut",
    "Kept",
    "LayerCost",
    "Setup",
    "Verdict",
    "merge",
    "verify",
]
