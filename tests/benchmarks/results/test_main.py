"""The page of results says what was trained, and what it counts are the tables' own numbers."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import somagate
from somagate import data
from somagate import encoded as samples
from somagate.data import encode
from somagate.export.neuron import Neuron, Shift
from somagate.export.synapse import Convolution, Dense
from somagate.export.tables import Input, Layer, Readout, Tables
from somagate.model import recipes

from benchmarks.results import __main__ as results
from benchmarks.results import jobs, report, rows, work


def tables() -> Tables:
    """Return 2×4×4 inputs, a convolution to 3 channels of which 2 are kept, and 2 classes."""
    weights = np.ones((3, 2, 3, 3), np.int32)
    weights[0, 0] = 0
    conv = Layer(
        name="conv1",
        synapses=(Convolution(source="input", weights=weights, bits=4, padding=1),),
        neuron=Neuron(bias=np.zeros(3, np.int32), threshold=np.ones(3, np.int32),
                      store=Shift(bits=3, shift=0)),
        channel_mask=np.array([True, True, False]),
    )  # fmt: skip
    readout = Layer(
        name="readout",
        synapses=(Dense(source="conv1", weights=np.ones((2, 48), np.int32), bits=8),),
        neuron=Neuron(bias=np.zeros(2, np.int32), threshold=None, store=Shift(bits=12, shift=0),
                      reset="none"),
    )  # fmt: skip
    return Tables(
        name="t", steps=5, layers=(conv, readout),
        input=Input(shape=(2, 4, 4), encoding="rate", maximum=16),
        readout=Readout(layer="readout", kind="potential"),
    )  # fmt: skip


def test_work_leaves_out_what_is_pruned():
    mine = work.of_tables(tables())
    assert mine.weights == 2 * 18 - 9 + 2 * 32
    assert mine.weight_bits == 2 * 18 * 4 + 2 * 32 * 8
    assert mine.state_bits == 2 * 16 * 3 + 2 * 12
    assert mine.operations == 5 * (2 * 18 * 16 + 32 + 2 * 32 + 2)


def test_the_float_network_has_every_channel_and_32_bits():
    full = work.of_float(tables())
    assert full.weights == 3 * 18 + 2 * 48
    assert full.weight_bits == 32 * full.weights
    assert full.state_bits == 32 * (48 + 2)
    assert full.operations == 5 * (3 * 18 * 16 + 48 + 2 * 48 + 2)
    less = work.of_tables(tables()).times_less_than(full)
    assert less["weights"] == pytest.approx(150 / 91)
    assert list(less) == ["weights", "weight_memory", "memory", "operations"]


def test_a_vote_is_no_part_of_the_float_network():
    plain = tables()
    vote = replace(plain.layers[1], name="vote")
    found = work.of_float(
        replace(
            plain, layers=(plain.layers[0], vote), readout=Readout(layer="vote", kind="potential")
        )
    )
    assert found.weights == 3 * 18


def test_a_float_network_is_trained_once_for_all_rows():
    chosen = [row for row in rows.ROWS if row.recipe.startswith("nmnist-small")]
    names = [one.name for one in jobs.trainings(chosen)]
    assert len(names) == len(set(names)) == 15
    assert names[:2] == ["nmnist-small-fold1of5", "nmnist-small-fold1of5-float"]
    assert jobs.trainings(chosen)[0].settings.data.endswith("fold=1/5")


def test_processes_that_are_started_anew_find_what_they_run():
    # As `python -m benchmarks.results` the module `__main__` is another one there.
    for function in (results.run, results.measure):
        assert function.__module__ == "benchmarks.results.jobs"


def test_every_row_has_a_recipe_and_a_baseline_of_its_shape():
    for row in rows.ROWS:
        recipe, baseline = recipes.find(row.recipe), recipes.find(row.compared)
        shapes = [
            [replace(layer, **{"weight_bits": None, "state_bits": None}) for layer in one.layers]
            for one in (recipe, baseline)
        ]
        assert shapes[0] == shapes[1], row.recipe
        assert recipe.data == baseline.data


@pytest.mark.parametrize(
    ("bars", "expected"),
    [
        ({"least": 0.9}, {"≥ 90.0%": True}),
        ({"least": 0.91}, {"≥ 91.0%": False}),
        ({"lost": 2.1}, {"< 2.1 points lost": True}),
        ({"lost": 2.0}, {"< 2.0 points lost": False}),
        ({"weight_memory": 8}, {"≥ 8× less weight memory": True}),
        ({"operations": 8.1}, {"≥ 8.1× fewer operations": False}),
        ({}, {}),
    ],
)
def test_a_bar_is_reached_or_not(bars, expected):
    none = dict.fromkeys(("least", "lost", "memory", "weight_memory", "weights", "operations"))
    folds = [{"accuracy": 0.875, "float": {"accuracy": 0.9}},
             {"accuracy": 0.925, "float": {"accuracy": 0.94}}]  # fmt: skip
    less = {"weight_memory": 8, "operations": 8}
    row = {"row": none | bars, "folds": folds, "seeds": 1, "times_less": less}
    assert report.reached(row) == expected


def test_of_several_seeds_the_mean_and_the_spread_are_shown():
    pairs = ((0.80, 0.90), (0.84, 0.92), (0.86, 0.88), (0.90, 0.90))
    folds = [{"accuracy": mine, "float": {"accuracy": full}} for mine, full in pairs]
    two = report.accuracies({"folds": folds, "seeds": 2})
    assert two.cells(1) == [
        "90.0% (89.0%…91.0%)", "85.0% (82.0%…88.0%)", "5.0 (1.0…9.0)",
    ]  # fmt: skip
    assert report.accuracies({"folds": folds, "seeds": 1}).cells(2) == ["90.00%", "85.00%", "5.00"]
    row = {"row": {"least": None, "lost": 5.5}, "folds": folds, "seeds": 2, "times_less": {}}
    assert report.reached(row) == {"< 5.5 points lost": True}


def test_every_seed_is_a_training_of_its_own():
    row = replace(rows.ROWS[0], seeds=2, folds=2)
    assert row.runs == (("1/2", 0), ("2/2", 0), ("1/2", 1), ("2/2", 1))
    names = [one.name for one in jobs.trainings([row])]
    assert names[-2:] == ["digits-fold2of2-seed1", "digits-fold2of2-seed1-float"]


def test_a_row_is_trained_exported_verified_and_shown(tmp_path, monkeypatch):
    whole = recipes.find
    monkeypatch.setattr(recipes, "find", lambda name: replace(whole(name), epochs=1, steps=2))
    row = next(row for row in rows.ROWS if row.recipe == "digits-dense")
    for one in jobs.trainings([row]):
        jobs.run(one, tmp_path, tmp_path)
        assert len(json.loads((tmp_path / one.name / "times.json").read_text())) == 1
    measured = jobs.measure(jobs.first(row), tmp_path, tmp_path, 3)
    found = jobs.assemble(row, tmp_path, [measured])
    fold = found["folds"][0]
    assert fold["verified"]["equal"] and fold["verified"]["samples"] == 3
    assert fold["accuracy"] == fold["trained"]["accuracy"], "golden and torch differ"
    assert fold["test_samples"] == 500
    text = report.page({"lanes": jobs.LANES, "rows": [found]})
    assert (
        f"| `digits-dense` | 64-96-10, 3-bit potentials | {fold['float']['accuracy']:.2%}" in text
    )
    assert "| `digits-dense` | 3 | " in text
    monkeypatch.setattr(somagate, "verify", None)  # what is kept is not measured again
    assert jobs.measure(jobs.first(row), tmp_path, tmp_path, 3) == measured


@pytest.mark.parametrize(
    ("module", "changes"),
    [(samples, True), (data, True), (encode, True), (recipes, False)],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_results_are_kept_for_samples_and_not_for_recipes(tmp_path, monkeypatch, module, changes):
    before = jobs.simulated(tmp_path).code
    file = Path(module.__file__)
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + b"#" * (path == file))
    assert (jobs.simulated(tmp_path).code != before) == changes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--rows", "digit"), "--rows must be of digits, digits-dense, "),
        (("--rows", "mnist-dense"), "DATA must hold the folder mnist, but "),
    ],
)
def test_results_refuses(tmp_path, capsys, arguments, message):
    with pytest.raises(SystemExit):
        results.main([str(tmp_path), *arguments])
    assert message in capsys.readouterr().err


def test_the_page_has_the_words_that_a_renewal_of_some_rows_leaves_alone():
    page = (results.TOP / "docs/results.md").read_text(encoding="utf-8")
    for words in (report._HEAD, report._NOT_RUN, report._ACTIVITY, report._TRAINING):
        assert words in page
