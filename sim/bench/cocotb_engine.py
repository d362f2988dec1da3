"""The bench under cocotb, on Verilator or on Icarus Verilog."""

import json
import os
import tempfile
from pathlib import Path
from typing import Literal

from ...toolchain import tools
from .bench import FOLDER_VARIABLE
from .cache import (
    CompileError,
    cached,
    digest,
    last_lines,
    makeable,
    runtime,
    verilator_environment,
)
from .ports import Ports, top
from .scenario import Record, Scenario

Simulator = Literal["verilator", "icarus"]

_PROGRAMS = {"verilator": ("verilator", "g++", "make", "perl"), "icarus": ("iverilog",)}
_ARGUMENTS = {
    # cocotb's runner makes every signal public, which takes minutes to compile and is slow.
    "verilator": [
        "-Wno-fatal",
        "-Wno-WIDTHEXPAND",
        "-O3",
        "--no-public-flat-rw",
        "--output-split",
        "0",
    ],
    "icarus": ["-g2012"],
}

_OPTIMIZE = "OPT_FAST=-O1"  # Python is what takes the time


def build(verilog: str, ports: Ports, simulator: Simulator, folder: Path) -> Path:
    """Compile a Verilog text with those ports for cocotb, and return the folder of the model.

    Raises
    ------
    ToolError
        Where a tool is missing.
    CompileError
        Where the simulator refuses the Verilog.
    """
    programs = [tools.require(name) for name in ("cocotb", *_PROGRAMS[simulator])]
    versions = [f"{program.name} {program.version}" for program in programs]
    options = digest(simulator, *versions, *_ARGUMENTS[simulator])
    key = digest(verilog, options)

    def compile_into(target: Path) -> None:
        from cocotb_tools import config
        from cocotb_tools.runner import get_runner

        if simulator == "verilator" and not makeable(Path(config.libs_dir)):
            raise CompileError(
                "cocotb's libraries must lie in a path without spaces or special characters for "
                f"Verilator's make, but lie in {config.libs_dir}: use --engine native, or install "
                "Python's packages elsewhere"
            )

        source = target / "dut.v"
        source.write_text(verilog, encoding="utf-8")
        sources = [source]
        if simulator == "verilator":
            sources.insert(0, _public(verilog, ports, target / "public.vlt"))
        log = target / "build.log"
        try:
            with tools.activated(), runtime(folder, options, target):
                os.environ.update(verilator_environment(target))
                os.environ["MAKEFLAGS"] += f" {_OPTIMIZE}"
                get_runner(simulator).build(
                    sources=sources,
                    hdl_toplevel=top(verilog),
                    build_args=_ARGUMENTS[simulator],
                    build_dir=target,
                    log_file=log,
                )
        except RuntimeError as error:
            message = last_lines(log.read_text(encoding="utf-8", errors="replace"))
            raise CompileError(f"{simulator} can't compile the Verilog:\n{message}") from error

    model = "sim.vvp" if simulator == "icarus" else top(verilog)
    return cached(folder, f"cocotb-{simulator}-{key}", compile_into, [model])


def run(
    model: Path, verilog: str, simulator: Simulator, ports: Ports, scenario: Scenario
) -> Record:
    """Play a scenario with a model that `build` made.

    Raises
    ------
    CompileError
        Where the simulation ends without a record, with the end of its log.
    """
    from cocotb_tools.runner import get_runner

    with tempfile.TemporaryDirectory(prefix="somagate-") as name:
        folder = Path(name)
        scenario.save(folder / "scenario.safetensors")
        (folder / "ports.json").write_text(json.dumps(ports.to_dict()), encoding="utf-8")
        log = folder / "run.log"
        try:
            with tools.activated():
                get_runner(simulator).test(
                    test_module="somagate.sim.bench.cocotb_bench",
                    hdl_toplevel=top(verilog),
                    hdl_toplevel_lang="verilog",
                    build_dir=model,
                    test_dir=folder,
                    results_xml=str(folder / "results.xml"),
                    extra_env={FOLDER_VARIABLE: name},
                    log_file=log,
                )
        except (RuntimeError, SystemExit):
            pass  # told by the missing record
        result = folder / "record.safetensors"
        if not result.exists():
            words = last_lines(log.read_text(encoding="utf-8", errors="replace"))
            raise CompileError(f"{simulator} ended without a result:\n{words}")
        return Record.read(result)


def _public(verilog: str, ports: Ports, path: Path) -> Path:
    """Write the control file that lets cocotb see the ports and nothing else."""
    parts = ("payload", "valid", "ready")
    signals = ["clk", "rst", *(f"{name}__{part}" for name in ports.widths for part in parts)]
    module = top(verilog)
    lines = [f'public_flat_rw -module "{module}" -var "{signal}"' for signal in signals]
    path.write_text("`verilator_config\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path
