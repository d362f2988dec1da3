"""Amaranth's Verilog back end, whose tool is Yosys: whatever fails there is one `ToolError`."""

import subprocess
from typing import Any

from . import tools
from .depth import deep


def convert(component: Any, **options: Any) -> str:
    """Return a component as Verilog; the options are those of `amaranth.back.verilog.convert`.

    Raises
    ------
    ToolError
        Where Yosys is missing, does not start or fails; the message has its last words.
    """
    from amaranth._toolchain import ToolNotFound
    from amaranth._toolchain.yosys import YosysError
    from amaranth.back import verilog

    tool = tools.require("yosys")
    try:
        with tools.activated(), deep():
            text: str = verilog.convert(component, **options)
    except (YosysError, ToolNotFound, OSError, subprocess.SubprocessError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        words = next((line for line in lines if "ERROR" in line), (lines or ["no word"])[-1])
        raise tools.ToolError(
            f"yosys must write the Verilog, but {' '.join(tool.command)} ended with: {words}; "
            f"install another: {tool.install}"
        ) from None
    return text
