"""The hardware's figures beside their goals: efficiency, cycles, area and clock.

One command measures what the manual states about the hardware, on networks made of seeds:

    python benchmarks/hardware.py

It writes hardware.md, hardware.json and plots into a folder, and goes on where it was interrupted.
The first two sections simulate Verilog (minutes); area and clock synthesize, place and route 20
designs (a quarter of an hour or more). A figure that misses its goal says so.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import bench_networks as networks
import bench_output as output
import numpy as np
import somagate.boards
import somagate.export
import somagate.hw
import somagate.sim
from somagate.boards.build import BuildParameters, build
from somagate.boards.ecp5 import LFE5U_85F
from somagate.boards.ice40 import ICE40UP5K
from somagate.boards.icebreaker import ICEBREAKER
from somagate.boards.outofcontext import MeasureParameters, measure
from somagate.boards.report import BuildReport
from somagate.boards.ulx3s import ULX3S_85F
from somagate.export.tables import Tables
from somagate.hw.accelerator import Accelerator
from somagate.hw.plan import Plan, StageShape
from somagate.sim.verify import verify

ACTIVITIES = (0.01, 0.02, 0.05, 0.10, 0.20, 0.50)
SEEDS = (1, 2, 3, 4, 5)
SECTIONS = ("cycles", "efficiency", "area", "clock")


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A figure and what it has to reach.

    Attributes
    ----------
    what
        In words.
    goal
        The bound.
    measured
        The figure.
    most
        Whether the bound is an upper one.
    unit, digits
        How it is printed.
    """

    what: str
    goal: float
    measured: float
    most: bool = False
    unit: str = ""
    digits: int = 0

    @property
    def reached(self) -> bool:
        """Whether the figure keeps the bound."""
        return self.measured <= self.goal if self.most else self.measured >= self.goal

    def row(self) -> list[str]:
        """Return the table's cells."""
        sign, unit = "≤" if self.most else "≥", f" {self.unit}" if self.unit else ""
        numbers = [f"{value:,.{self.digits}f}{unit}" for value in (self.goal, self.measured)]
        return [self.what, f"{sign} {numbers[0]}", numbers[1], "yes" if self.reached else "**no**"]


def plan_of(tables: Tables, lanes: int, word_bits: int) -> Plan:
    """Return the reference plan: four neurons updated a cycle."""
    return Plan(tables=tables, lanes=lanes, update_lanes=4, word_bits=word_bits)


def efficiency(kept: output.Kept) -> dict[str, Any]:
    """Measure the share of lanes and cycles with a useful addition, by input activity."""
    found: dict[str, Any] = {}
    for lanes, word_bits in ((32, 32), (16, 16)):

        def one(rate: float, lanes: int = lanes, word_bits: int = word_bits) -> dict[str, Any]:
            tables = networks.convolution()
            x = networks.spikes(tables, rate, 4)
            verdict = verify(plan_of(tables, lanes, word_bits), x, workers=1)
            if not verdict.equal:
                raise RuntimeError(str(verdict))
            layer = verdict.layers[0]
            return {"efficiency": layer.efficiency, "cycles": layer.cycles,
                    "additions": layer.additions, "activity": float(x.mean())}  # fmt: skip

        found[str(lanes)] = [
            {"input": rate}
            | kept.get("efficiency", {"lanes": lanes, "activity": rate}, lambda r=rate: one(r))
            for rate in ACTIVITIES
        ]
    return found


def cycles(kept: output.Kept) -> dict[str, Any]:
    """Measure the cycles of 784-128-10 over 100 steps, alone and one image after the other."""

    def one() -> dict[str, Any]:
        tables = networks.dense(784, 128, 10, steps=100)
        shapes = (
            StageShape(layers=1, lanes=128, update_lanes=16),
            StageShape(layers=1, lanes=10, update_lanes=2),
        )
        x = networks.spikes(tables, 0.13, 8)
        verdict = verify(Plan(tables=tables, word_bits=64, shapes=shapes), x, workers=1)
        if not verdict.equal:
            raise RuntimeError(str(verdict))
        return {
            "latency": float(np.mean(verdict.sample_cycles[:1])),
            "throughput": verdict.cycles_per_sample,
            "activity": float(x.mean()),
        }

    return dict(kept.get("cycles", {"network": "784-128-10", "steps": 100}, one))


DESIGNS = {
    "ecp5": ("ECP5, speed 6, out of context", 100, 32),
    "ulx3s": ("ECP5, speed 6, whole ULX3S", 100, 32),
    "up5k": ("iCE40UP5K, out of context", 24, 16),
    "icebreaker": ("iCE40UP5K, whole iCEBreaker", 24, 16),
}
"""By name: what it is, the clock in MHz that it is placed for and has to reach, and the lanes."""


def built(kept: output.Kept, folder: Path, name: str, seed: int) -> dict[str, Any]:
    """Return the report of one design placed with one seed."""
    _, clock_mhz, lanes = DESIGNS[name]

    def one() -> dict[str, Any]:
        tables = networks.convolution(rows=8)
        accelerator = Accelerator(plan_of(tables, lanes, lanes))
        clock_hz = clock_mhz * 1_000_000
        report: BuildReport
        if name in ("ecp5", "up5k"):
            family = LFE5U_85F if name == "ecp5" else ICE40UP5K
            parameters = MeasureParameters(clock_hz=clock_hz, seed=seed)
            report = measure(accelerator, family, folder / "builds" / name, parameters)
        else:
            board = ULX3S_85F if name == "ulx3s" else ICEBREAKER
            chosen = BuildParameters(clock_hz=clock_hz, seed=seed, seeds=1)
            report = build(accelerator, board, folder / "builds" / name, chosen)
        return report.to_dict() | {"fmax_hz": report.fmax_hz}

    return dict(kept.get("build", {"design": name, "seed": seed}, one))


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


def goals(result: dict[str, Any]) -> list[Goal]:
    """Return every figure that has a goal."""
    found = []
    if "efficiency" in result:
        by = {r["input"]: r["efficiency"] for r in result["efficiency"]["32"]}
        what = "useful additions a lane and cycle, 32 lanes, {:.0%} activity"
        found += [
            Goal(what=what.format(0.1), goal=0.95, measured=by[0.1], digits=3),
            Goal(what=what.format(0.05), goal=0.85, measured=by[0.05], digits=3),
        ]
        by = {r["input"]: r["efficiency"] for r in result["efficiency"]["16"]}
        what = "useful additions a cycle, 16 lanes, 10% activity"
        found.append(Goal(what=what, goal=15, measured=16 * by[0.1], digits=1))
    if "cycles" in result:
        what = "784-128-10, 100 steps, 13% input rate, 128 lanes, one image"
        measured = result["cycles"]["latency"]
        found.append(Goal(what=what, goal=11_000, measured=measured, most=True, unit="cycles"))
    if "area" in result:
        cells = result["area"]["ecp5"]["logic_cells"] / 32
        what = "ECP5, LUT4 and carries (TRELLIS_COMB) a lane, 32 lanes, everything counted"
        found.append(Goal(what=what, goal=60, measured=cells, most=True, digits=1))
        cells = result["area"]["icebreaker"]["logic_cells"]
        what = "iCE40UP5K, 16 lanes, with the UART"
        found.append(Goal(what=what, goal=2500, measured=cells, most=True, unit="LC"))
    for name, measured in result.get("clock", {}).items():
        title, goal, _ = DESIGNS[name]
        what = f"{title}, median of {len(SEEDS)} seeds"
        speed = median(measured["mhz"])
        found.append(Goal(what=what, goal=goal, measured=speed, unit="MHz", digits=1))
    return found


def report(result: dict[str, Any]) -> str:
    """Return all tables in Markdown."""
    header = ("figure", "goal", "measured", "reached")
    text = output.markdown(header, [goal.row() for goal in goals(result)])
    if "efficiency" in result:
        rows = [
            [f"{rate:.0%}"]
            + [f"{result['efficiency'][lanes][i]['efficiency']:.3f}" for lanes in ("32", "16")]
            for i, rate in enumerate(ACTIVITIES)
        ]
        text += "\nUseful additions a lane and cycle, 3x3 convolution, 32 to 32 channels:\n\n"
        text += output.markdown(("input activity", "32 lanes", "16 lanes"), rows)
    if "cycles" in result:
        text += (
            f"\n784-128-10: {result['cycles']['latency']:,.0f} cycles for one image, "
            f"{result['cycles']['throughput']:,.0f} an image one after the other.\n"
        )
    if "area" in result:
        resources = ("logic_cells", "flip_flops", "block_rams")
        rows = [
            [DESIGNS[name][0], DESIGNS[name][2]]
            + [f"{result['area'][name][resource]:,}" for resource in resources]
            for name in DESIGNS
        ]
        text += "\n" + output.markdown(
            ("design", "lanes", *(name.replace("_", " ") for name in resources)), rows
        )
        state = result["area"]["state"]
        text += f"\nPotentials: {state['bits'] / state['neurons']:.2f} bits a neuron in memory.\n"
    if "clock" in result:
        rows = [
            [DESIGNS[name][0], f"{median(c['mhz']):.1f}", ", ".join(map(str, c["mhz"]))]
            for name, c in result["clock"].items()
        ]
        text += "\n" + output.markdown(("design", "median MHz", "seeds 1…5"), rows)
    return text


def plots(folder: Path, result: dict[str, Any]) -> None:
    """Draw efficiency over activity, and the clock of every seed."""
    if "efficiency" in result:

        def curves(axes: Any) -> None:
            for lanes, runs in result["efficiency"].items():
                x = [100 * run["activity"] for run in runs]
                axes.plot(x, [r["efficiency"] for r in runs], "o-", label=f"{lanes} lanes")
            axes.plot([5, 10], [0.85, 0.95], "kx", label="goals, 32 lanes")
            axes.set(
                xscale="log", ylim=(0, 1.02),
                xlabel="input activity, %", ylabel="useful additions a lane and cycle",
            )  # fmt: skip
            axes.set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
            axes.legend(loc="lower right")

        output.figure(folder, "efficiency", curves)
    if "clock" in result:

        def dots(axes: Any) -> None:
            for y, (name, found) in enumerate(result["clock"].items()):
                axes.plot(found["mhz"], [y] * len(found["mhz"]), "o", alpha=0.7)
                axes.plot(DESIGNS[name][1], y, "kx")
            axes.set_yticks(range(len(result["clock"])), [DESIGNS[n][0] for n in result["clock"]])
            axes.set(xlim=(0, None), xlabel="MHz; a cross is the goal")
            axes.invert_yaxis()

        output.figure(folder, "clock", dots, size=(6.5, 2.4))


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

    packages = (somagate.boards, somagate.export, somagate.hw)
    simulated = output.Kept(
        arguments.out / "kept", output.sources(somagate.export, somagate.hw, somagate.sim)
    )
    synthesized = output.Kept(arguments.out / "kept", output.sources(*packages))
    result: dict[str, Any] = {}
    if "cycles" in wanted:
        result["cycles"] = cycles(simulated)
    if "efficiency" in wanted:
        result["efficiency"] = efficiency(simulated)
    if "area" in wanted:
        result["area"] = area(synthesized, arguments.out)
    if "clock" in wanted:
        result["clock"] = clock(synthesized, arguments.out)
    output.write(arguments.out, "hardware", result, report(result), as_json=arguments.json)
    plots(arguments.out, result)


if __name__ == "__main__":
    main()
