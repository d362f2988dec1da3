"""The hardware's figures as tables and plots, each goal with whether it is reached."""

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.lib import output

ACTIVITIES = (0.005, 0.01, 0.02, 0.05, 0.10, 0.20, 0.50)
SEEDS = (1, 2, 3, 4, 5)

SPARSE = (32, 8, 4)
"""Lanes, neurons updated a cycle and flags of the design for sparse spikes."""

PLANS = {
    "32": (32, 4, 0),
    "16": (16, 4, 0),
    "32, flags, 8 updated": SPARSE,
    "32, flags, 16 updated": (32, 16, 4),
    "32, flags, 32 updated": (32, 32, 4),
}
"""The plans whose efficiency is measured: lanes, neurons updated a cycle and flags."""

DESIGNS = {
    "ecp5": ("ECP5, speed 6, out of context", 100, 32),
    "sparse": ("the same, flags, 8 updated a cycle", 100, 32),
    "ulx3s": ("ECP5, speed 6, whole ULX3S", 100, 32),
    "up5k": ("iCE40UP5K, out of context", 24, 16),
    "icebreaker": ("iCE40UP5K, whole iCEBreaker", 24, 8),
}
"""By name: what it is, the clock in MHz that it is placed for and has to reach, and the lanes."""


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
        what = "useful additions a lane and cycle, 32 lanes, flags, 8 updated, {:.0%} activity"
        sparse = {r["input"]: r["efficiency"] for r in result["efficiency"]["32, flags, 8 updated"]}
        found += [
            Goal(what=what.format(rate), goal=goal, measured=sparse[rate], digits=3)
            for rate, goal in ((0.05, 0.95), (0.02, 0.80), (0.01, 0.60))
        ]
        what = "useful additions a cycle, 16 lanes, 10% activity"
        found.append(Goal(what=what, goal=15, measured=16 * by[0.1], digits=1))
    if "cycles" in result:
        what = "784-128-10, 100 steps, 13% input rate, 128 lanes, one image"
        measured = result["cycles"]["latency"]
        found.append(Goal(what=what, goal=11_000, measured=measured, most=True, unit="cycles"))
        measured = result["cycles"]["wide"]["latency"]
        what = what.replace("one image", "8 banks, one image")
        found.append(Goal(what=what, goal=2_000, measured=measured, most=True, unit="cycles"))
    if "area" in result:
        cells = result["area"]["ecp5"]["logic_cells"] / 32
        what = "ECP5, LUT4 and carries (TRELLIS_COMB) a lane, 32 lanes, everything counted"
        found.append(Goal(what=what, goal=60, measured=cells, most=True, digits=1))
        share = result["area"]["sparse"]["logic_cells"] / result["area"]["ecp5"]["logic_cells"]
        what = "the same with flags and 8 updated a cycle, of the cells without"
        found.append(Goal(what=what, goal=115, measured=100 * share, most=True, unit="%", digits=1))
        cells = result["area"]["icebreaker"]["logic_cells"]
        what = "iCE40UP5K, 8 lanes, whole iCEBreaker"
        found.append(Goal(what=what, goal=2500, measured=cells, most=True, unit="LC"))
    for name, measured in result.get("clock", {}).items():
        title, goal, _ = DESIGNS[name]
        what = f"{title}, median of {len(SEEDS)} seeds"
        speed = median(measured["mhz"])
        found.append(Goal(what=what, goal=goal, measured=speed, unit="MHz", digits=1))
    return found


def _lanes(name: str) -> str:
    """Return a plan's name as it is told, '32 lanes, flags, 8 updated'."""
    first, *rest = name.split(", ")
    return ", ".join([f"{first} lanes", *rest])


def report(result: dict[str, Any]) -> str:
    """Return all tables in Markdown."""
    header = ("figure", "goal", "measured", "reached")
    text = output.markdown(header, [goal.row() for goal in goals(result)])
    if "efficiency" in result:
        rows = [
            [f"{rate:.1%}".replace(".0", "")]
            + [f"{result['efficiency'][name][i]['efficiency']:.3f}" for name in PLANS]
            for i, rate in enumerate(ACTIVITIES)
        ]
        text += "\nUseful additions a lane and cycle, 3x3 convolution, 32 to 32 channels:\n\n"
        text += output.markdown(("input activity", *(_lanes(name) for name in PLANS)), rows)
    if "cycles" in result:
        text += (
            f"\n784-128-10: {result['cycles']['latency']:,.0f} cycles for one image, "
            f"{result['cycles']['throughput']:,.0f} an image one after the other; in 8 banks "
            f"{result['cycles']['wide']['latency']:,.0f} and "
            f"{result['cycles']['wide']['throughput']:,.0f}.\n"
        )
    if "area" in result:
        resources = ("logic_cells", "flip_flops", "block_rams")
        taken: list[list[object]] = [
            [DESIGNS[name][0], DESIGNS[name][2]]
            + [f"{result['area'][name][resource]:,}" for resource in resources]
            for name in DESIGNS
        ]
        text += "\n" + output.markdown(
            ("design", "lanes", *(name.replace("_", " ") for name in resources)), taken
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
                axes.plot(x, [r["efficiency"] for r in runs], "o-", label=_lanes(lanes))
            axes.plot([5, 10], [0.85, 0.95], "kx", label="goals, 32 lanes")
            axes.set(
                xscale="log", ylim=(0, 1.02),
                xlabel="input activity, %", ylabel="useful additions a lane and cycle",
            )  # fmt: skip
            axes.set_xticks([0.5, 1, 2, 5, 10, 20, 50], ["0.5", "1", "2", "5", "10", "20", "50"])
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
