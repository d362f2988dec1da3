"""The hardware's figures beside their goals: efficiency, cycles, area and clock.

One command measures what the manual states about the hardware, on networks made of seeds:

    python -m benchmarks.hardware

It writes hardware.md, hardware.json and plots into a folder, and goes on where it was interrupted.
The first two sections simulate Verilog (minutes); area and clock synthesize, place and route 20
designs (a quarter of an hour or more). A figure that misses its goal says so.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import somagate.boards
import somagate.export
import somagate.hw
import somagate.sim
from somagate.boards.build import BuildParameters, build
from somagate.boards.catalog.icebreaker import ICEBREAKER
from somagate.boards.catalog.ulx3s import ULX3S_85F
from somagate.boards.families.ecp5 import LFE5U_85F
from somagate.boards.families.ice40 import ICE40UP5K
from somagate.boards.outofcontext import MeasureParameters, measure
from somagate.boards.report import BuildReport
from somagate.export.tables import Tables
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.rtl.accelerator import Accelerator
from somagate.sim.verify.settings import Setup
from somagate.sim.verify.verify import verify

from benchmarks.hardware.report import ACTIVITIES, DESIGNS, PLANS, SEEDS, SPARSE, plots, report
from benchmarks.lib import networks, output

SECTIONS = ("cycles", "efficiency", "area", "clock")


def plan_of(tables: Tables, lanes: int, word_bits: int, updates: int = 4, flags: int = 0) -> Plan:
    """Return the reference plan: four neurons updated a cycle, and no flags."""
    shape = StageShape(layers=len(tables.layers), lanes=lanes, update_lanes=updates, flags=flags)
    return Plan(tables=tables, shapes=(shape,), word_bits=word_bits)


def efficiency(kept: output.Kept) -> dict[str, Any]:
    """Measure the share of lanes and cycles with a useful addition, by input activity."""
    found: dict[str, Any] = {}
    for name, (lanes, updates, flags) in PLANS.items():

        def one(rate: float, numbers: tuple[int, ...] = (lanes, lanes, updates, flags)) -> Any:
            tables = networks.convolution()
            x = networks.spikes(tables, rate, 4)
            verdict = verify(plan_of(tables, *numbers), x, setup=Setup(workers=1))
            if not verdict.equal:
                raise RuntimeError(verdict.summary)
            layer = verdict.layers[0]
            return {"efficiency": layer.efficiency, "cycles": layer.cycles,
                    "additions": layer.additions, "activity": float(x.mean())}  # fmt: skip

        of = {"lanes": lanes} | ({"updates": updates, "flags": flags} if flags else {})
        found[name] = [
            {"input": rate} | kept.get("efficiency", of | {"activity": rate}, lambda r=rate: one(r))
            for rate in ACTIVITIES
        ]
    return found


def cycles(kept: output.Kept) -> dict[str, Any]:
    """Measure the cycles of 784-128-10 over 100 steps, alone and one image after the other."""
    plans = {
        "": (
            64,
            StageShape(layers=1, lanes=128, update_lanes=16),
            StageShape(layers=1, lanes=10, update_lanes=2),
        ),
        "8 banks": (
            256,
            StageShape(layers=1, lanes=128, update_lanes=32, banks=8, ahead=4),
            StageShape(layers=1, lanes=16, update_lanes=8, banks=8, ahead=4),
        ),
    }

    def one(name: str) -> dict[str, Any]:
        tables = networks.dense(784, 128, 10, steps=100)
        x = networks.spikes(tables, 0.13, 8)
        word_bits, *shapes = plans[name]
        plan = Plan(tables=tables, word_bits=word_bits, shapes=tuple(shapes))
        verdict = verify(plan, x, setup=Setup(workers=1))
        if not verdict.equal:
            raise RuntimeError(verdict.summary)
        return {
            "latency": float(np.mean(verdict.sample_cycles[:1])),
            "throughput": verdict.cycles_per_sample,
            "activity": float(x.mean()),
        }

    of = {"network": "784-128-10", "steps": 100}
    wide = kept.get("cycles", of | {"plan": "8 banks"}, lambda: one("8 banks"))
    return dict(kept.get("cycles", of, lambda: one("")), wide=wide)


def built(kept: output.Kept, folder: Path, name: str, seed: int) -> dict[str, Any]:
    """Return the report of one design placed with one seed."""
    _, clock_mhz, lanes = DESIGNS[name]
    of = {"design": name, "seed": seed, "clock_mhz": clock_mhz, "lanes": lanes}

    def one() -> dict[str, Any]:
        tables = networks.convolution(rows=8)
        updates, flags = SPARSE[1:] if name == "sparse" else (4, 0)
        accelerator = Accelerator(plan_of(tables, lanes, lanes, updates, flags))
        clock_hz = clock_mhz * 1_000_000
        result: BuildReport
        if name in ("ecp5", "sparse", "up5k"):
            family = ICE40UP5K if name == "up5k" else LFE5U_85F
            parameters = MeasureParameters(clock_hz=clock_hz, seed=seed)
            result = measure(accelerator, family, folder / "builds" / name, parameters)
        else:
            board = ULX3S_85F if name == "ulx3s" else ICEBREAKER
            chosen = BuildParameters(clock_hz=clock_hz, seed=seed, seeds=1)
            result = build(accelerator, board, folder / "builds" / name, chosen)
        return result.to_dict() | {"fmax_hz": result.fmax_hz}

    return dict(kept.get("build", of, one))


def area(kept: output.Kept, folder: Path) -> dict[str, Any]:
    """Measure what each design takes."""
    found = {}
    for name in DESIGNS:
        report = built(kept, folder, name, SEEDS[0])
        used = {resource: usage["used"] for resource, usage in report["utilization"].items()}
        found[name] = used | {"synthesis": report["synthesis"], "tools": report["tools"]}
    tables = networks.convolution(rows=8)
    neurons = sum(int(np.prod(shape)) for shape in tables.neuron_shapes.values())
    stage = plan_of(tables, 32, 32).stages[0]
    bits = sum(width * 4 * words for width, words in stage.state_words.items())
    return found | {"state": {"neurons": neurons, "bits": bits}}


def clock(kept: output.Kept, folder: Path) -> dict[str, Any]:
    """Measure each design's clock with several seeds of the placement, in MHz."""
    found = {}
    for name in DESIGNS:
        runs = [built(kept, folder, name, seed) for seed in SEEDS]
        found[name] = {
            "mhz": [round(run["fmax_hz"] / 1e6, 1) for run in runs],
            "slowest": min(runs, key=lambda run: run["fmax_hz"])["critical_path"],
        }
    return found


def simulated(out: Path) -> output.Kept:
    """Return what is kept of simulations."""
    code = output.sources(
        *(somagate.export, somagate.hw, somagate.sim, networks, sys.modules[__name__]),
        tools=("verilator", "yosys"),
    )
    return output.Kept(out / "kept", code)


def synthesized(out: Path) -> output.Kept:
    """Return what is kept of designs that were placed and routed."""
    code = output.sources(
        *(somagate.boards, somagate.export, somagate.hw, networks, sys.modules[__name__]),
        tools=("yosys", "nextpnr-ecp5", "nextpnr-ice40"),
    )
    return output.Kept(out / "kept", code)


def main() -> None:
    """Measure, and write tables and plots."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/hardware"))
    parser.add_argument(
        "--only", default=",".join(SECTIONS), help=f"some of {','.join(SECTIONS)} (default: all)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of the tables")
    arguments = parser.parse_args()
    wanted = arguments.only.split(",")
    if unknown := set(wanted) - set(SECTIONS):
        parser.error(f"--only must be some of {', '.join(SECTIONS)}, not {', '.join(unknown)}")

    result: dict[str, Any] = {}
    if "cycles" in wanted:
        result["cycles"] = cycles(simulated(arguments.out))
    if "efficiency" in wanted:
        result["efficiency"] = efficiency(simulated(arguments.out))
    if "area" in wanted:
        result["area"] = area(synthesized(arguments.out), arguments.out)
    if "clock" in wanted:
        result["clock"] = clock(synthesized(arguments.out), arguments.out)
    output.write(arguments.out, "hardware", result, report(result), as_json=arguments.json)
    plots(arguments.out, result)


if __name__ == "__main__":
    main()
