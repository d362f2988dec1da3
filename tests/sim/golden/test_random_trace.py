"""Random runs: as active as they are asked to be, and nothing that the tables can't have."""

import numpy as np
import pytest
from plans import everything, network
from refusal import refused
from somagate.hw.plan.plan import Plan
from somagate.sim.cycles.predict import predict
from somagate.sim.golden import golden
from somagate.sim.golden.random_trace import assumed_run
from tiny_tables import tiny


def test_neurons_spike_as_often_as_asked_and_pruned_or_silent_ones_never() -> None:
    tables = everything(steps=8)
    trace, _ = assumed_run(tables, 0.3, batch=8)
    assert trace.spikes["grouped"].mean() == pytest.approx(0.3, abs=0.02)
    kept = tables.layer("joined").kept
    assert trace.spikes["joined"][:, :, kept].mean() == pytest.approx(0.3, abs=0.02)
    assert not trace.spikes["joined"][:, :, ~kept].any()


def test_several_spikes_use_all_their_bits() -> None:
    tables = network((9,), [7], spike_bits=3)
    trace, x = assumed_run(tables, 0.5, batch=30)
    assert np.unique(trace.spikes["l0"]).tolist() == list(range(8))
    assert trace.spikes["l0"].mean() == pytest.approx(3.5, abs=0.3)
    assert predict(Plan.single(tables, lanes=4, update_lanes=2), trace, x).busy_cycles > 100


def test_input_values_use_all_their_bits() -> None:
    tables = everything(steps=8)
    _, x = assumed_run(tables, 0.5, batch=8)
    activation = tables.input.activation
    assert (x.min(), x.max()) == (activation.low, activation.high)
    _, all_set = assumed_run(tables, 1)
    assert np.unique(all_set).tolist() == [-1]


def test_a_constant_input_stays_the_same() -> None:
    _, x = assumed_run(everything(constant=True), 0.5)
    assert (x == x[:1]).all()


def test_a_run_is_good_for_predictions() -> None:
    tables = everything()
    prediction = predict(Plan.single(tables, lanes=4, update_lanes=2), *assumed_run(tables, 0.1))
    assert prediction.cycles.shape == (1,)
    assert prediction.cycles[0] > 100


def test_an_activity_beyond_all_spikes_is_refused() -> None:
    with refused(ValueError, "activity must be 0…1, not -0.1"):
        assumed_run(everything(), -0.1)


def test_a_run_that_does_not_fit_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr("somagate.checks.memory.machine_bytes", lambda: 1000)
    with refused(
        ValueError,
        "a run made up must fit the machine's 0.0 GB of memory, but takes 0.0 GB; estimate a "
        "smaller network, or fewer steps",
    ):
        assumed_run(tiny(), 0.1)
    # Of this one a trace would be all that doesn't fit.
    x = np.zeros((4, 1, 1, 8, 8), np.uint8)
    with refused(
        ValueError,
        "the trace of 1 samples must fit the machine's 0.0 GB of memory, but takes 0.0 GB; run "
        "fewer samples, or fewer at once",
    ):
        golden.run(tiny(), x)
