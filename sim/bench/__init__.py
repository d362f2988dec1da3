"""Benches: one scenario, played by Verilator natively, by cocotb or by Amaranth's simulator."""

from .bench import Bench, Stream
from .cache import CompileError
from .engines import ENGINES, Engine
from .ports import Ports
from .scenario import Record, Scenario

__all__ = [
    "Bench",
    "CompileError",
    "ENGINES",
    "Engine",
    "Ports",
    "Record",
    "Scenario",
    "Stream",
]
