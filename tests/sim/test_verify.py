import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from networks import FEATURES, cases
from playback import Playback, Script, changed
from refusal import refused
from somagate.export.tables import Tables
from somagate.hw.generate import verilog
from somagate.hw.plan import Plan
from somagate.hw.support import UnsupportedError
from somagate.sim.chunks import CHUNK_SAMPLES
from somagate.sim.ports import Ports
from somagate.sim.verify import verify

NEURONS = 3 * (4 * 6 * 6 + 5)
"""Updates of a sample."""


def samples(count: int) -> np.ndarray:
    return (np.random.default_rng(8).random((3, count, 2, 6, 6)) < 0.3).astype(np.uint8)


@pytest.fixture(scope="module")
def faulty(plan: Plan, played: Script) -> Script:
    """Wrong in the lowest potential bit of lane 1 of one update, and silent after one sample."""
    field = Ports.of(plan).observe["potentials"]
    one = len(played) // 3
    return changed(played, "observe", 60, field.offset + field.width)[: one + 20]


def test_every_engine_finds_the_accelerator_equal(engine: str, plan: Plan, models: Path) -> None:
    x = samples(3)
    free, stalled = (
        verify(plan, x, engine=engine, stalls=stalls, seed=2, folder=models)
        for stalls in (0.0, 0.4)
    )
    assert (
        str(free)
        == f"RTL equals golden on 3 samples: {3 * NEURONS} spikes and {3 * NEURONS} potentials"
    )
    assert free.equal
    assert stalled.equal
    assert (free.engine, free.tables) == (engine, plan.tables.sha256)
    assert len(free.sample_cycles) == 3
    assert sum(free.sample_cycles) < sum(stalled.sample_cycles)
    assert [layer.name for layer in free.layers] == ["hidden", "output"]
    assert all(0 < layer.efficiency <= 1 for layer in free.layers)
    assert sum(layer.cycles for layer in free.layers) <= free.cycles


SUPPORTED = FEATURES - {
    *("groups", "identity", "several", "recurrent", "sum pool", "ternary"),
    *("count input", "value input", "signed input", "constant input"),
}


@settings(deadline=None, max_examples=20)
@given(
    case=cases(SUPPORTED),
    numbers=st.sampled_from([(1, 1, 8), (3, 1, 8), (4, 2, 16), (5, 1, 32), (8, 8, 8)]),
    stalls=st.sampled_from([0.0, 0.4]),
)
def test_random_networks_are_equal(
    case: tuple[Tables, np.ndarray], numbers: tuple[int, int, int], stalls: float
) -> None:
    tables, x = case
    lanes, update_lanes, word_bits = numbers
    try:
        plan = Plan(tables=tables, lanes=lanes, update_lanes=update_lanes, word_bits=word_bits)
    except UnsupportedError:
        reject()
    verdict = verify(plan, x, engine="amaranth", stalls=stalls)
    assert verdict.equal, str(verdict)


def test_every_engine_finds_and_names_one_wrong_bit(
    engine: str, plan: Plan, faulty: Script, x: np.ndarray, models: Path
) -> None:
    verdict = verify(
        plan, x, samples=1, component=Playback(plan, faulty), engine=engine, folder=models
    )
    channel, row, column = plan.updates(0)[60, 1]
    assert not verdict.equal
    assert verdict.difference is not None
    value, wrong = verdict.difference.values
    assert abs(value - wrong) == 1
    assert str(verdict) == (
        f"golden and RTL differ first in layer hidden, step 0, sample 0, channel {channel}, "
        f"row {row}, column {column}: potential {value} and {wrong}; 1 value differs in all"
    )
    assert (verdict.spikes, verdict.potentials) == (NEURONS, NEURONS)


def test_every_engine_gives_up_at_the_deadline(
    engine: str, plan: Plan, faulty: Script, x: np.ndarray, models: Path
) -> None:
    verdict = verify(
        plan, x, component=Playback(plan, faulty), engine=engine, folder=models, deadline=300
    )
    rest = 20 - plan.input_words
    last = 3 * (len(faulty) - 1)
    end = -(-(last + 300 + 2) // 256) * 256 - 1
    assert verdict.fault == (
        f"layer hidden, step 0, sample 1: update {rest} did not come: "
        f"no transfer came from cycle {last + 1} to {end}"
    )
    assert str(verdict).startswith("golden and RTL differ first in layer hidden, step 0, sample 0")
    assert str(verdict).endswith(verdict.fault)
    assert len(verdict.sample_cycles) == 1


def test_a_bench_that_sends_wrong_words_would_be_found(
    plan: Plan, played: Script, x: np.ndarray, models: Path
) -> None:
    found = changed(played, "input", 0, 3)
    verdict = verify(plan, x, component=Playback(plan, found), engine="amaranth", folder=models)
    assert not verdict.equal


def with_one_weight_changed(tables: Tables) -> Tables:
    layer = tables.layers[1]
    weights = layer.synapses[0].weights.copy()
    weights[3] = 3
    changed = replace(layer, synapses=(replace(layer.synapses[0], weights=weights),))
    return replace(tables, layers=(tables.layers[0], changed))


def test_verilog_of_other_tables_differs(plan: Plan, tmp_path: Path, models: Path) -> None:
    path = tmp_path / "before.v"
    path.write_text(verilog(plan))
    other = replace(plan, tables=with_one_weight_changed(plan.tables))
    for text in (path, path.read_text()):
        assert verify(plan, samples(2), verilog=text, folder=models).equal
        verdict = verify(other, samples(2), verilog=text, folder=models)
        assert not verdict.equal
        assert verdict.difference is not None
        assert verdict.difference.layer == "output"
        assert verdict.difference.place == (3,)
        assert verdict.tables == other.tables.sha256


@pytest.mark.parametrize("engine", ["native", "cocotb-verilator"])
def test_nothing_is_compiled_twice(engine: str, plan: Plan, models: Path) -> None:
    first = verify(plan, samples(2), engine=engine, folder=models)
    before = {path: path.stat().st_mtime_ns for path in models.rglob("*")}
    second = verify(plan, samples(2), engine=engine, folder=models)
    assert {path: path.stat().st_mtime_ns for path in models.rglob("*")} == before
    assert replace(second, seconds=0) == replace(first, seconds=0)


class Lazy:
    """Samples that remember which of them were asked for."""

    def __init__(self, x: np.ndarray) -> None:
        self.x, self.asked = x, []

    def __len__(self) -> int:
        return self.x.shape[1]

    def __getitem__(self, chosen: slice) -> np.ndarray:
        self.asked.append((chosen.start, chosen.stop))
        return self.x[:, chosen]


def test_samples_are_made_a_chunk_at_a_time(plan: Plan, models: Path) -> None:
    count = 2 * CHUNK_SAMPLES + 3
    lazy, told = Lazy(samples(count + 5)), []
    verdict = verify(
        plan, lazy, samples=count, folder=models, workers=1,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert verdict.equal
    assert verdict.samples == len(verdict.sample_cycles) == count
    assert verdict.spikes == count * NEURONS
    assert told == [(16, count), (32, count), (count, count)]
    assert set(lazy.asked) == {(0, 16), (16, 32), (32, count)}
    assert verify(plan, samples(count + 5), samples=count, folder=models).sample_cycles == (
        verdict.sample_cycles
    )


def test_a_chunk_that_differs_is_the_last(plan: Plan, models: Path) -> None:
    other = replace(plan, tables=with_one_weight_changed(plan.tables))
    text = verilog(plan)
    x = samples(3 * CHUNK_SAMPLES)
    x[:, :20] = 0  # no spike, so no weight
    assert verify(other, x, verilog=text, samples=20, folder=models).equal
    told: list[int] = []
    verdict = verify(
        other, x, verilog=text, folder=models, workers=2, progress=lambda done, _: told.append(done)
    )
    assert told == [16, 32]
    assert not verdict.equal
    assert verdict.samples == 32
    assert verdict.difference is not None
    assert 20 <= verdict.difference.sample < 32


def test_verification_goes_on_where_it_was_left(plan: Plan, tmp_path: Path, models: Path) -> None:
    x = samples(2 * CHUNK_SAMPLES)
    half = verify(plan, x, samples=CHUNK_SAMPLES, folder=models, resume=tmp_path)
    (kept,) = tmp_path.iterdir()
    content = json.loads(kept.read_text())
    kept.write_text(json.dumps(content | {"seconds": 1000}))
    whole = verify(plan, x, folder=models, resume=tmp_path)
    assert whole.equal
    assert whole.seconds > 1000
    assert whole.sample_cycles[:CHUNK_SAMPLES] == half.sample_cycles
    assert len(list(tmp_path.iterdir())) == 2
    # Everything that could change a verdict starts again.
    x[0, 0] ^= 1
    assert verify(plan, x, folder=models, resume=tmp_path).seconds < 1000
    x[0, 0] ^= 1
    assert verify(plan, x, folder=models, resume=tmp_path, stalls=0.1).seconds < 1000
    assert verify(plan, x, folder=models, resume=tmp_path, seed=1).seconds < 1000
    other = replace(plan, tables=with_one_weight_changed(plan.tables))
    assert not verify(other, x, verilog=verilog(plan), folder=models, resume=tmp_path).equal


def test_a_chunk_that_differs_is_not_kept(plan: Plan, tmp_path: Path, models: Path) -> None:
    other = replace(plan, tables=with_one_weight_changed(plan.tables))
    for _ in range(2):
        assert not verify(
            other, samples(2), verilog=verilog(plan), folder=models, resume=tmp_path
        ).equal
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"engine": "verilator"},
            (
                "engine must be 'native', 'cocotb-verilator', 'cocotb-icarus' or 'amaranth', "
                "not 'verilator'"
            ),
        ),
        ({"stalls": 1}, "stalls must be a probability 0…0.9, not 1"),
        ({"samples": 0}, "samples must be 1 or more, not 0"),
        (
            {"engine": "amaranth", "verilog": "module a ();"},
            "verilog must be None for engine 'amaranth', which simulates Python",
        ),
    ],
)
def test_a_wrong_argument_is_refused(plan: Plan, settings: dict[str, Any], message: str) -> None:
    with refused(ValueError, message):
        verify(plan, samples(1), **settings)


def test_an_input_that_golden_refuses_is_refused(plan: Plan, models: Path) -> None:
    with refused(ValueError, "x must have shape (3, batch, 2, 6, 6), not (2, 1, 2, 6, 6)"):
        verify(plan, samples(1)[:2], folder=models)
