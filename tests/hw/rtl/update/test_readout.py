"""The readout counts spikes or takes potentials, and of equal values the lowest class wins."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from plans import a_stage, network, neuron
from somagate.export.neuron import Shift
from somagate.export.tables import Readout as Answer
from somagate.hw.plan.stage_plan import StagePlan
from somagate.hw.rtl.update.readout import Readout
from stream_bench import Bench

LANES = [(1, 1), (4, 2), (8, 4), (8, 8), (16, 16)]


def a_plan(kind: str, classes: int, steps: int, lanes: int, update_lanes: int) -> StagePlan:
    """Return a plan whose readout stores 5 bits, behind a layer that stores 8."""
    tables = network((6,), [3], classes=classes, steps=steps)
    last = tables.layers[-1]
    fires: dict[str, Any] = {"threshold": None, "reset": "none"} if kind == "potential" else {}
    last = replace(last, neuron=neuron(classes, store=Shift(bits=5, shift=0), **fires))
    tables = replace(
        tables, layers=(*tables.layers[:-1], last), readout=Answer(layer="out", kind=kind)
    )
    return a_stage(tables, lanes=lanes, update_lanes=update_lanes)


def read_out(plan: StagePlan, spikes: Any, potentials: Any, stalls: str) -> None:
    """Send the chunks of (inferences, steps, classes) and compare every result."""
    width = plan.update_lanes
    inferences, steps, classes = spikes.shape
    chunks, first_steps, last_steps = [], [], []
    for inference in range(inferences):
        for step in range(steps):
            for start in range(0, classes, width):
                fires = spikes[inference, step, start : start + width]
                v = potentials[inference, step, start : start + width].tolist()
                chunks.append(
                    {
                        "spikes": sum(int(fire) << lane for lane, fire in enumerate(fires)),
                        "potentials": v + [0] * (width - len(v)),
                        "chunk": start % plan.lanes // width,
                        "first": 1,
                        "final": 1,
                        "tail": start + width >= classes,
                        "row_end": start + width >= classes,
                    }
                )
                first_steps.append(step == 0)
                last_steps.append(step == steps - 1)
    count = plan.tables.readout.kind == "count"
    values = spikes.sum(1) if count else potentials[:, -1]
    wanted = [
        {
            "value": int(value),
            "index": index,
            "prediction": int(np.argmax(row[: index + 1])),
            "last": int(index == classes - 1),
        }
        for row in values
        for index, value in enumerate(row)
    ]
    dut = Readout(plan)
    bench = Bench(dut, stalls=stalls, seed=classes)
    static = [(dut.first_step, first_steps), (dut.last_step, last_steps)]
    bench.send("chunks", dut.chunks, chunks, static=static)
    results = bench.receive("results", dut.results, len(wanted))
    bench.run(8 * (len(chunks) + len(wanted)) + 100)
    results.must_be(wanted)


@pytest.mark.parametrize("classes", [1, 2, 3, 8, 10, 17])
@pytest.mark.parametrize(("lanes", "update_lanes"), LANES)
@pytest.mark.parametrize("kind", ["count", "potential"])
def test_several_inferences_in_a_row(
    kind: str, lanes: int, update_lanes: int, classes: int, stalls: str
) -> None:
    steps = 3  # so few that many classes are equal
    plan = a_plan(kind, classes, steps, lanes, update_lanes)
    rng = np.random.default_rng([classes, lanes])
    spikes = rng.random((6, steps, classes)) < 0.5
    potentials = rng.integers(-16, 16, spikes.shape)
    potentials[1::2] //= 6
    read_out(plan, spikes, potentials, stalls)


@pytest.mark.parametrize("steps", [1, 2, 7, 8])
def test_counts_reach_the_number_of_steps(steps: int) -> None:
    plan = a_plan("count", 6, steps, 4, 2)
    spikes = np.zeros((4, steps, 6), bool)
    spikes[0] = True
    spikes[1, :, 4] = True
    spikes[2, : steps - 1] = True
    spikes[2, :, 5] = True
    read_out(plan, spikes, np.zeros(spikes.shape, int), "random")


@pytest.mark.parametrize("value", [-16, -1, 0, 15])
def test_of_equal_potentials_the_lowest_class_wins(value: int) -> None:
    plan = a_plan("potential", 5, 2, 4, 2)
    potentials = np.full((6, 2, 5), value)
    for winner in range(5):
        potentials[winner, -1] = -16
        potentials[winner, -1, winner:] = value
    read_out(plan, np.zeros(potentials.shape, bool), potentials, "random")


def test_potentials_before_the_last_step_do_not_count() -> None:
    plan = a_plan("potential", 4, 3, 4, 4)
    potentials = np.full((2, 3, 4), 15)
    potentials[:, -1] = [-5, -3, -3, -16]
    read_out(plan, np.ones(potentials.shape, bool), potentials, "random")
