"""Public designs through the same tools, and on the same spikes.

Name a folder that holds clones of them, whichever of these you have:

    git clone https://github.com/ChFrenkel/tinyODIN     FOLDER/tinyODIN
    git clone https://github.com/gianlucaleone/SYNtzulu FOLDER/SYNtzulu
    the VHDL that Spiker's generator wrote, in          FOLDER/Spiker

    python benchmarks/rivals.py FOLDER

Each is synthesized, placed and routed as our own accelerator is, behind the same registers.
tinyODIN also runs in Verilator, through its own pins, on the network and the spikes that our
accelerator is given. Nothing of theirs is part of this repository. What isn't there is named in the
table.
"""

import argparse
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bench_networks as networks
import bench_output as output
import numpy as np
import somagate.boards
import somagate.export
import somagate.hw
import somagate.sim
from somagate.boards import flow, outofcontext
from somagate.boards.ecp5 import LFE5U_85F
from somagate.boards.family import Family
from somagate.boards.ice40 import ICE40UP5K
from somagate.boards.report import read
from somagate.hw import tools
from somagate.hw.accelerator import Accelerator
from somagate.hw.plan import Plan
from somagate.sim.build import verilator_environment
from somagate.sim.verify import verify

STEPS = 10
ACTIVITIES = (0.02, 0.05, 0.10, 0.20)
LANES = (16, 32)


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
    family: Family
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
            text=True,
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
        image.write_text("".join(f"{word:016x}\n" for word in words.tolist()))
    raise RivalError(f"yosys: {(done.stderr or done.stdout).strip().splitlines()[-1]}")


def from_vhdl(top: str, files: list[Path], target: Path) -> None:
    """Write VHDL as Verilog, with GHDL."""
    ghdl = shutil.which("ghdl")
    if ghdl is None:
        raise RivalError("its VHDL needs GHDL, which is not installed")
    command = [ghdl, "synth", "--std=08", "--out=verilog", *map(str, files), "-e", top]
    done = subprocess.run(command, cwd=target.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RivalError(f"GHDL refuses its VHDL: {done.stderr.strip().splitlines()[-1]}")
    target.write_text(done.stdout)


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
    modules = json.loads((build / "ports.json").read_text())["modules"]
    text, around = wrapper(rival, modules[rival.top]["ports"])
    (build / "wrapper.v").write_text(text)
    yosys(
        build,
        f"{load} wrapper.v; hierarchy -top {flow.NAME}; proc; write_rtlil {flow.NAME}.il",
    )
    family = rival.family
    try:
        flow.synthesize(family, build, family.synthesis_options)
        flow.place_and_route(family, build, 1, (family.unplaced, "--freq", "100"))
    except flow.BuildError as error:
        raise RivalError(str(error)) from None
    result = read(
        family, build, target=rival.name, tables_sha256="", seed=1, clock_hz=100_000_000,
        synthesis=" ".join([family.synthesis, *family.synthesis_options]), tools={}, settings={},
        bitstream="", bitstream_sha256="",
    )  # fmt: skip
    return {
        "device": family.device,
        "used": {name: usage.used for name, usage in result.utilization.items()},
        "around": around,
        "mhz": result.clocks["clk"].fmax_hz / 1e6,
    }


def ours(plan: Plan, family: Family, build: Path) -> dict[str, Any]:
    """Return what our accelerator takes and how fast it is, in the same terms."""
    parameters = outofcontext.MeasureParameters(clock_hz=100_000_000)
    result = outofcontext.measure(Accelerator(plan), family, build, parameters)
    return {
        "device": family.device,
        "used": {name: usage.used for name, usage in result.utilization.items()},
        "around": result.settings["wrapper_input_bits"] + result.settings["wrapper_output_bits"],
        "mhz": result.fmax_hz / 1e6,
    }


def crossbar_plan(lanes: int) -> Plan:
    """Return 256 inputs to 256 neurons over `STEPS` steps."""
    return Plan(tables=networks.dense(256, 0, 256, steps=STEPS), lanes=lanes, word_bits=32)


def crossbar_cycles(lanes: int, rate: float) -> dict[str, Any]:
    """Return what the steps take on our accelerator."""
    plan = crossbar_plan(lanes)
    x = networks.spikes(plan.tables, rate, 1)
    verdict = verify(plan, x, workers=1)
    if not verdict.equal:
        raise RuntimeError(str(verdict))
    return {"cycles": verdict.sample_cycles[0], "additions": 256 * int(x.sum())}


def tinyodin(folder: Path, build: Path, rate: float) -> dict[str, Any]:
    """Return what the same steps take on tinyODIN; its sums are checked."""
    plan = crossbar_plan(LANES[0])
    x = networks.spikes(plan.tables, rate, 1)[:, 0]
    weights = plan.tables.layers[0].synapses[0].weights.T
    numbers = [*weights.ravel().tolist(), STEPS]
    for step in x:
        sources = np.flatnonzero(step).tolist()
        numbers += [len(sources), *sources]
    program = build / "obj" / "Vdut"
    if not program.is_file():
        build.mkdir(parents=True, exist_ok=True)
        harness = Path(__file__).with_name("tinyodin.cpp").resolve()
        files = [str(path.resolve()) for path in RIVALS[0].files(folder)]
        command = [
            *tools.require("verilator").command, "--cc", "--exe", "--build", "-Wno-fatal", "-O3",
            "-Wno-lint", "--public-flat-rw", "--prefix", "Vdut", "--top-module", "tinyODIN",
            "--Mdir", "obj", *files, str(harness),
        ]  # fmt: skip
        done = subprocess.run(
            command, cwd=build, env=verilator_environment(), capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise RivalError(f"verilator: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
    done = subprocess.run(
        [program], input=" ".join(map(str, numbers)), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RivalError(done.stderr.strip())
    answer = [int(line) for line in done.stdout.split()]
    sums = x.sum(0, dtype=np.int64) @ weights
    if answer[STEPS:] != sums.tolist():
        raise RivalError("its potentials are not the sums of its weights")
    return {"cycles": sum(answer[:STEPS]), "additions": 256 * int(x.sum())}


def attempt(make: Any) -> dict[str, Any]:
    """Return a result, or why there is none."""
    try:
        return dict(make())
    except (RivalError, tools.ToolError) as error:
        return {"missing": str(error)}


def measure(folder: Path, out: Path) -> dict[str, Any]:
    """Measure everything."""
    kept = output.Kept(
        out / "kept",
        output.sources(somagate.boards, somagate.export, somagate.hw, somagate.sim)
        + Path(networks.__file__).read_text(),
    )
    result: dict[str, Any] = {"designs": {}, "cycles": {}}
    designs, cycles = result["designs"], result["cycles"]
    # The weights of 256-256 are more than an iCE40UP5K's block RAMs hold.
    small = Plan(tables=networks.convolution(rows=8), lanes=16, word_bits=16)
    plans = [(f"256-256, {n} lanes", crossbar_plan(n), LFE5U_85F) for n in LANES]
    loadable = Plan(tables=crossbar_plan(16).tables, lanes=16, word_bits=32, loadable=True)
    plans.append(("256-256, 16 lanes, loadable at run time", loadable, LFE5U_85F))
    plans.append(("convolution, 16 lanes", small, ICE40UP5K))
    for number, (name, plan, family) in enumerate(plans):
        designs[f"somagate, {name}"] = kept.get(
            "ours",
            {"design": name},
            lambda n=number, p=plan, f=family: ours(p, f, out / "builds" / f"ours-{n}"),
        )
    for rival in RIVALS:
        output.tell(f"{rival.name}: synthesis")
        place = out / "builds" / rival.name
        designs[f"{rival.name}, {rival.what}"] = attempt(
            lambda r=rival, p=place: synthesized(r, folder, p)
        )
    for rate in ACTIVITIES:
        output.tell(f"256-256, activity {rate:.0%}")
        found = {
            f"somagate, {lanes} lanes": kept.get(
                "cycles",
                {"lanes": lanes, "activity": rate},
                lambda n=lanes, r=rate: crossbar_cycles(n, r),
            )
            for lanes in LANES
        }
        found["tinyODIN"] = attempt(
            lambda r=rate: tinyodin(folder, out / "builds" / "tinyODIN-sim", r)
        )
        cycles[f"{rate:.0%}"] = found
    return result


def report(result: dict[str, Any]) -> str:
    """Return both tables in Markdown."""
    rows: list[list[object]] = []
    for name, found in result["designs"].items():
        if "missing" in found:
            rows.append([name, found["missing"], *[""] * 5])
            continue
        used = found["used"]
        memories = (
            f"{used['block_rams']} + {used['large_rams']}"
            if used.get("large_rams")
            else used["block_rams"]
        )
        rows.append([name, found["device"], f"{used['logic_cells']:,}", memories,
                     used["multipliers"], f"{found['mhz']:.0f}", found["around"]])  # fmt: skip
    header = ("design", "device", "logic cells", "block RAMs", "multipliers", "MHz",
              "flip-flops around it")  # fmt: skip
    text = "Behind the same registers, by the same tools, seed 1:\n\n"
    text += output.markdown(header, rows)
    text += f"\n256 inputs to 256 neurons, {STEPS} steps, the same spikes:\n\n"
    names = list(next(iter(result["cycles"].values())))
    rows = []
    for rate, found in result["cycles"].items():
        cells = [
            found[name].get("missing")
            or f"{found[name]['cycles']:,} "
            f"({found[name]['additions'] / found[name]['cycles']:.2f} additions a cycle)"
            for name in names
        ]
        rows.append([rate, *cells])
    return text + output.markdown(("activity", *names), rows)


def plot(folder: Path, result: dict[str, Any]) -> None:
    """Draw the cycles over the activity."""
    names = [n for n, r in next(iter(result["cycles"].values())).items() if "cycles" in r]

    def curves(axes: Any) -> None:
        for name in names:
            x = [float(rate.rstrip("%")) for rate in result["cycles"]]
            axes.plot(
                x, [found[name]["cycles"] for found in result["cycles"].values()], "o-", label=name
            )
        axes.set(yscale="log", xlabel="input activity, %", ylabel=f"cycles for {STEPS} steps")
        axes.legend(loc=(0.66, 0.52))

    output.figure(folder, "rivals", curves)


def main() -> None:
    """Measure, and write tables and a plot."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/rivals"))
    parser.add_argument("--json", action="store_true", help="print JSON instead of the tables")
    arguments = parser.parse_args()
    result = measure(arguments.folder, arguments.out)
    output.write(arguments.out, "rivals", result, report(result), as_json=arguments.json)
    plot(arguments.out, result)


if __name__ == "__main__":
    main()
