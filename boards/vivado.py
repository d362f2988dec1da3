"""What AMD's Vivado builds a board's bitstream of: Verilog, memory images, pins and a script.

Vivado can't be had from a package index, so nothing here runs it. Memories are filled from files by
`$readmemb`, the way that its manual names for the contents of block RAM, and not by a statement for
each word.
"""

from pathlib import Path

from ..checks.files import filling
from ..hw.generate import save_manifest
from ..hw.plan import plan_file
from ..hw.plan.plan import Plan
from ..toolchain import verilog
from .board import Board
from .build import BoardTop, BuildParameters, prepared, settled
from .core import accelerator_for, check_extras
from .families.family import VivadoFamily
from .flow import NAME
from .registry import BOARDS
from .top import Top

SCRIPT = "build.tcl"

_SCRIPT = f"""\
# In this folder or any other: vivado -mode batch -source {SCRIPT}
# It ends with 1, and without a bitstream, where the clock is too fast.
cd [file dirname [file normalize [info script]]]
read_verilog {NAME}.v
read_xdc {NAME}.xdc
synth_design -top {NAME} -part @DEVICE@
# What comes from outside of the clock, and is marked so in the Verilog.
set crossing [get_cells -quiet -hierarchical -filter {{amaranth.vivado.false_path == "TRUE"}}]
if {{[llength $crossing] > 0}} {{
    set_false_path -to $crossing
}}
opt_design
place_design
phys_opt_design
route_design
report_utilization -file utilization.rpt
report_timing_summary -file timing.rpt
report_drc -file drc.rpt
foreach {{kind path}} [list \\
    setup [get_timing_paths -setup -max_paths 1] hold [get_timing_paths -hold -max_paths 1]] {{
    if {{[llength $path] == 0}} {{
        puts stderr "error: no path has a clock: see timing.rpt"
        exit 1
    }}
    set slack [get_property SLACK $path]
    puts "worst $kind slack: $slack ns"
    if {{$slack < 0}} {{
        puts stderr "error: the timing isn't met: see timing.rpt, or generate with a lower --clock"
        exit 1
    }}
}}
write_bitstream -force {NAME}.bit
"""


def generate(
    plan: Plan,
    board: Board,
    folder: Path,
    parameters: BuildParameters | None = None,
    *,
    overwrite: bool = False,
) -> dict[str, Path]:
    """Write a board's whole top for Vivado, and return the files by name.

    ``top.v``, the ``.mem`` files that it reads, ``top.xdc`` and ``build.tcl``; and for hosts
    ``manifest.json`` and ``tables.safetensors``. Of the parameters, those of placement and
    synthesis have no use.

    Raises
    ------
    ValueError
        If Vivado doesn't build for the board, the clock or the line can't have the speed wanted, or
        the network not an extra.
    FileExistsError
        As of `somagate.hw.generate.generate`.
    ToolError
        Where Yosys is missing.
    """
    family = board.family
    if not isinstance(family, VivadoFamily):
        names = [b.name for b in BOARDS.values() if isinstance(b.family, VivadoFamily)]
        raise ValueError(
            f"board must be one that Vivado builds for, {' or '.join(names)}, not {board.name}, "
            f"whose {family.device} has open tools: `somagate build TABLES --board {board.name}`"
        )
    pll, line = settled(board, parameters or BuildParameters(), plan.word_bits)
    check_extras(plan.tables, line.extras, plan.replicas)
    design = BoardTop(Top(accelerator_for(plan, line.extras), line), board, pll)
    with filling(Path(folder), overwrite=overwrite) as work:
        files = prepared(design)
        written = verilog.write(files[f"{NAME}.il"], work / f"{NAME}.v")
        properties = "".join(
            f"set_property {name} {value} [current_design]\n"
            for name, value in family.configuration.items()
        )
        texts = {
            f"{NAME}.xdc": files[f"{NAME}.xdc"].strip() + "\n" + properties,
            SCRIPT: _SCRIPT.replace("@DEVICE@", family.device),
        }
        for file, text in texts.items():
            (work / file).write_text(text, encoding="utf-8")
        save_manifest(plan, work)
    names = [*(path.name for path in written), *texts, plan_file.MANIFEST, plan_file.TABLES]
    return {name: Path(folder, name) for name in names}
