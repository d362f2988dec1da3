"""The same scenario in every simulator goes through the same cycles."""

from pathlib import Path

import numpy as np
import pytest
from refusal import refused
from somagate.hw.accelerator import Accelerator
from somagate.hw.generate import verilog
from somagate.hw.plan import Plan
from somagate.sim.device import default_deadline, player, scenario
from somagate.sim.ports import Ports
from somagate.sim.scenario import Record, stall_pattern

STALLS = (0.0, 0.3, 0.8)


@pytest.fixture(scope="module")
def in_amaranth(plan: Plan, x: np.ndarray) -> dict[float, Record]:
    """What Amaranth's simulator sees of one sample."""
    ports = Ports.of(plan)
    play = player("amaranth", component=Accelerator(plan), ports=ports, verilog="", folder=Path())
    return {
        stalls: play(scenario(plan, ports, x[:, :1], go=stall_pattern(stalls, 7), deadline=500))
        for stalls in STALLS
    }


def test_every_simulator_goes_through_the_same_cycles(
    engine: str, plan: Plan, x: np.ndarray, in_amaranth: dict[float, Record], models: Path
) -> None:
    if engine == "amaranth":
        counts = [record.cycles for record in in_amaranth.values()]
        assert counts == sorted(counts)
        assert counts[0] < counts[-1]
        return
    ports = Ports.of(plan)
    play = player(engine, component=None, ports=ports, verilog=verilog(plan), folder=models)
    for stalls, expected in in_amaranth.items():
        go = stall_pattern(stalls, 7)
        seen = play(scenario(plan, ports, x[:, :1], go=go, deadline=500))
        for name, value in vars(expected).items():
            assert np.array_equal(getattr(seen, name), value), (stalls, name)


def test_stalls_cost_cycles_and_change_nothing(in_amaranth: dict[float, Record]) -> None:
    free = in_amaranth[0.0]
    for record in in_amaranth.values():
        assert np.array_equal(record.observe, free.observe)
        assert np.array_equal(record.output, free.output)
        assert not record.late


def test_a_scenario_holds_all_that_is_due(plan: Plan, x: np.ndarray) -> None:
    ports = Ports.of(plan)
    whole = scenario(plan, ports, x, go=stall_pattern(0, 0), deadline=9)
    assert whole.words.shape == (3 * 3 * plan.input_words, 1)
    assert (whole.outputs, whole.deadline) == (3 * 5, 9)
    assert whole.observations == 9 * sum(len(plan.updates(layer)) for layer in range(2))


def test_the_deadline_exceeds_the_longest_gather(plan: Plan) -> None:
    assert default_deadline(plan, 0) == 4096 + 4 * 36
    assert default_deadline(plan, 0.5) == 2 * default_deadline(plan, 0)


def test_amaranth_needs_a_component(plan: Plan, tmp_path: Path) -> None:
    with refused(ValueError, "component must be given for engine 'amaranth', not None"):
        player("amaranth", component=None, ports=Ports.of(plan), verilog="", folder=tmp_path)
