"""The same array with spikes over several steps, and with 4-bit values in one.

A convolution, 3x3, 32 to 32 channels, 4-bit weights, runs on the same plan in both ways:

- spiking: 1, 2, 4 or 8 time steps at an activity between 1 and 50 %, potentials of 3 bits;
- not spiking: one step, activations of 4 bits as after a ReLU, some of which are 0, and no state.

An event is one addition a lane: a spike, or a bit of a value that is 1. So the count of bits
decides, and this says at which activity a spiking network is cheaper. Only cycles and memory are
compared; what accuracy each way reaches is a matter of training.

    python -m benchmarks.rivals.nonspiking
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import somagate.export
import somagate.hw
import somagate.sim
from somagate.hw.plan.plan import Plan
from somagate.sim.verify.settings import Setup
from somagate.sim.verify.verify import verify

from benchmarks.lib import networks, output

STEPS = (1, 2, 4, 8)
ACTIVITIES = (0.01, 0.02, 0.05, 0.10, 0.20, 0.30, 0.50)
ZEROS = (0.3, 0.5, 0.7)
VALUE_BITS = 4
STATE_BITS = 3
SAMPLES = 4


def run(plan: Plan, x: Any) -> dict[str, Any]:
    """Return cycles and additions a sample of the convolution, on RTL that equals golden."""
    verdict = verify(plan, x, setup=Setup(workers=1))
    if not verdict.equal:
        raise RuntimeError(verdict.summary)
    layer = verdict.layers[0]
    return {
        "cycles": layer.cycles / x.shape[1],
        "additions": layer.additions / x.shape[1],
        "efficiency": layer.efficiency,
    }


def plan_of(steps: int, value_bits: int) -> Plan:
    """Return the one plan, of either network."""
    tables = networks.convolution(steps=steps, value_bits=value_bits)
    return Plan.single(tables, lanes=32, update_lanes=4, word_bits=32)


def spiking(steps: int, rate: float) -> dict[str, Any]:
    """Measure spikes over several steps."""
    plan = plan_of(steps, 0)
    x = networks.spikes(plan.tables, rate, SAMPLES)
    return run(plan, x) | {"activity": float(x.mean())}


def not_spiking(zeros: float) -> dict[str, Any]:
    """Measure values in one step."""
    plan = plan_of(1, VALUE_BITS)
    x = networks.values(plan.tables, zeros, SAMPLES)
    bits = np.unpackbits(x.astype(np.uint8)[..., None], axis=-1).sum() / (x.size * VALUE_BITS)
    return run(plan, x) | {"zeros": float((x == 0).mean()), "bits_set": float(bits)}


def break_even(cycles: list[tuple[float, float]], limit: float) -> float | None:
    """Return the activity at which the cycles reach `limit`, in between two by a straight line.

    None where they are fewer at every activity measured.
    """
    for (low, before), (high, after) in zip(cycles, cycles[1:], strict=False):
        if before <= limit < after:
            return low + (high - low) * (limit - before) / (after - before)
    return None


def simulated(out: Path) -> output.Kept:
    """Return what is kept of simulations."""
    code = output.sources(
        *(somagate.export, somagate.hw, somagate.sim, networks, sys.modules[__name__]),
        tools=("verilator", "yosys"),
    )
    return output.Kept(out / "kept", code)


def measure(out: Path) -> dict[str, Any]:
    """Measure everything."""
    kept = simulated(out)
    values = [kept.get("values", {"zeros": z}, lambda z=z: not_spiking(z)) for z in ZEROS]
    spikes = {
        str(steps): [
            kept.get("spikes", {"steps": steps, "activity": a}, lambda s=steps, a=a: spiking(s, a))
            for a in ACTIVITIES
        ]
        for steps in STEPS
    }
    equal = {
        steps: [
            break_even([(run["activity"], run["cycles"]) for run in runs], value["cycles"])
            for value in values
        ]
        for steps, runs in spikes.items()
    }
    shape = networks.convolution().neuron_shapes["conv"]
    neurons, inputs = int(np.prod(shape)), int(np.prod(networks.convolution().input.shape))
    memory = {
        "spiking": {"potentials": STATE_BITS * neurons, "input map": inputs},
        "not spiking": {"potentials": 0, "input map": VALUE_BITS * inputs},
    }
    return {"values": values, "spikes": spikes, "break_even": equal, "memory_bits": memory}


def report(result: dict[str, Any]) -> str:
    """Return the tables in Markdown."""
    rows = [
        ["values, 1 step", f"{run['zeros']:.0%} zeros, {run['bits_set']:.1%} of bits set",
         f"{run['cycles']:,.0f}", f"{run['additions']:,.0f}", f"{run['efficiency']:.3f}"]
        for run in result["values"]
    ]  # fmt: skip
    for steps, runs in result["spikes"].items():
        rows += [
            [f"spikes, {steps} step{'s' * (steps != '1')}", f"{run['activity']:.1%} activity",
             f"{run['cycles']:,.0f}", f"{run['additions']:,.0f}", f"{run['efficiency']:.3f}"]
            for run in runs
        ]  # fmt: skip
    header = ("input", "of which", "cycles", "additions", "a lane and cycle")
    text = "One inference of the convolution, 32 lanes:\n\n" + output.markdown(header, rows)
    text += "\nSpiking takes fewer cycles below this activity:\n\n"
    header = ("steps", *(f"than values with {zeros:.0%} zeros" for zeros in ZEROS))
    text += output.markdown(
        header,
        [
            [
                steps,
                *(f"any up to {ACTIVITIES[-1]:.0%}" if a is None else f"{a:.1%}" for a in found),
            ]
            for steps, found in result["break_even"].items()
        ],
    )
    text += "\nBits of memory beside the weights:\n\n"
    names = ("potentials", "input map")
    rows = [
        [kind, *(f"{found[name]:,}" for name in names), f"{sum(found.values()):,}"]
        for kind, found in result["memory_bits"].items()
    ]
    return text + output.markdown(("network", *names, "together"), rows)


def plot(folder: Path, result: dict[str, Any]) -> None:
    """Draw the cycles over the activity, and those of values as lines."""

    def curves(axes: Any) -> None:
        for steps, runs in result["spikes"].items():
            x = [100 * run["activity"] for run in runs]
            axes.plot(x, [run["cycles"] for run in runs], "o-", label=f"spikes, T = {steps}")
        for zeros, value in zip(ZEROS, result["values"], strict=True):
            axes.axhline(value["cycles"], color="k", linestyle="--", linewidth=0.8)
            axes.text(1, value["cycles"], f"4-bit values, {zeros:.0%} zeros", va="bottom", size=7)
        axes.set(xscale="log", yscale="log", xlabel="activity, %", ylabel="cycles, one convolution")
        axes.set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
        axes.legend(loc="lower right")

    output.figure(folder, "nonspiking", curves)


def main() -> None:
    """Measure, and write tables and a plot."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/nonspiking"))
    parser.add_argument("--json", action="store_true", help="print JSON instead of the tables")
    arguments = parser.parse_args()
    result = measure(arguments.out)
    output.write(arguments.out, "nonspiking", result, report(result), as_json=arguments.json)
    plot(arguments.out, result)


if __name__ == "__main__":
    main()
