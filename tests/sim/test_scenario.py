from pathlib import Path

import numpy as np
import pytest
from playback import Script, recorded
from refusal import refused
from somagate.hw.plan import Plan
from somagate.sim.scenario import Record, Scenario, stall_pattern


@pytest.mark.parametrize("probability", [0.1, 0.4, 0.9])
def test_a_pattern_stalls_as_often_as_asked(probability: float) -> None:
    go = stall_pattern(probability, seed=3)
    assert np.allclose(1 - go.mean(1), probability, atol=0.02)
    again, other = stall_pattern(probability, seed=3), stall_pattern(probability, seed=4)
    assert np.array_equal(go, again)
    assert not np.array_equal(go, other)
    assert not np.array_equal(go[0], go[1])


def test_no_stalls_are_no_pattern() -> None:
    assert stall_pattern(0, seed=1).size == 0


@pytest.mark.parametrize("probability", [-0.1, 0.91, 1, 2])
def test_a_probability_out_of_range_is_refused(probability: float) -> None:
    with refused(ValueError, f"stalls must be a probability 0…0.9, not {probability}"):
        stall_pattern(probability, seed=1)


@pytest.mark.parametrize("probability", [0, 0.5])
def test_a_scenario_comes_back_from_its_file(tmp_path: Path, probability: float) -> None:
    words = np.arange(12, dtype=np.uint32).reshape(6, 2)
    go = stall_pattern(probability, seed=1)
    first = Scenario(words=words, outputs=5, observations=7, deadline=100, go=go)
    first.save(tmp_path / "s")
    second = Scenario.load(tmp_path / "s")
    assert np.array_equal(second.words, words)
    assert [second.pattern(n) for n in ("input", "output")] == [
        first.pattern(n) for n in ("input", "output")
    ]
    assert (second.outputs, second.observations, second.deadline) == (5, 7, 100)


def test_a_record_comes_back_from_its_file(tmp_path: Path, plan: Plan, played: Script) -> None:
    first = recorded(plan, played)
    first.save(tmp_path / "r")
    second = Record.load(tmp_path / "r")
    for name, value in vars(first).items():
        assert np.array_equal(getattr(second, name), value), name
