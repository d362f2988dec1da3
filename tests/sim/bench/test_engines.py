"""The same scenario in every simulator goes through the same cycles.

The accelerator has every kind of stream: a chain of two stages, into which tables are loaded.
"""

from pathlib import Path

import numpy as np
import pytest
from refusal import refused
from small_network import small_network
from somagate.hw.generate import verilog
from somagate.hw.plan.loading import words
from somagate.hw.plan.plan import Plan
from somagate.hw.rtl.accelerator import Accelerator
from somagate.sim.bench.engines import default_deadline, player, scenario
from somagate.sim.bench.ports import Ports
from somagate.sim.bench.scenario import Record, Scenario, stall_pattern

STALLS = (0.0, 0.6)


def stalled(plan: Plan, x: np.ndarray, stalls: float) -> Scenario:
    """Return one sample with stalls, behind the words that load other tables."""
    ports = Ports.of(plan)
    config = words(plan, small_network(2))
    go = stall_pattern(stalls, 7, ports.widths)
    return scenario(plan, ports, x[:, :1], config=config, go=go, deadline=500)


def same(record: Record, expected: Record) -> None:
    """Compare two records, cycle for cycle."""
    assert (record.cycles, record.late) == (expected.cycles, expected.late)
    for kind in ("times", "payloads"):
        ours, theirs = getattr(record, kind), getattr(expected, kind)
        assert set(ours) == set(theirs)
        for name, value in theirs.items():
            assert np.array_equal(ours[name], value), (kind, name)


@pytest.fixture(scope="module")
def in_amaranth(chain: Plan, x: np.ndarray) -> dict[float, Record]:
    """What Amaranth's simulator sees of one sample."""
    ports = Ports.of(chain)
    play = player("amaranth", component=Accelerator(chain), ports=ports, verilog="", folder=Path())
    return {stalls: play(stalled(chain, x, stalls)) for stalls in STALLS}


def test_every_simulator_goes_through_the_same_cycles(
    engine: str, chain: Plan, x: np.ndarray, in_amaranth: dict[float, Record], models: Path
) -> None:
    if engine == "amaranth":
        counts = [record.cycles for record in in_amaranth.values()]
        assert counts == sorted(counts)
        assert counts[0] < counts[-1]
        return
    ports = Ports.of(chain)
    play = player(engine, component=None, ports=ports, verilog=verilog(chain), folder=models)
    for stalls, expected in in_amaranth.items():
        same(play(stalled(chain, x, stalls)), expected)


def test_stalls_cost_cycles_and_change_nothing(in_amaranth: dict[float, Record]) -> None:
    free = in_amaranth[0.0]
    assert list(free.payloads) == ["output", "observe_0", "observe_1"]
    for record in in_amaranth.values():
        for name, payloads in free.payloads.items():
            assert np.array_equal(record.payloads[name], payloads)
        assert not record.late


def test_a_scenario_holds_all_that_is_due(plan: Plan, x: np.ndarray) -> None:
    ports = Ports.of(plan)
    whole = scenario(plan, ports, x, go={}, deadline=9)
    assert whole.words["input"].shape == (3 * 3 * plan.input_words, 1)
    observations = 9 * sum(len(plan.updates(layer)) for layer in range(2))
    assert whole.due == {"output": 3 * 5, "observe": observations}
    assert whole.deadline == 9


def test_each_stage_has_its_own_observations(chain: Plan, x: np.ndarray) -> None:
    ports = Ports.of(chain)
    whole = scenario(chain, ports, x, config=[7, 8], go={}, deadline=9)
    assert whole.words["config"].tolist() == [[7], [8]]
    due = {f"observe_{layer}": 9 * len(chain.updates(layer)) for layer in range(2)}
    assert whole.due == {"output": 3 * 5, **due}


def test_the_input_waits_for_what_is_loaded(in_amaranth: dict[float, Record]) -> None:
    for record in in_amaranth.values():
        loaded, first = record.times["config"][-1], record.times["input"][0]
        assert first >= loaded + 2
        assert len(record.times["config"]) > 100
    assert in_amaranth[0.0].times["input"][0] == in_amaranth[0.0].times["config"][-1] + 2


def test_the_deadline_exceeds_the_longest_gather(plan: Plan) -> None:
    assert default_deadline(plan, 0) == 4096 + 4 * 36
    assert default_deadline(plan, 0.5) == 2 * default_deadline(plan, 0)


def test_amaranth_needs_a_component(plan: Plan, tmp_path: Path) -> None:
    with refused(ValueError, "component must be given for engine 'amaranth', not None"):
        player("amaranth", component=None, ports=Ports.of(plan), verilog="", folder=tmp_path)
