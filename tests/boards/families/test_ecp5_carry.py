"""ECP5's carry chains compute what they stand for, whatever is at the pins that were opened."""

import json
import subprocess
from pathlib import Path

import pytest
from somagate.boards.families import ecp5_carry
from somagate.toolchain import tools

SUMS = """
module top(input [{top}:0] a, b, output [{top}:0] add, sub, negative, output [{width}:0] wide,
           output below, output signed_below, input carry, output [{top}:0] carried);
  assign add = a + b;
  assign sub = a - b;
  assign negative = -a;
  assign wide = a + b;
  assign below = a < b;
  assign signed_below = $signed(a) < $signed(b);
  assign carried = a + b + carry;
endmodule
"""


def yosys(folder: Path, script: str) -> None:
    command = [*tools.require("yosys").command, "-Q", "-T", "-q", "-p", script]
    subprocess.run(command, cwd=folder, env=tools.environment(), check=True, capture_output=True)


def mapped(folder: Path, width: int) -> dict:
    """Map sums of a width as a build does; write sums.v and return the netlist."""
    (folder / "sums.v").write_text(SUMS.format(width=width, top=width - 1))
    (folder / "map.v").write_text(ecp5_carry.MAP)
    yosys(
        folder,
        "read_verilog sums.v; proc; alumacc; opt; techmap -map map.v; opt; "
        "rename top gate; write_json gate.json",
    )
    netlist = json.loads((folder / "gate.json").read_text())
    ecp5_carry.trim(netlist["modules"]["gate"])
    return netlist


def chains(netlist: dict) -> list[dict]:
    cells = netlist["modules"]["gate"]["cells"].values()
    return [cell["connections"] for cell in cells if cell["type"] == "CCU2C"]


def prove(folder: Path, netlist: dict) -> None:
    for pins in chains(netlist):
        if pins["COUT"] == ["x"]:  # yosys has another form for a pin that is left open
            pins["COUT"] = []
    (folder / "gate.json").write_text(json.dumps(netlist))
    yosys(
        folder,
        "read_verilog sums.v; proc; rename top gold; read_json gate.json; "
        "read_verilog -nooverwrite +/ecp5/cells_sim.v; hierarchy; flatten gate; "
        "miter -equiv -flatten -make_outputs gold gate miter; sat -verify -prove trigger 0 miter",
    )


@pytest.mark.parametrize("comes_in", ["0", "1"])
@pytest.mark.parametrize("width", [4, 5, 6, 13])
def test_sums_through_the_chains_are_proven_equal_whatever_comes_in(tmp_path, width, comes_in):
    netlist = mapped(tmp_path, width)
    opened = [pins["CIN"] for pins in chains(netlist) if pins["CIN"] == ["x"]]
    assert opened
    for pin in opened:
        pin[:] = [comes_in]
    prove(tmp_path, netlist)


def test_a_chain_that_starts_with_another_carry_is_not_equal(tmp_path):
    netlist = mapped(tmp_path, 6)
    cells = netlist["modules"]["gate"]["cells"].values()
    first = next(c for c in cells if c["type"] == "CCU2C" and c["connections"]["CIN"] == ["x"])
    first["connections"]["CIN"] = ["0"]
    first["parameters"]["INIT0"] = f"{0:016b}"
    with pytest.raises(subprocess.CalledProcessError):
        prove(tmp_path, netlist)


def test_a_carry_that_nobody_reads_is_left_open_and_one_that_is_read_stays(tmp_path):
    netlist = mapped(tmp_path, 6)
    cells = netlist["modules"]["gate"]["cells"].values()
    used = [bits for c in cells for pin, bits in c["connections"].items() if pin != "COUT"]
    outs = [pins["COUT"] for pins in chains(netlist)]
    assert ["x"] in outs
    assert all(out == ["x"] or out in used for out in outs)
