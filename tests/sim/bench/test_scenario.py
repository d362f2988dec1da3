from pathlib import Path

import numpy as np
import pytest
from playback import Script, recorded
from refusal import refused
from somagate.hw.plan.plan import Plan
from somagate.sim.bench.scenario import SETTLE_CYCLES, Record, Scenario, stall_pattern


@pytest.mark.parametrize("probability", [0.1, 0.4, 0.9])
def test_a_pattern_stalls_as_often_as_asked(probability: float) -> None:
    go, again, other = (stall_pattern(probability, seed, "abc") for seed in (3, 3, 4))
    assert list(go) == ["a", "b", "c"]
    for name, pattern in go.items():
        assert np.isclose(1 - pattern.mean(), probability, atol=0.02)
        assert np.array_equal(pattern, again[name])
        assert not np.array_equal(pattern, other[name])
    assert not np.array_equal(go["a"], go["b"])


def test_no_stalls_are_no_pattern() -> None:
    assert stall_pattern(0, 1, "abc") == {}


@pytest.mark.parametrize("probability", [-0.1, 0.91, 1, 2])
def test_a_probability_out_of_range_is_refused(probability: float) -> None:
    with refused(ValueError, f"stalls must be a probability 0…0.9, not {probability}"):
        stall_pattern(probability, 1, "abc")


@pytest.mark.parametrize("probability", [0, 0.5])
def test_a_scenario_comes_back_from_its_file(tmp_path: Path, probability: float) -> None:
    words = np.arange(12, dtype=np.uint32).reshape(6, 2)
    first = Scenario(
        words={"config": words[:0], "input": words},
        due={"output": 5, "observe_0": 7, "observe_1": 8},
        deadline=100,
        go=stall_pattern(probability, 1, ("config", "input", "output", "observe_0", "observe_1")),
    )
    first.save(tmp_path / "s")
    second = Scenario.read(tmp_path / "s")
    assert set(second.words) == {"config", "input"}
    for name in ("config", "input"):
        assert np.array_equal(second.words[name], first.words[name])
    for name in ("config", "input", "output", "observe_0", "observe_1"):
        assert second.pattern(name) == first.pattern(name)
    assert (second.due, second.deadline) == (first.due, 100)
    assert second.room("observe_1") == 8 + SETTLE_CYCLES


def test_a_record_comes_back_from_its_file(tmp_path: Path, plan: Plan, played: Script) -> None:
    first = recorded(plan, played)
    first.save(tmp_path / "r")
    second = Record.read(tmp_path / "r")
    assert (second.cycles, second.late) == (first.cycles, first.late)
    for kind in ("times", "payloads"):
        ours, theirs = getattr(second, kind), getattr(first, kind)
        assert set(ours) == set(theirs)
        for name, value in theirs.items():
            assert np.array_equal(ours[name], value), (kind, name)
