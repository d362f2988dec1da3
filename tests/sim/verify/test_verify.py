import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from accelerate import most_cycles
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from negative import kept_from_firing, masking
from networks import cases
from plans import EVERYTHING, everything
from playback import Playback, Script, changed
from refusal import refused
from small_network import small_network
from somagate.export.tables import Tables
from somagate.hw.generate import verilog
from somagate.hw.plan import loading
from somagate.hw.plan.loading import LoadError
from somagate.hw.plan.plan import Plan, StageShape
from somagate.sim.bench.ports import Ports
from somagate.sim.golden.trace import Trace, compare
from somagate.sim.verify.batches import BATCH_SAMPLES
from somagate.sim.verify.settings import Dut, Kept, Setup
from somagate.sim.verify.verify import verify
from somagate.workers import pool

NEURONS = 3 * (4 * 6 * 6 + 5)
"""Updates of a sample."""


@pytest.fixture
def kept(models: Path) -> Kept:
    return Kept(models=models)


def samples(count: int) -> np.ndarray:
    return (np.random.default_rng(8).random((3, count, 2, 6, 6)) < 0.3).astype(np.uint8)


@pytest.fixture(scope="module")
def faulty(plan: Plan, played: Script) -> Script:
    """Wrong in the lowest potential bit of lane 1 of one update, and silent after one sample."""
    field = Ports.of(plan).observe["potentials"]
    one = len(played) // 3
    return changed(played, "observe", 60, field.offset + field.width)[: one + 20]


def test_every_engine_finds_the_accelerator_equal(engine: str, plan: Plan, kept: Kept) -> None:
    x = samples(3)
    free, stalled = (
        verify(plan, x, setup=Setup(engine=engine, stalls=stalls, seed=2), kept=kept)
        for stalls in (0.0, 0.4)
    )
    assert (
        free.summary
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
    assert free.predicted_cycles == free.sample_cycles
    assert [layer.predicted for layer in free.layers] == [layer.cycles for layer in free.layers]
    # Stalls are not predicted.
    assert stalled.predicted_cycles == ()
    assert [layer.predicted for layer in stalled.layers] == [None, None]


MOST_CYCLES = 1500
SIZES = [(1, 1, 1), (3, 1, 2), (4, 2, 1), (5, 1, 4), (8, 8, 1)]
"""Lanes, update lanes and banks."""


@st.composite
def plans(draw: st.DrawFn) -> tuple[Plan, np.ndarray]:
    """Draw a network that the accelerator supports, on one to three stages, and samples."""
    tables, x = draw(cases())
    last = replace(tables.layers[-1], channel_mask=None)  # the readout keeps all its classes
    tables = replace(tables, layers=(*tables.layers[:-1], last))
    cuts = sorted(draw(st.sets(st.integers(0, len(tables.layers)), max_size=2)))
    counts = np.diff([0, *cuts, len(tables.layers)])
    loadable = draw(st.booleans(), label="loadable")
    shapes = []
    for count in counts[counts > 0].tolist():
        lanes, update_lanes, banks = draw(st.sampled_from(SIZES))
        holds = not loadable and draw(st.booleans(), label="holds")
        shapes.append(
            StageShape(
                layers=count, lanes=lanes, update_lanes=update_lanes, banks=banks, holds=holds
            )
        )
    word_bits = draw(st.sampled_from([8, 16, 64]))
    plan = Plan(tables=tables, shapes=tuple(shapes), word_bits=word_bits, loadable=loadable)
    cycles = sum(map(max, most_cycles(plan, density=0.4)))
    assume(cycles * tables.steps * x.shape[1] < MOST_CYCLES)
    return plan, x


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.filter_too_much])
@given(case=plans(), stalls=st.sampled_from([0.0, 0.4]))
def test_random_networks_are_equal(case: tuple[Plan, np.ndarray], stalls: float) -> None:
    plan, x = case
    verdict = verify(plan, x, setup=Setup(engine="amaranth", stalls=stalls))
    assert verdict.equal, verdict.summary
    assert verdict.busy_cycles <= sum(verdict.sample_cycles)
    if not stalls:
        assert verdict.predicted_cycles == verdict.sample_cycles
        assert verdict.predicted_busy_cycles == verdict.busy_cycles
        assert [a.predicted for a in verdict.layers] == [a.cycles for a in verdict.layers]
    for stage in plan.stages:
        assert sum(verdict.layers[layer].cycles for layer in stage.layers) <= verdict.cycles


def test_every_engine_loads_other_tables(engine: str, chain: Plan, kept: Kept) -> None:
    other = small_network(2)
    verdict = verify(
        chain, samples(2), dut=Dut(load=other), setup=Setup(engine=engine, stalls=0.3), kept=kept
    )
    assert verdict.equal, verdict.summary
    assert (verdict.tables, verdict.spikes) == (other.sha256, 2 * NEURONS)


@pytest.mark.parametrize("engine", ["native", "amaranth"])
def test_masks_of_negative_potentials_are_goldens(engine: str, chain: Plan, kept: Kept) -> None:
    """In the plan's own tables, and in others that are loaded."""
    plan = replace(chain, tables=masking(chain.tables))
    other, x = masking(small_network(2)), samples(4)
    for tables in (plan.tables, other):
        assert "hidden" in kept_from_firing(tables, x)
    verdicts = [
        verify(plan, x, dut=Dut(load=load), setup=Setup(engine=engine, stalls=0.3), kept=kept)
        for load in (None, other)
    ]
    assert all(verdict.equal for verdict in verdicts), "\n".join(map(str, verdicts))
    assert verdicts[1].tables == other.sha256


def test_tables_are_loaded_before_each_batch(chain: Plan, kept: Kept) -> None:
    x = samples(BATCH_SAMPLES + 2)
    first, own, second = (
        verify(chain, x, dut=Dut(load=t), kept=kept) for t in (None, chain.tables, small_network(2))
    )
    assert first.equal and own.equal and second.equal
    assert own.cycles >= first.cycles and own.busy_cycles == first.busy_cycles
    assert first.tables == chain.tables.sha256
    # The samples themselves take as long as ever.
    assert abs(second.busy_cycles / first.busy_cycles - 1) < 0.1
    assert max(second.sample_cycles) < 2 * max(first.sample_cycles)


def test_only_the_first_batches_are_predicted(plan: Plan, kept: Kept) -> None:
    x = samples(BATCH_SAMPLES + 2)
    some, none = (verify(plan, x, kept=kept, predict=count) for count in (1, 0))
    assert some.predicted_cycles == some.sample_cycles[:BATCH_SAMPLES]
    assert some.predicted_busy_cycles is None
    assert [layer.predicted for layer in some.layers] == [None, None]
    assert (
        some.prediction
        == f"cycles predicted exactly for {BATCH_SAMPLES} of {BATCH_SAMPLES} samples"
    )
    assert none.predicted_cycles == ()
    assert none.prediction == ""
    with refused(ValueError, "predict must be 0 samples or more, not -1"):
        verify(plan, x, kept=kept, predict=-1)


def test_tables_that_do_not_fit_are_refused(plan: Plan, chain: Plan, kept: Kept) -> None:
    base, other, longer = small_network(), small_network(2), replace(small_network(), steps=4)
    fit = "tables {} do not fit the accelerator of {}: "
    message = fit.format(other.sha256[:12], base.sha256[:12])
    with refused(LoadError, f"{message}Plan loadable must be True to load tables, not False"):
        verify(plan, samples(1), dut=Dut(load=other), kept=kept)
    message = fit.format(longer.sha256[:12], base.sha256[:12])
    with refused(LoadError, f"{message}steps must be at most 3, not 4"):
        verify(chain, samples(1), dut=Dut(load=longer), kept=kept)


def with_hidden_channels(tables: Tables, kept: list[int]) -> Tables:
    """Return the small network with some channels of its hidden layer, and no others."""
    hidden, output = tables.layers
    (convolution,), (dense,), cell = hidden.synapses, output.synapses, hidden.neuron
    hidden = replace(
        hidden,
        synapses=(replace(convolution, weights=convolution.weights[kept]),),
        neuron=replace(cell, bias=cell.bias[kept], threshold=cell.threshold[kept]),
        channel_mask=None,
    )
    weights = dense.weights.reshape(5, 4, 9)[:, kept].reshape(5, -1)
    output = replace(output, synapses=(replace(dense, weights=weights),))
    return replace(tables, layers=(hidden, output))


def test_smaller_tables_equal_golden_and_take_less_time(chain: Plan, kept: Kept) -> None:
    """Half of the hidden channels, and two of three time steps."""
    smaller = replace(with_hidden_channels(small_network(2), [1, 3]), steps=2)
    x = samples(4)
    whole = verify(chain, x, dut=Dut(load=small_network(2)), kept=kept)
    verdict = verify(chain, x[:2], dut=Dut(load=smaller), kept=kept)
    assert verdict.equal and verdict.tables == smaller.sha256
    assert verdict.busy_cycles < 0.6 * whole.busy_cycles


def test_a_difference_is_named_as_the_loaded_tables_count(
    chain: Plan, kept: Kept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Channel 1 of the smaller layer takes place 1; channel 3 of a masked one does too."""
    base = small_network(2)
    masked = replace(
        base,
        layers=(replace(base.layers[0], channel_mask=np.array([1, 0, 0, 1], bool)),
                base.layers[1]),
    )  # fmt: skip
    load = loading.load

    def wrong(plan: Plan, tables: Tables) -> loading.Load:
        hidden = masked.layers[0]
        bias = hidden.neuron.bias.copy()
        bias[3] += 9
        hidden = replace(hidden, neuron=replace(hidden.neuron, bias=bias))
        return load(plan, replace(masked, layers=(hidden, masked.layers[1])))

    monkeypatch.setattr("somagate.sim.verify.verify.loading.load", wrong)
    traces = replace(kept, traces=tmp_path / "both")
    verdict = verify(chain, samples(1), dut=Dut(load=masked), kept=traces)
    assert verdict.difference is not None
    assert (verdict.difference.layer, verdict.difference.place[0]) == ("hidden", 3)
    ours, theirs = (Trace.load(file) for file in verdict.traces)
    assert ours.tables == theirs.tables == masked.sha256
    found = compare(ours, theirs)
    assert found is not None
    assert replace(found, count=verdict.difference.count) == verdict.difference
    assert ours.input is not None and np.array_equal(ours.input, samples(1))


@pytest.mark.parametrize("loadable", [False, True])
def test_weights_that_must_be_loaded_are(loadable: bool, kept: Kept) -> None:
    shape = StageShape(layers=2, lanes=2, update_lanes=2, weight_memory="spram")
    plan = Plan(tables=small_network(), shapes=(shape,), word_bits=16, loadable=loadable)
    verdict = verify(plan, samples(2), setup=Setup(stalls=0.2), kept=kept)
    assert verdict.equal and verdict.tables == plan.tables.sha256


def test_a_wrong_weight_of_a_later_stage_is_named(chain: Plan, tmp_path: Path, kept: Kept) -> None:
    changed_tables = with_one_weight_changed(chain.tables)
    other = replace(chain, tables=changed_tables)
    text = verilog(chain)
    verdict = verify(other, samples(2), dut=Dut(verilog=text), setup=Setup(stalls=0.2), kept=kept)
    assert not verdict.equal
    assert verdict.difference is not None
    assert (verdict.difference.layer, verdict.difference.place) == ("output", (3,))
    assert verdict.lane == 0
    # The same text is right for the tables that are loaded into it.
    load = verify(chain, samples(2), dut=Dut(verilog=text, load=changed_tables), kept=kept)
    assert load.equal


@pytest.mark.parametrize("engine", ["native", "amaranth"])
def test_one_wrong_bit_of_a_later_stage_is_named(
    engine: str, chain: Plan, chained: Script, x: np.ndarray, kept: Kept
) -> None:
    plain = replace(chain, loadable=False)
    field = Ports.of(plain).observe["potentials"]
    wrong = changed(chained, "observe_1", 5 + 2, field.offset + 1)
    playback = Playback(plain, wrong[: len(wrong) // 3])
    verdict = verify(
        plain, x, dut=Dut(component=playback), setup=Setup(engine=engine), kept=kept, samples=1
    )
    assert verdict.fault == ""
    assert verdict.summary.startswith(
        "golden and RTL differ first in layer output, step 1, sample 0, neuron 2: potential "
    )


def test_stages_work_at_the_same_time(chain: Plan, kept: Kept) -> None:
    x = samples(8)
    verdict = verify(chain, x, kept=kept)
    cycles = [layer.cycles for layer in verdict.layers]
    assert sum(cycles) > verdict.busy_cycles
    assert max(cycles) <= verdict.busy_cycles
    assert verdict.cycles_per_sample is not None
    assert verdict.cycles_per_sample < sum(verdict.sample_cycles) / 8
    assert [layer.lanes for layer in verdict.layers] == [2, 8]
    assert all(0 < layer.efficiency <= 1 for layer in verdict.layers)


def test_held_currents_are_added_once(kept: Kept) -> None:
    tables = everything(steps=2, constant=True)
    x = np.random.default_rng(1).integers(-4, 4, (1, 1, *EVERYTHING)).repeat(2, 0)
    held, not_held = (
        verify(
            Plan(
                tables=tables, shapes=(StageShape(layers=4, lanes=8, holds=holds),), word_bits=32
            ),
            x, setup=Setup(engine="amaranth"), kept=kept,
        )
        for holds in (True, False)
    )  # fmt: skip
    assert held.equal
    assert not_held.equal
    grouped = [verdict.layers[0] for verdict in (held, not_held)]
    assert 2 * grouped[0].additions == grouped[1].additions
    assert grouped[0].cycles < grouped[1].cycles
    assert [a.additions for a in held.layers[1:]] == [a.additions for a in not_held.layers[1:]]


def test_every_engine_finds_and_names_one_wrong_bit(
    engine: str, plan: Plan, faulty: Script, x: np.ndarray, kept: Kept
) -> None:
    verdict = verify(
        plan,
        x,
        dut=Dut(component=Playback(plan, faulty)),
        setup=Setup(engine=engine),
        kept=kept,
        samples=1,
    )
    channel, row, column = plan.updates(0)[60, 1]
    assert not verdict.equal
    assert verdict.difference is not None
    value, wrong = verdict.difference.values
    assert abs(value - wrong) == 1
    assert verdict.summary == (
        f"golden and RTL differ first in layer hidden, step 0, sample 0, channel {channel}, "
        f"row {row}, column {column}: potential {value} and {wrong}; 1 value differs in all"
    )
    assert (verdict.spikes, verdict.potentials) == (NEURONS, NEURONS)


def test_every_engine_gives_up_at_the_deadline(
    engine: str, plan: Plan, faulty: Script, x: np.ndarray, kept: Kept
) -> None:
    verdict = verify(
        plan,
        x,
        dut=Dut(component=Playback(plan, faulty)),
        setup=Setup(engine=engine, deadline=300),
        kept=kept,
    )
    rest = 20 - plan.input_words
    last = 3 * (len(faulty) - 1)
    end = -(-(last + 300 + 2) // 256) * 256 - 1
    assert verdict.fault == (
        f"layer hidden, step 0, sample 1: update {rest} did not come: "
        f"no transfer came from cycle {last + 1} to {end}"
    )
    assert verdict.summary.startswith(
        "golden and RTL differ first in layer hidden, step 0, sample 0"
    )
    assert verdict.summary.endswith(verdict.fault)
    assert len(verdict.sample_cycles) == 1


def test_a_bench_that_sends_wrong_words_would_be_found(
    plan: Plan, played: Script, x: np.ndarray, kept: Kept
) -> None:
    found = changed(played, "input", 0, 3)
    verdict = verify(
        plan, x, dut=Dut(component=Playback(plan, found)), setup=Setup(engine="amaranth"), kept=kept
    )
    assert not verdict.equal


def with_one_weight_changed(tables: Tables) -> Tables:
    layer = tables.layers[1]
    weights = layer.synapses[0].weights.copy()
    weights[3] = 3
    changed = replace(layer, synapses=(replace(layer.synapses[0], weights=weights),))
    return replace(tables, layers=(tables.layers[0], changed))


def test_verilog_of_other_tables_differs(plan: Plan, tmp_path: Path, kept: Kept) -> None:
    path = tmp_path / "before.v"
    path.write_text(verilog(plan))
    other = replace(plan, tables=with_one_weight_changed(plan.tables))
    for text in (path, path.read_text()):
        assert verify(plan, samples(2), dut=Dut(verilog=text), kept=kept).equal
        verdict = verify(other, samples(2), dut=Dut(verilog=text), kept=kept)
        assert not verdict.equal
        assert verdict.difference is not None
        assert verdict.difference.layer == "output"
        assert verdict.difference.place == (3,)
        assert verdict.tables == other.tables.sha256


def test_nothing_is_compiled_twice(
    engine: str, plan: Plan, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = verify(plan, samples(2), setup=Setup(engine=engine), kept=kept)

    def found(folder: Path, key: str, *_: Any) -> Path:
        assert (folder / key).exists()
        return folder / key

    for module in ("bench.native_engine", "bench.cocotb_engine", "verify.verify"):
        monkeypatch.setattr(f"somagate.sim.{module}.cached", found)
    second = verify(plan, samples(2), setup=Setup(engine=engine), kept=kept)
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


def test_samples_are_made_a_batch_at_a_time(plan: Plan, kept: Kept) -> None:
    count = 2 * BATCH_SAMPLES + 3
    lazy, told = Lazy(samples(count + 5)), []
    verdict = verify(
        plan, lazy, setup=Setup(workers=1), kept=kept, samples=count,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert verdict.equal
    assert verdict.samples == len(verdict.sample_cycles) == count
    assert verdict.spikes == count * NEURONS
    assert told == [(16, count), (32, count), (count, count)]
    assert set(lazy.asked) == {(0, 16), (16, 32), (32, count)}
    again = verify(plan, samples(count + 5), kept=kept, samples=count)
    assert again.sample_cycles == verdict.sample_cycles


def test_a_batch_that_differs_is_the_last(plan: Plan, kept: Kept) -> None:
    other = replace(plan, tables=with_one_weight_changed(plan.tables))
    text = verilog(plan)
    x = samples(3 * BATCH_SAMPLES)
    x[:, :20] = 0  # no spike, so no weight
    assert verify(other, x, dut=Dut(verilog=text), kept=kept, samples=20).equal
    told: list[int] = []
    verdict = verify(
        other,
        x,
        dut=Dut(verilog=text),
        setup=Setup(workers=2),
        kept=kept,
        progress=lambda done, _: told.append(done),
    )
    assert told == [16, 32]
    assert not verdict.equal
    assert verdict.samples == 32
    assert verdict.difference is not None
    assert 20 <= verdict.difference.sample < 32


def test_verification_goes_on_where_it_was_left(
    plan: Plan, chain: Plan, tmp_path: Path, models: Path
) -> None:
    kept = Kept(models=models, verdicts=tmp_path)
    x = samples(2 * BATCH_SAMPLES)
    half = verify(plan, x, kept=kept, samples=BATCH_SAMPLES)
    (verdict,) = tmp_path.iterdir()
    content = json.loads(verdict.read_text())
    verdict.write_text(json.dumps(content | {"seconds": 1000}))
    whole = verify(plan, x, kept=kept)
    assert whole.equal
    assert whole.seconds > 1000
    assert whole.sample_cycles[:BATCH_SAMPLES] == half.sample_cycles
    assert len(list(tmp_path.iterdir())) == 2
    # Everything that could change a verdict starts again.
    x[0, 0] ^= 1
    assert verify(plan, x, kept=kept).seconds < 1000
    x[0, 0] ^= 1
    assert verify(plan, x, setup=Setup(stalls=0.1), kept=kept).seconds < 1000
    assert verify(plan, x, setup=Setup(seed=1), kept=kept).seconds < 1000
    assert verify(chain, x, kept=kept).seconds < 1000
    loaded = verify(chain, x, dut=Dut(load=small_network(2)), kept=kept)
    assert loaded.tables == small_network(2).sha256
    other = replace(plan, tables=with_one_weight_changed(plan.tables))
    assert not verify(other, x, dut=Dut(verilog=verilog(plan)), kept=kept).equal


def test_a_batch_that_differs_is_not_kept(plan: Plan, tmp_path: Path, models: Path) -> None:
    kept = Kept(models=models, verdicts=tmp_path)
    other = replace(plan, tables=with_one_weight_changed(plan.tables))
    for _ in range(2):
        assert not verify(other, samples(2), dut=Dut(verilog=verilog(plan)), kept=kept).equal
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"samples": 0}, "samples must be 1 or more, not 0"),
        (
            {"dut": Dut(verilog="module a ();"), "setup": Setup(engine="amaranth")},
            "verilog must be None for engine 'amaranth', which simulates Python",
        ),
    ],
)
def test_a_wrong_argument_is_refused(plan: Plan, settings: dict[str, Any], message: str) -> None:
    with refused(ValueError, message):
        verify(plan, samples(1), **settings)


def test_an_input_that_golden_refuses_is_refused(plan: Plan, kept: Kept) -> None:
    with refused(ValueError, "x must have shape (3, batch, 2, 6, 6), not (2, 1, 2, 6, 6)"):
        verify(plan, samples(1)[:2], kept=kept)


def test_workers_come_to_the_same_verdict(plan: Plan, models: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="dask is not installed")
    count, kept = 2 * BATCH_SAMPLES + 3, Kept(models=models, verdicts=tmp_path)
    alone = verify(plan, samples(count), setup=Setup(workers=1), kept=Kept(models=models))
    with pool(count=2) as workers:
        setup = Setup(pool=workers)
        verdict = verify(plan, samples(count), setup=setup, kept=kept)
        assert replace(verdict, seconds=alone.seconds) == alone
        assert len(list(tmp_path.iterdir())) == 3
        again = verify(plan, samples(count), setup=setup, kept=kept)
        assert again == verdict  # with its seconds too, so no batch ran anew
        other = replace(plan, tables=with_one_weight_changed(plan.tables))
        told: list[int] = []
        differs = verify(
            other, samples(count), dut=Dut(verilog=verilog(plan)), setup=setup,
            kept=Kept(models=models), progress=lambda done, _: told.append(done),
        )  # fmt: skip
        assert told == [16]
        assert not differs.equal and differs.samples == 16
