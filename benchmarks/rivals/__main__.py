"""Public designs through the same tools, and on the same spikes.

Name a folder that holds clones of them, whichever of these you have:

    git clone https://github.com/ChFrenkel/tinyODIN     FOLDER/tinyODIN
    git clone https://github.com/gianlucaleone/SYNtzulu FOLDER/SYNtzulu
    the VHDL that Spiker's generator wrote, in          FOLDER/Spiker

    python -m benchmarks.rivals FOLDER

Each is synthesized, placed and routed as our own accelerator is, behind the same registers.
tinyODIN also runs in Verilator, through its own pins, on the network and the spikes that our
accelerator is given. Nothing of theirs is part of this repository. What isn't there is named in the
table.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import somagate.boards
import somagate.export
import somagate.hw
import somagate.sim
from somagate.boards import outofcontext
from somagate.boards.families.ecp5 import LFE5U_85F
from somagate.boards.families.family import OpenFamily
from somagate.boards.families.ice40 import ICE40UP5K
from somagate.hw.plan.plan import Plan
from somagate.hw.rtl.accelerator import Accelerator
from somagate.toolchain import tools

from benchmarks.lib import networks, output
from benchmarks.rivals import crossbar
from benchmarks.rivals.crossbar import LANES, STEPS, crossbar_cycles, crossbar_plan, tinyodin
from benchmarks.rivals.designs import RIVALS, RivalError, synthesized

ACTIVITIES = (0.02, 0.05, 0.10, 0.20)


def ours(plan: Plan, family: OpenFamily, build: Path) -> dict[str, Any]:
    """Return what our accelerator takes and how fast it is, in the same terms."""
    parameters = outofcontext.MeasureParameters(clock_hz=100_000_000)
    result = outofcontext.measure(Accelerator(plan), family, build, parameters)
    return {
        "device": family.device,
        "used": {name: usage.used for name, usage in result.utilization.items()},
        "around": result.settings["wrapper_input_bits"] + result.settings["wrapper_output_bits"],
        "mhz": result.fmax_hz / 1e6,
    }


def attempt(make: Any) -> dict[str, Any]:
    """Return a result, or why there is none."""
    try:
        return dict(make())
    except (RivalError, tools.ToolError) as error:
        return {"missing": str(error)}


def our_own(out: Path) -> output.Kept:
    """Return what is kept of our own accelerator."""
    code = output.sources(
        *(somagate.boards, somagate.export, somagate.hw, somagate.sim),
        *(networks, crossbar, sys.modules[__name__]),
        tools=("verilator", "yosys", "nextpnr-ecp5", "nextpnr-ice40"),
    )
    return output.Kept(out / "kept", code)


def measure(folder: Path, out: Path) -> dict[str, Any]:
    """Measure everything."""
    kept = our_own(out)
    result: dict[str, Any] = {"designs": {}, "cycles": {}}
    designs, cycles = result["designs"], result["cycles"]
    # The weights of 256-256 are more than an iCE40UP5K's block RAMs hold.
    small = Plan.single(networks.convolution(rows=8), lanes=16, word_bits=16)
    plans = [(f"256-256, {n} lanes", crossbar_plan(n), LFE5U_85F) for n in LANES]
    loadable = Plan.single(crossbar_plan(16).tables, lanes=16, word_bits=32, loadable=True)
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
