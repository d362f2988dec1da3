"""Every tool that reads Verilog, told to be strict."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from pyslang.driver import Driver
from somagate.toolchain import tools


def findings(folder: Path, files: Sequence[str], top: str) -> dict[str, str]:
    """Return what each tool that is here says about files, by its name; '' is nothing at all."""
    return dict(_findings(folder, files, top))


def _findings(folder: Path, files: Sequence[str], top: str) -> Iterator[tuple[str, str]]:
    verilator = tools.require("verilator").command
    yield (
        "verilator",
        _said(
            [*verilator, "--lint-only", "-Wall", "--timing", "--top-module", top, *files], folder
        ),
    )
    script = f"read_verilog {' '.join(files)}; hierarchy -check -top {top}; proc; check -assert"
    yield "yosys", _said([*tools.require("yosys").command, "-q", "-p", script], folder)
    yield "slang", _slang([str(folder / file) for file in files], top)
    if tools.find("iverilog").kind != "missing":
        for generation in ("2005", "2012"):
            command = ["iverilog", "-Wall", f"-g{generation}", "-s", top, "-t", "null", *files]
            yield f"iverilog -g{generation}", _said(command, folder)


def _said(command: Sequence[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, env=tools.environment(), capture_output=True, text=True, check=False
    )
    # What Verilator counts goes to its output, where nothing is at fault too.
    return done.stderr or ("" if done.returncode == 0 else f"status {done.returncode}")


def _slang(files: Sequence[str], top: str) -> str:
    """Return slang's counts; as Verilator's, its warnings of narrower assignments say nothing."""
    driver = Driver()
    driver.addStandardArgs()
    command = f"slang -Wextra -Wno-width-trunc --top {top} {' '.join(files)}"
    ran = driver.parseCommandLine(command) and driver.processOptions() and driver.parseAllSources()
    driver.reportCompilation(driver.createCompilation(), True)
    found = driver.diagEngine.numErrors, driver.diagEngine.numWarnings
    return "" if ran and found == (0, 0) else f"{found[0]} errors and {found[1]} warnings"
