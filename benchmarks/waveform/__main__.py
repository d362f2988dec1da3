"""Draw docs/inference.svg: the ports of an accelerator through one inference, as Verilator has it.

The network is two neurons on three inputs for three time steps, so that all of it can be seen. One
command simulates its Verilog and draws what was traced; a test compares:

    python -m benchmarks.waveform
"""

import argparse
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from somagate.export.neuron import Leak, Neuron, Shift
from somagate.export.synapse import Dense
from somagate.export.tables import Input, Layer, Readout, Tables
from somagate.hw.generate import TOP, verilog
from somagate.hw.plan.plan import Plan
from somagate.hw.rtl.update.readout import ResultLayout
from somagate.sim.bench import native_engine
from somagate.sim.bench.ports import Ports, to_limbs
from somagate.sim.bench.scenario import Scenario

PICTURE = Path(__file__).parents[2] / "docs" / "inference.svg"
INPUT = [[1, 0, 1], [0, 1, 1], [1, 1, 0]]
"""Spikes of each time step."""
CYCLE = 10
"""Of the trace's units; the clock rises in its middle."""
STYLE: dict[str, Any] = {"svg.hashsalt": "somagate", "svg.fonttype": "none", "font.size": 8}


@dataclass(frozen=True, kw_only=True)
class Run:
    """A simulation of one inference.

    Attributes
    ----------
    signals
        Of each port of the module what it is in every cycle, as a clock edge at its end sees it.
    cycles
        Up to a little after the answer.
    plan
        Of the accelerator.
    """

    signals: dict[str, list[int]]
    cycles: int
    plan: Plan


def network() -> Tables:
    """Return two neurons that read three inputs."""
    neuron = Neuron(
        bias=np.array([0, 1]), threshold=np.array([4, 4]), reset="zero",
        leak=Leak(multiplier=np.array(3), shift=2), store=Shift(bits=4, shift=0),
    )  # fmt: skip
    group = Dense(source="input", weights=np.array([[1, -2, 3], [0, 2, 1]]), bits=3)
    layer = Layer(name="output", synapses=(group,), neuron=neuron)
    readout = Readout(layer="output", kind="count")
    return Tables(name="two", steps=3, input=Input(shape=(3,)), layers=(layer,), readout=readout)


def simulated() -> Run:
    """Simulate the Verilog of `network`, whose answer is taken a little late, and trace it."""
    plan = Plan.single(network(), lanes=2, update_lanes=1, word_bits=8)
    ports = Ports.of(plan)
    words = plan.pack_input(np.array(INPUT))
    scenario = Scenario(
        words={"input": to_limbs(words, ports.limbs("input"))},
        due={"output": plan.classes, "observe": 0}, deadline=1000,
        go={"output": np.array([0, 0, 1], np.uint8)},
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        library = native_engine.build(verilog(plan), ports, Path(name), traced=True)
        trace = Path(name, "trace.vcd")
        record = native_engine.run(library, ports, scenario, trace=trace)
        cycles = int(record.times["output"][-1]) + 3
        return Run(signals=ports_of(trace, cycles), cycles=cycles, plan=plan)


def ports_of(trace: Path, cycles: int) -> dict[str, list[int]]:
    """Return what each port of the module is in each cycle, just before the clock rises."""
    header, changes = trace.read_text(encoding="utf-8").split("$enddefinitions", 1)
    own = header.split(f"$scope module {native_engine.WRAPPER} $end")[1]
    own = own.split(f"$scope module {TOP} $end")[1].split("$scope")[0]
    ports = dict(re.findall(r"\$var wire \d+ (\S+) ((?:in|out)put__\w+)(?: \[\d+:0\])? \$end", own))
    values: dict[str, int] = {}
    found: list[dict[str, int]] = []
    for time, bit, bits, code in re.findall(
        r"^(?:#(\d+)|(?:([01])|b([01]+) )(\S+))$", changes, re.MULTILINE
    ):
        if code:
            values[code] = int(bit or bits, 2)
        while time and len(found) * CYCLE + CYCLE // 2 <= int(time):
            found.append(dict(values))
    return {name: [seen[code] for seen in found[:cycles]] for code, name in ports.items()}


def draw(run: Run, path: Path) -> None:
    """Draw the streams of a run, one signal below the other."""
    layout = ResultLayout(run.plan.stages[0])
    signals = run.signals

    def said(name: str, cycle: int) -> str:
        if name.startswith("input"):
            return f"{signals[name][cycle]:02x}"
        result = layout.from_bits(signals[name][cycle])
        last = ", last" if result.last else ""
        return f"value {result.value}, prediction {result.prediction}{last}"

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 2.6), layout="constrained")
        axes = figure.subplots()
        rows = ["clk"] + [
            f"{stream}__{signal}"
            for stream in ("input", "output")
            for signal in ("valid", "ready", "payload")
        ]
        for row, name in enumerate(rows):
            low = -1.4 * row
            if name == "clk":
                edges = np.arange(2 * run.cycles + 1) / 2
                levels = (np.arange(2 * run.cycles + 1) + 1) % 2
                axes.step(edges, low + 0.8 * levels, where="post", color="0.4", linewidth=0.6)
            elif name.endswith("payload"):
                valid = signals[name.replace("payload", "valid")]
                for number, (first, end) in enumerate(spans(valid, signals[name])):
                    axes.fill_between([first, end], low, low + 0.8, color="C0", alpha=0.25)
                    inside = name.startswith("input")
                    place = (first + end) / 2 if inside else first - 0.3
                    axes.text(
                        place, low + (0.4 if inside else 0.4 - 0.95 * number), said(name, first),
                        ha="center" if inside else "right", va="center", fontsize=6,
                    )  # fmt: skip
            else:
                levels = np.array([*signals[name], signals[name][-1]])
                edges = np.arange(run.cycles + 1)
                axes.step(edges, low + 0.8 * levels, where="post", color="C0", linewidth=1)
        for stream in ("input", "output"):
            for cycle in range(run.cycles):
                if signals[f"{stream}__valid"][cycle] and signals[f"{stream}__ready"][cycle]:
                    axes.axvline(cycle + 1, color="C3", linewidth=0.6, linestyle=":")
        axes.set_yticks([0.4 - 1.4 * row for row in range(len(rows))], rows, family="monospace")
        axes.set_xlabel("cycle; the clock rises where a new one begins")
        axes.set_xlim(0, run.cycles)
        axes.set_ylim(-1.4 * len(rows) + 0.3, 1.1)
        axes.tick_params(axis="y", length=0)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def spans(valid: Sequence[int], values: Sequence[int]) -> list[tuple[int, int]]:
    """Return the cycles, first and behind the last, in which a payload is valid and the same."""
    found: list[tuple[int, int]] = []
    for cycle, shown in enumerate(valid):
        if not shown:
            continue
        if found and found[-1][1] == cycle and values[cycle] == values[cycle - 1]:
            found[-1] = found[-1][0], cycle + 1
        else:
            found.append((cycle, cycle + 1))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=PICTURE)
    draw(simulated(), parser.parse_args(arguments).out)


if __name__ == "__main__":
    main()
