"""Components as Verilog that every tool takes as it is: Amaranth writes RTLIL, Yosys the Verilog.

Amaranth's own back end leaves processes as `always @*`, whose constants never start in simulators
of SystemVerilog, and signals of no width as `[-1:0]`. Here processes become multiplexers and
registers, and what has no width goes. What a strict linter still says of generated text, such as
parts of a signal that nothing reads, is waived by name at the head of the text.
"""

import subprocess
from typing import Any

from . import tools
from .depth import deep

WAIVED = (
    *("CASEOVERLAP", "CMPCONST", "DECLFILENAME", "PROCASSINIT"),
    *("UNSIGNED", "UNUSEDSIGNAL", "VARHIDDEN", "WIDTHEXPAND", "WIDTHTRUNC"),
)
"""Verilator's warnings that say nothing about generated text."""

_INTERNAL = "-remove generator -remove top -remove src -remove amaranth.hierarchy"
_SCRIPT = f"""
proc -norom
memory_collect
delete w:* s:0 %i
attrmap {_INTERNAL} -remove amaranth.decoding
attrmap -modattr {_INTERNAL} -remove amaranth.decoding
write_verilog
"""


def convert(component: Any, *, name: str, platform: Any = None) -> str:
    """Return a component as Verilog, its top module called `name`; the same gives the same text.

    Raises
    ------
    ToolError
        Where Yosys is missing, does not start or fails; the message has its last words.
    """
    from amaranth.back import rtlil

    tool = tools.require("yosys")
    with deep():
        text = rtlil.convert(component, name=name, platform=platform, emit_src=False)
    script = f"read_rtlil <<rtlil\n{text}\nrtlil\n{_SCRIPT}"
    try:
        done = subprocess.run(
            [*tool.command, "-q", "-"],
            input=script, env=tools.environment(), capture_output=True, text=True, check=False,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
        said = done.stderr if done.returncode else ""
    except OSError as error:
        done, said = None, str(error)
    if done is None or done.returncode or "endmodule" not in done.stdout:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        words = next((line for line in lines if "ERROR" in line), (lines or ["no word"])[-1])
        raise tools.ToolError(
            f"yosys must write the Verilog, but {' '.join(tool.command)} ended with: {words}; "
            f"install another: {tool.install}"
        )
    waived = "".join(f"/* verilator lint_off {warning} */\n" for warning in WAIVED)
    return waived + done.stdout
