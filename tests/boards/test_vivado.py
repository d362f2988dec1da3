"""What is written for Vivado: checked by everything but Vivado, which no test can have."""

import gc
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import somagate as sg
from refusal import refused
from served import SimulatedLine
from somagate.boards import lint, vivado
from somagate.boards.build import BuildParameters, build
from somagate.boards.registry import BOARDS
from somagate.host.device import PlanDevice
from somagate.host.virtual_board import Simulation
from somagate.hw.plan import plan_file
from somagate.hw.plan.plan import Plan
from somagate.hw.rtl.accelerator import Accelerator
from somagate.sim.golden import golden
from somagate.toolchain import tools
from strict_tools import findings
from tiny_tables import tiny

CELLS = (Path(__file__).parents[1] / "lib" / "xilinx7_cells.v").read_text(encoding="utf-8")
BENCH = """
module board(input clk, input rx, output tx, output busy, output failed);
  top top(.clk100_0__io(clk), .uart_0__rx__io(rx), .uart_0__tx__io(tx), .led_0__io(failed),
    .led_1__io(busy));
endmodule
"""
PERIOD = (
    "top.v: Warning: Replacing floating point parameter pll.CLKIN1_PERIOD = 10.000000 with string."
)
"""Yosys has no real numbers."""
NAMES = ("arty-a7", "basys3")
BAUD = 5_000_000
DIVISOR = 20
"""Cycles a bit, at 100 MHz."""


def plan(name: str = "arty-a7", *, loadable: bool = False) -> Plan:
    return Plan.single(
        tiny(), lanes=4, update_lanes=2, word_bits=BOARDS[name].word_bits, loadable=loadable
    )


def written(folder: Path, name: str = "arty-a7", *, loadable: bool = False) -> Path:
    """Write a board for Vivado, and return its folder."""
    found = vivado.generate(
        plan(name, loadable=loadable), BOARDS[name], folder / name, BuildParameters(baud=BAUD)
    )
    assert sorted(found) == sorted(path.name for path in (folder / name).iterdir())
    return folder / name


@pytest.mark.parametrize("name", NAMES)
def test_the_verilog_becomes_block_ram_and_nothing_that_fails_on_silicon(
    name: str, tmp_path: Path
) -> None:
    folder = written(tmp_path, name)
    yosys = tools.require("yosys")
    synthesis = BOARDS[name].family.part.synthesis
    latches = " ".join(f"t:{kind}" for kind in lint.LATCHES)
    script = (
        f"read_verilog top.v; {synthesis} -top top -run begin:map_memory; "
        f"select -assert-none {latches}; {synthesis} -top top -run map_memory:map_ffram; "
        f"write_json -selected unmapped.json; {synthesis} -top top -run map_ffram:; "
        "check -assert; write_json top.json"
    )
    done = subprocess.run(
        [*yosys.command, "-Q", "-T", "-q", "-p", script],
        cwd=folder, env=tools.environment(), capture_output=True, text=True,
    )  # fmt: skip
    said = re.sub(r"top\.v:\d+", "top.v", done.stderr).splitlines()
    assert (done.returncode, said) == (0, [PERIOD])
    cells, unmapped = (
        json.loads((folder / f"{file}.json").read_text(encoding="utf-8"))["modules"]["top"]["cells"]
        for file in ("top", "unmapped")
    )
    memories = {name: cell for name, cell in unmapped.items() if cell["type"] == "$mem_v2"}
    assert lint.faults(cells, {}, memories) == []
    kinds = [cell["type"] for cell in cells.values()]
    assert not any(kind.startswith("LD") for kind in kinds)
    assert kinds.count("RAMB18E1") + 2 * kinds.count("RAMB36E1") >= 3
    assert (kinds.count("PLLE2_BASE"), kinds.count("BUFG")) == (1, 1)


@pytest.mark.parametrize("loadable", [False, True], ids=["fixed", "loadable"])
def test_strict_tools_say_nothing(loadable: bool, tmp_path: Path) -> None:
    folder = written(tmp_path, loadable=loadable)
    (folder / "board.v").write_text(BENCH, encoding="utf-8")
    (folder / "cells.v").write_text(CELLS, encoding="utf-8")
    said = findings(folder, ["top.v", "cells.v", "board.v"], "board")
    assert re.sub(r"top\.v:\d+", "top.v", said.pop("yosys")).splitlines() == [PERIOD]
    assert set(said.values()) == {""}, said


@pytest.mark.parametrize("name", NAMES)
def test_every_port_has_its_pin_and_its_levels_and_the_oscillator_a_clock(
    name: str, tmp_path: Path
) -> None:
    folder = written(tmp_path, name)
    verilog = (folder / "top.v").read_text(encoding="utf-8")
    ports = re.search(r"^module top\((.*)\);", verilog, re.MULTILINE)
    assert ports
    xdc = (folder / "top.xdc").read_text(encoding="utf-8")
    for key in ("PACKAGE_PIN", "IOSTANDARD"):
        found = re.findall(rf'^set_property {key} "?\w+"? \[get_ports "(\w+)"\]$', xdc, re.M)
        assert sorted(found) == sorted(ports[1].split(", "))
    assert re.findall(r"^create_clock .*$", xdc, re.M) == [
        'create_clock -name clk100_0__io -period 10.0 [get_ports "clk100_0__io"]'
    ]
    assert "set_property CFGBVS VCCO [current_design]" in xdc
    assert f"-part {BOARDS[name].family.device}\n" in (folder / "build.tcl").read_text()


def test_the_memories_are_filled_from_the_files_beside(tmp_path: Path) -> None:
    folder = written(tmp_path)
    verilog = (folder / "top.v").read_text(encoding="utf-8")
    named = re.findall(r'^  initial \$readmemb\("([\w.-]+)", memory\);$', verilog, re.M)
    assert sorted(named) == sorted(path.name for path in folder.glob("*.mem"))
    weights = plan().tables.layers[1].synapses[0].weights
    assert weights.any() and "memory[0] = " not in verilog


@pytest.mark.parametrize("loadable", [False, True], ids=["fixed", "loadable"])
def test_the_written_board_answers_as_golden(
    loadable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(tmp_path, loadable=loadable)
    monkeypatch.chdir(folder)  # where the simulator looks for the memories' files
    text = (folder / "top.v").read_text(encoding="utf-8")
    the_plan = plan_file.built(folder)
    line = SimulatedLine(the_plan, board=Simulation(text + CELLS + BENCH, "board", DIVISOR))
    tables = the_plan.tables
    rng = np.random.default_rng(3)
    x = (rng.random((tables.steps, 6, *tables.input.shape)) < 0.4).astype(np.uint8)
    with PlanDevice(line, the_plan, baud=BAUD) as board:
        if loadable:
            tables = tiny(1)
            board.load(tables)
        answers = board.predict(x)
    trace = golden.run(tables, x)
    assert np.array_equal(answers.output, trace.output)
    assert np.array_equal(answers.prediction, trace.prediction)


STUBS = """
foreach name {read_verilog read_xdc synth_design opt_design place_design phys_opt_design
    route_design report_utilization report_timing_summary report_drc write_bitstream
    set_false_path} {
    proc $name args "puts \\"\\[pwd] $name \\$args\\""
}
proc get_cells args { return $::cells }
proc get_timing_paths args { return [expr {"-setup" in $args ? $::setup : $::hold}] }
proc get_property {name path} { return $path }
"""


TOO_SLOW = "error: the timing isn't met: see timing.rpt, or generate with a lower --clock\n"


@pytest.mark.parametrize(
    ("setup", "hold", "status", "words"),
    [
        ("0.0", "0.05", 0, ""),
        ("-0.01", "0.05", 1, TOO_SLOW),
        ("0.1", "-0.01", 1, TOO_SLOW),
        ("{}", "0.1", 1, "error: no path has a clock: see timing.rpt\n"),
    ],
)
def test_the_script_ends_with_a_bitstream_or_says_why_not(
    setup: str, hold: str, status: int, words: str, tmp_path: Path
) -> None:
    """With Vivado's own commands as stubs: the rest is plain Tcl."""
    if shutil.which("tclsh") is None:
        pytest.skip("Tcl is not here")
    folder = written(tmp_path)
    stubs = f"set cells {{a b}}\nset setup {setup}\nset hold {hold}\n{STUBS}"
    (tmp_path / "run.tcl").write_text(f"{stubs}source {{{folder}/build.tcl}}\n")
    done = subprocess.run(["tclsh", "run.tcl"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (status, words)
    assert ("write_bitstream -force top.bit" in done.stdout) is (status == 0)
    assert "set_false_path -to {a b}" in done.stdout
    ran = [line.split()[1] for line in done.stdout.splitlines() if line.startswith(str(folder))]
    assert ran[:3] == ["read_verilog", "read_xdc", "synth_design"]
    assert ran.index("place_design") < ran.index("route_design")


def test_the_same_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = written(tmp_path / "one"), written(tmp_path / "two")
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes()


def test_a_board_that_vivado_does_not_build_for_is_refused(tmp_path: Path) -> None:
    with refused(
        ValueError,
        "board must be one that Vivado builds for, arty-a7 or basys3, not icebreaker, whose "
        "iCE40UP5K-SG48 has open tools: `somagate build TABLES --board icebreaker`",
    ):
        vivado.generate(plan(), BOARDS["icebreaker"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.filterwarnings("ignore:.*created but never used")
def test_a_board_that_only_vivado_builds_for_is_refused_by_build(tmp_path: Path) -> None:
    with refused(
        ValueError,
        "board must be one that the open tools build for, not basys3, whose xc7a35tcpg236-1 needs "
        "Vivado: `somagate generate TABLES --for vivado --board basys3` writes what that reads",
    ):
        build(Accelerator(plan()), BOARDS["basys3"], tmp_path / "out")
    gc.collect()  # it was never elaborated


def test_settings_without_a_use_are_refused(tmp_path: Path) -> None:
    design = sg.design(tiny(), board="arty-a7", lanes=4)
    out = tmp_path / "out"
    with refused(ValueError, "toolchain must be 'vivado', not 'ise'"):
        sg.generate(design, out, toolchain="ise")
    with refused(ValueError, "baud must come with a toolchain, not be 9600 without it"):
        sg.generate(design, out, baud=9600)
    with refused(ValueError, "extras must come with a toolchain, not be trace without it"):
        sg.generate(design, out, extras=["trace"])
    with refused(
        ValueError,
        "axi must be False for vivado, whose top has a serial line: leave the toolchain out to get "
        "a module with AXI4-Stream's ports",
    ):
        sg.generate(design, out, toolchain="vivado", axi=True)
    with refused(
        ValueError,
        "design must have a board for vivado, not the part xc7a35t alone: plan it with board=",
    ):
        sg.generate(sg.design(tiny(), part="xc7a35t"), out, toolchain="vivado")
    assert not out.exists()
