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


KINDS: dict[str, dict[str, Any]] = {
    "count": {},
    "potential": {"kind": "potential"},
    "first": {"kind": "first"},
    "largest": {"kind": "potential", "over": "largest"},
    "sum": {"kind": "potential", "over": "sum"},
    "every": {"kind": "potential", "over": "every"},
}


def a_plan(
    kind: str, neurons: int, steps: int, lanes: int, update_lanes: int, voters: int = 1
) -> StagePlan:
    """Return a plan whose readout stores 5 bits, behind a layer that stores 8."""
    classes = neurons
    tables = network((6,), [3], classes=classes, steps=steps)
    last = tables.layers[-1]
    silent = KINDS[kind].get("kind") == "potential"
    fires: dict[str, Any] = {"threshold": None, "reset": "none"} if silent else {}
    last = replace(last, neuron=neuron(classes, store=Shift(bits=5, shift=0), **fires))
    answer = Answer(layer="out", voters=voters, **KINDS[kind])
    tables = replace(tables, layers=(*tables.layers[:-1], last), readout=answer)
    return a_stage(tables, lanes=lanes, update_lanes=update_lanes)


def answers(plan: StagePlan, spikes: Any, potentials: Any) -> list[list[int]]:
    """Return the answers of one inference, of (steps, classes), one value a neuron at a time."""
    readout, steps = plan.tables.readout, len(spikes)
    found = []
    for c in range(spikes.shape[1]):
        fires, v = [int(s) for s in spikes[:, c]], [int(p) for p in potentials[:, c]]
        values = {
            "count": [sum(fires)],
            "first": [steps - fires.index(1) if any(fires) else 0],
            "potential": v if readout.over == "every" else [
                {"last": v[-1], "largest": max(v), "sum": sum(v)}[readout.over]
            ],
        }[readout.kind]  # fmt: skip
        found.append(values)
    return [
        [sum(step[at : at + readout.voters]) for at in range(0, len(step), readout.voters)]
        for step in zip(*found, strict=True)
    ]


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
    values = [answer for sample in range(inferences)
              for answer in answers(plan, spikes[sample], potentials[sample])]  # fmt: skip
    wanted = [
        {
            "value": int(value),
            "index": index,
            "prediction": int(np.argmax(row[: index + 1])),
            "last": int(index == len(row) - 1),
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
@pytest.mark.parametrize("kind", KINDS)
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


@pytest.mark.parametrize(("lanes", "update_lanes"), LANES[:3])
@pytest.mark.parametrize(("classes", "voters"), [(1, 3), (4, 2), (3, 5), (2, 8)])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "first"])
def test_neurons_vote(
    kind: str, classes: int, voters: int, lanes: int, update_lanes: int, stalls: str
) -> None:
    plan = a_plan(kind, classes * voters, 4, lanes, update_lanes, voters)
    rng = np.random.default_rng([classes, lanes])
    spikes = rng.random((4, 4, classes * voters)) < 0.5
    potentials = rng.integers(-16, 16, spikes.shape)
    potentials[0], potentials[1] = 15, -16
    spikes[0] = True
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
