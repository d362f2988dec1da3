"""Components as Verilog that every tool takes as it is: Amaranth writes RTLIL, Yosys the Verilog.

Amaranth's own back end leaves processes as `always @*`, whose constants never start in simulators
of SystemVerilog, and signals of no width as `[-1:0]`. Here processes become multiplexers and
registers, and what has no width goes. What a strict linter still says of generated text, such as
parts of a signal that nothing reads, is waived by name at the head of the text.
"""

import subprocess
from pathlib import Path
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
"""


def convert(component: Any, *, name: str, platform: Any = None) -> str:
    """Return a component as Verilog, its top module called `name`; the same gives the same text.

    Raises
    ------
    ToolError
        Where Yosys is missing, does not start or fails; the message has its last words.
    """
    from amaranth.back import rtlil

    with deep():
        text = rtlil.convert(component, name=name, platform=platform, emit_src=False)
    return _verilog(text)


def write(rtlil: str, path: Path) -> list[Path]:
    """Write RTLIL as a Verilog file and its memories' contents as files beside, and return those.

    The Verilog names them without a folder: ``NAME-1.mem`` and so on, a word a line in binary
    digits, which `$readmemb` reads.

    Raises
    ------
    ToolError
        As of `convert`.
    """
    path.write_text(_verilog(rtlil, path), encoding="utf-8")
    return [path, *sorted(path.parent.glob(f"{path.stem}-*.mem"))]


def _verilog(rtlil: str, path: Path | None = None) -> str:
    """Return RTLIL as Verilog, whose memories are filled from files beside `path` if there is one.

    Yosys then writes it to `path`, and otherwise to its output.
    """
    tool = tools.require("yosys")
    folder, target = (None, "") if path is None else (path.parent, f"-extmem {path.name}")
    script = f"read_rtlil <<rtlil\n{rtlil}\nrtlil\n{_SCRIPT}write_verilog {target}\n"
    try:
        done = subprocess.run(
            [*tool.command, "-q", "-"], cwd=folder,
            input=script, env=tools.environment(), capture_output=True, text=True, check=False,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
        said = done.stderr if done.returncode else ""
        text = path.read_text(encoding="utf-8") if path and path.exists() else done.stdout
    except OSError as error:
        done, said, text = None, str(error), ""
    if done is None or done.returncode or "endmodule" not in text:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        words = next((line for line in lines if "ERROR" in line), (lines or ["no word"])[-1])
        raise tools.ToolError(
            f"yosys must write the Verilog, but {' '.join(tool.command)} ended with: {words}; "
            f"install another: {tool.install}"
        )
    return "".join(f"/* verilator lint_off {warning} */\n" for warning in WAIVED) + text
