"""`somagate generate` for other people's designs and tools."""

import json
from pathlib import Path

from tiny_tables import tiny


def test_axi_adds_a_module_that_instantiates_what_is_verified(somagate, tables_path: Path) -> None:
    result = somagate.json("generate", tables_path, "--lanes", 4, "--axi")
    folder = tables_path.with_name("rtl")
    assert result["verilog"] == str(folder / "somagate.v")
    assert result["files"]["somagate_axis.v"] == str(folder / "somagate_axis.v")
    ports = json.loads((folder / "manifest.json").read_text())["axi_stream"]
    assert ports == {
        "top": "somagate_axis",
        "s_axis_tdata": {"bits": 16},
        "m_axis_tdata": [
            {"field": "value", "first_bit": 0, "bits": 16, "signed": True},
            {"field": "index", "first_bit": 16, "bits": 8, "signed": False},
            {"field": "prediction", "first_bit": 24, "bits": 8, "signed": False},
        ],
    }
    verdict = somagate.json("verify", tables_path, "--generated", folder, "--samples", 2)
    assert verdict["equal"]


def test_a_board_for_vivado_has_its_clock_and_its_line(somagate, tables_path: Path) -> None:
    arguments = ("--for", "vivado", "--board", "arty-a7", "--lanes", 4)
    result = somagate.json("generate", tables_path, *arguments, "--clock", 125, "--baud", 921600)
    folder = tables_path.with_name("vivado")
    assert result["verilog"] == str(folder / "top.v")
    assert sorted(result["files"]) == sorted(path.name for path in folder.iterdir())
    verilog = (folder / "top.v").read_text()
    assert ".CLKFBOUT_MULT(32'd15)" in verilog and ".CLKOUT0_DIVIDE(32'd12)" in verilog
    assert somagate.error("generate", tables_path, *arguments) == (
        f"{folder} exists already: name another with --out, or give --force"
    )
    somagate.json("generate", tables_path, *arguments, "--force")
    assert ".CLKFBOUT_MULT(32'd16)" in (folder / "top.v").read_text()
    assert result["tables"] == tiny().sha256


def test_settings_without_a_use_are_refused(somagate, tables_path: Path) -> None:
    assert somagate.error("generate", tables_path, "--clock", 12) == (
        "--clock must come with --for, not be 12.0 without it"
    )
    assert somagate.error("generate", tables_path, "--baud", 9600) == (
        "baud must come with a toolchain, not be 9600 without it"
    )
    assert somagate.error("generate", tables_path, "--for", "ise") == (
        "toolchain must be 'vivado', not 'ise'"
    )
    assert somagate.error("build", tables_path, "--board", "arty-a7") == (
        "board must be one that the open tools build for, not arty-a7, whose xc7a35ticsg324-1L "
        "needs Vivado: `somagate generate TABLES --for vivado --board arty-a7` writes what that "
        "reads"
    )
    assert [path.name for path in tables_path.parent.iterdir()] == [tables_path.name]
