"""Public designs, and what each takes when it is synthesized, placed and routed as ours is."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from somagate.boards import flow
from somagate.boards.families.ecp5 import LFE5U_85F
from somagate.boards.families.family import OpenFamily
from somagate.boards.families.ice40 import ICE40UP5K
from somagate.boards.report import read
from somagate.toolchain import tools


class RivalError(RuntimeError):
    """A rival can't be measured; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Rival:
    """A public design.

    Attributes
    ----------
    name
        Of the project, and of its folder.
    what
        Of it is measured.
    top
        The module.
    sources
        Patterns of its files, in order.
    without
        Names of files that synthesis must not see, such as models of primitives.
    family
        The device that it suits.
    clocks, pins
        Inputs that are the clock, and others that must come from a pin.
    """

    name: str
    what: str
    top: str
    sources: tuple[str, ...]
    without: tuple[str, ...] = ()
    family: OpenFamily
    clocks: tuple[str, ...]
    pins: tuple[str, ...] = ()

    def files(self, folder: Path) -> list[Path]:
        """Return the files, or raise `RivalError` where there are none."""
        home = folder / self.name
        if not home.is_dir():
            raise RivalError(f"not in {folder.name}/{self.name}")
        found = [path for pattern in self.sources for path in sorted(home.glob(pattern))]
        found = [path for path in found if path.name not in self.without]
        if not found:
            raise RivalError(f"{self.name} has no {' or '.join(self.sources)}")
        return found


RIVALS = (
    Rival(
        name="tinyODIN",
        what="all of it",
        top="tinyODIN",
        sources=("*.v",),
        family=LFE5U_85F,
        clocks=("CLK",),
        pins=("SCK",),
    ),
    Rival(
        name="SYNtzulu",
        what="the accelerator as it is by default, without its processor",
        top="Syntzulu",
        sources=("rtl/define.v", "rtl/syntzulu/*.sv", "rtl/syntzulu/*.v"),
        without=("SB_SPRAM256KA.v",),
        family=ICE40UP5K,
        clocks=("clk_enc", "clk_snn"),
    ),
    Rival(
        name="Spiker",
        what="the generated network",
        top="network",
        sources=("**/*.vhd",),
        family=LFE5U_85F,
        clocks=("clk",),
    ),
)


def yosys(folder: Path, script: str) -> None:
    """Run yosys in a folder; memory images that are missing there are filled at random.

    What a memory starts with changes nothing where it is written; where it is not, an empty one
    would be optimized away.
    """
    command = [*tools.require("yosys").command, "-Q", "-T", "-q", "-p", script]
    for _ in range(20):
        done = subprocess.run(
            command,
            cwd=folder,
            env=tools.environment(),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if not done.returncode:
            return
        missing = re.search(r"open file `([^'`]+)[`'] for \\\$readmem", done.stderr + done.stdout)
        if not missing or missing[1].startswith(("/", "..")):
            break
        image = folder / missing[1]
        image.parent.mkdir(parents=True, exist_ok=True)
        words = np.random.default_rng(0).integers(0, 2**62, 8192)
        image.write_text("".join(f"{word:016x}\n" for word in words.tolist()), encoding="utf-8")
    raise RivalError(f"yosys: {(done.stderr or done.stdout).strip().splitlines()[-1]}")


def from_vhdl(top: str, files: list[Path], target: Path) -> None:
    """Write VHDL as Verilog, with GHDL."""
    ghdl = shutil.which("ghdl")
    if ghdl is None:
        raise RivalError("its VHDL needs GHDL, which is not installed")
    command = [ghdl, "synth", "--std=08", "--out=verilog", *map(str, files), "-e", top]
    done = subprocess.run(
        command,
        cwd=target.parent,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise RivalError(f"GHDL refuses its VHDL: {done.stderr.strip().splitlines()[-1]}")
    target.write_text(done.stdout, encoding="utf-8")


def wrapper(rival: Rival, ports: dict[str, Any]) -> tuple[str, int]:
    """Return a Verilog module with the registers that `outofcontext.Wrapper` puts around ours.

    And how many there are.
    """

    def names(direction: str) -> list[tuple[str, int]]:
        return [
            (name, len(port["bits"]))
            for name, port in ports.items()
            if port["direction"] == direction and name not in rival.clocks + rival.pins
        ]

    inputs, outputs = names("input"), names("output")
    connections = [f".{name}(clk)" for name in rival.clocks]
    connections += [f".{name}(pin_{name})" for name in rival.pins]
    offsets = {"shift": 0, "result": 0}
    for register, members in (("shift", inputs), ("result", outputs)):
        for name, width in members:
            low = offsets[register]
            connections.append(f".{name}({register}[{low + width - 1}:{low}])")
            offsets[register] += width
    taken, given = offsets["shift"], offsets["result"]
    pins = "".join(f", input pin_{name}" for name in rival.pins)
    text = f"""module {flow.NAME}(input clk, input shift_in, output signature_out{pins});
  reg [{taken - 1}:0] shift;
  reg [{given - 1}:0] signature;
  wire [{given - 1}:0] result;
  always @(posedge clk) begin
    shift <= {{shift[{taken - 2}:0], shift_in}};
    signature <= {{signature[{given - 2}:0], signature[{given - 1}]}} ^ result;
  end
  assign signature_out = signature[{given - 1}];
  {rival.top} rival({", ".join(connections)});
endmodule
"""
    return text, taken + given


def synthesized(rival: Rival, folder: Path, build: Path) -> dict[str, Any]:
    """Return what a rival takes and how fast it is."""
    files = rival.files(folder)
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    if any(path.suffix == ".vhd" for path in files):
        from_vhdl(rival.top, [path.resolve() for path in files], build / f"{rival.top}.v")
        listed = f"{rival.top}.v"
    else:
        for path in files:
            shutil.copy(path, build)
        listed = " ".join(path.name for path in files)
    load = f"read_verilog -sv {listed}"
    yosys(build, f"{load}; hierarchy -top {rival.top}; proc; write_json ports.json")
    modules = json.loads((build / "ports.json").read_text(encoding="utf-8"))["modules"]
    text, around = wrapper(rival, modules[rival.top]["ports"])
    (build / "wrapper.v").write_text(text, encoding="utf-8")
    yosys(
        build,
        f"{load} wrapper.v; hierarchy -top {flow.NAME}; proc; write_rtlil {flow.NAME}.il",
    )
    family = rival.family
    try:
        synthesis = flow.synthesize(family, build)
        flow.place_and_route(family, build, 1, (*family.unplaced, "--freq", "100"))
    except flow.BuildError as error:
        raise RivalError(str(error)) from None
    result = read(
        family, build, target=rival.name, tables_sha256="", seed=1, clock_hz=100_000_000,
        synthesis=synthesis, tools={}, settings={}, bitstream="", bitstream_sha256="",
    )  # fmt: skip
    return {
        "device": family.device,
        "used": {name: usage.used for name, usage in result.utilization.items()},
        "around": around,
        "mhz": result.clocks["clk"].fmax_hz / 1e6,
    }
