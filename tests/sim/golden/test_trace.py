import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import cases
from refusal import refused
from safetensors import safe_open
from safetensors.numpy import save as encode
from somagate.sim.golden import golden
from somagate.sim.golden.trace import Trace, TraceFileError, compare


def trace(**changes):
    """Return a trace of two layers, 3 steps and 2 samples, all zero but for `changes`."""
    given = {
        "tables": "ab",
        "output": np.zeros((2, 4), np.int32),
        "prediction": np.zeros(2, np.int64),
        "spikes": {
            "conv": np.zeros((3, 2, 2, 3, 4), bool),
            "fc": np.zeros((3, 2, 4), bool),
        },
        "potentials": {
            "conv": np.zeros((3, 2, 2, 3, 4), np.int16),
            "fc": np.zeros((3, 2, 4), np.int16),
        },
    }
    return Trace(**(given | changes))


def test_equal_traces_have_no_difference():
    assert compare(trace(), trace()) is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ([("potentials", "conv", (1, 0, 1, 2, 3), -7)],
         ("layer conv, step 1, sample 0, channel 1, row 2, column 3: potential 0 and -7; "
         "1 value differs in all")),
        ([("spikes", "fc", (2, 1, 3), 1)],
         "layer fc, step 2, sample 1, neuron 3: spike 0 and 1; 1 value differs in all"),
        # An earlier step comes before an earlier layer.
        ([("spikes", "conv", (2, 0, 0, 0, 0), 1), ("potentials", "fc", (1, 1, 3), 5)],
         "layer fc, step 1, sample 1, neuron 3: potential 0 and 5; 2 values differ in all"),
        # An earlier layer comes before a lower sample.
        ([("spikes", "fc", (1, 0, 0), 1), ("spikes", "conv", (1, 1, 0, 0, 0), 1)],
         ("layer conv, step 1, sample 1, channel 0, row 0, column 0: spike 0 and 1; "
         "2 values differ in all")),
        # A lower neuron comes before a spike.
        ([("spikes", "fc", (1, 0, 2), 1), ("potentials", "fc", (1, 0, 1), 9)],
         "layer fc, step 1, sample 0, neuron 1: potential 0 and 9; 2 values differ in all"),
        # Of one neuron, the spike comes before the potential.
        ([("spikes", "fc", (1, 0, 2), 1), ("potentials", "fc", (1, 0, 2), 9)],
         "layer fc, step 1, sample 0, neuron 2: spike 0 and 1; 2 values differ in all"),
    ],
)  # fmt: skip
def test_the_first_difference_is_the_earliest_one(changes, sentence):
    other = trace()
    for kind, layer, index, value in changes:
        getattr(other, kind)[layer][index] = value
    assert str(compare(trace(), other)) == sentence


def test_outputs_and_predictions_come_last():
    output, prediction = trace().output, trace().prediction
    output[1, 2], prediction[1] = 3, 2
    assert str(compare(trace(prediction=prediction), trace())) == (
        "sample 1: prediction 2 and 0; 1 value differs in all"
    )
    other = trace(output=output, prediction=prediction)
    assert str(compare(other, trace())) == (
        "sample 1, class 2: output 3 and 0; 2 values differ in all"
    )
    other.potentials["fc"][2, 1, 3] = 1
    found = compare(other, trace())
    assert (found.quantity, found.layer, found.step, found.sample) == ("potential", "fc", 2, 1)
    assert (found.place, found.values, found.count) == ((3,), (1, 0), 3)


def test_a_difference_in_a_square_layer_names_its_place():
    first = trace(spikes={"one": np.zeros((1, 1, 3), bool)}, potentials={})
    second = trace(spikes={"one": np.ones((1, 1, 3), bool)}, potentials={})
    assert str(compare(first, second)) == (
        "layer one, step 0, sample 0, neuron 0: spike 0 and 1; 3 values differ in all"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tables": "cd"}, "traces must be of the same tables, not of ab and cd"),
        ({"potentials": {}},
         "traces must hold the potentials of the same layers, not of ['conv', 'fc'] and []"),
        ({"spikes": {"fc": np.zeros((3, 2, 4), bool)}},
         "traces must hold the spikes of the same layers, not of ['conv', 'fc'] and ['fc']"),
        ({"spikes": {"conv": np.zeros((3, 2, 2, 3, 4), bool), "fc": np.zeros((3, 2, 5), bool)}},
         "traces must have spikes of layer fc of the same shape, not (3, 2, 4) and (3, 2, 5)"),
        ({"output": np.zeros((2, 5), np.int32)},
         "traces must have output of the same shape, not (2, 4) and (2, 5)"),
    ],
)  # fmt: skip
def test_traces_that_say_nothing_of_each_other_are_refused(changes, message):
    with refused(ValueError, message):
        compare(trace(), trace(**changes))


@settings(deadline=None, max_examples=50)
@given(cases(), st.data())
def test_any_single_change_is_found(case, data):
    first, second = golden.run(*case, potentials=True), golden.run(*case, potentials=True)
    kind = data.draw(st.sampled_from(["spikes", "potentials"]))
    layer = data.draw(st.sampled_from(sorted(first.spikes)))
    values = getattr(second, kind)[layer]
    flat = data.draw(st.integers(0, values.size - 1))
    index = np.unravel_index(flat, values.shape)
    values[index] = not values[index] if kind == "spikes" else values[index] ^ 1
    found = compare(first, second)
    assert (found.quantity, found.layer, found.count) == (kind[:-1], layer, 1)
    assert (found.step, found.sample, *found.place) == index


def test_rates_are_means_over_the_neurons():
    spikes = np.zeros((2, 1, 1, 2, 2), bool)
    spikes[1, 0, 0, 0] = True
    assert trace(spikes={"one": spikes}).rates()["one"].tolist() == [[0.0], [0.5]]


@pytest.mark.parametrize("changes", [{}, {"potentials": {}}, {"potentials": {}, "spikes": {}}])
def test_a_round_trip_loses_nothing(tmp_path, changes):
    first = trace(**changes)
    first.output[0, 1] = -3
    first.save(tmp_path / "a")
    again = Trace.load(tmp_path / "a")
    again.save(tmp_path / "b")
    assert compare(first, again) is None
    assert again.output.dtype == np.int32
    assert {name: spikes.dtype for name, spikes in again.spikes.items()} == {
        name: np.dtype(bool) for name in first.spikes
    }
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_counts_of_spikes_are_kept(tmp_path):
    first = trace()
    counts = {name: spikes.astype(np.uint8) * 255 for name, spikes in first.spikes.items()}
    first = trace(spikes=counts)
    first.save(tmp_path / "a")
    again = Trace.load(tmp_path / "a")
    assert compare(first, again) is None
    assert all(spikes.dtype == np.uint8 for spikes in again.spikes.values())


def test_a_slice_of_a_trace_can_be_saved(tmp_path):
    whole = trace()
    spikes = {name: value[:, 1:] for name, value in whole.spikes.items()}
    trace(spikes=spikes).save(tmp_path / "a")
    assert Trace.load(tmp_path / "a").spikes["conv"].shape == (3, 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("document", "arrays", "message"),
    [
        ({"tables": "ab"}, ["output"],
         "metadata must hold potentials, spikes and tables, not ['tables']"),
        ({"tables": "ab", "spikes": ["one"], "potentials": []}, ["output", "prediction"],
         "arrays must be ['output', 'prediction', 'spikes.one'], not ['output', 'prediction']"),
        ({"tables": "ab", "spikes": [], "potentials": []}, ["output", "prediction", "x"],
         "arrays must be ['output', 'prediction'], not ['output', 'prediction', 'x']"),
        ({"tables": "ab", "spikes": 1, "potentials": []}, ["output"],
         "'int' object is not iterable"),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_trace_is_refused(tmp_path, document, arrays, message):
    path = tmp_path / "trace"
    contents = {name: np.zeros(1, np.int32) for name in arrays}
    path.write_bytes(encode(contents, {"somagate.trace": json.dumps(document)}))
    with refused(TraceFileError, f"{path}: {message}"):
        Trace.load(path)


def test_a_trace_cut_short_is_refused(tmp_path):
    path = tmp_path / "trace"
    trace().save(path)
    path.write_bytes(path.read_bytes()[:-1])
    with refused(
        TraceFileError,
        f"{path}: not a whole .safetensors file: Error while deserializing header: "
        "incomplete metadata, file not fully covered",
    ):
        Trace.load(path)


def test_a_trace_may_hold_its_input_and_the_number_of_its_first_sample(tmp_path):
    x = np.arange(3 * 2 * 4).reshape(3, 2, 4).astype(np.uint8)
    first = trace(input=x, first=7)
    first.save(tmp_path / "a")
    again = Trace.load(tmp_path / "a")
    assert again.first == 7 and again.input.dtype == np.uint8
    assert np.array_equal(again.input, x)
    assert compare(again, trace()) is None  # neither is part of a comparison
    part = again.samples(slice(1, 2))
    assert part.first == 8 and np.array_equal(part.input, x[:, 1:2])
    assert part.spikes["conv"].shape == (3, 1, 2, 3, 4) and len(part.prediction) == 1


def test_a_file_without_them_is_as_it_was_at_first(tmp_path):
    trace().save(tmp_path / "a")
    with safe_open(tmp_path / "a", "numpy") as file:
        document = json.loads(file.metadata()["somagate.trace"])
        assert "input" not in list(file.keys())
    assert set(document) == {"tables", "spikes", "potentials"}
    assert Trace.load(tmp_path / "a").input is None


@pytest.mark.parametrize("first", [-1, "2"])
def test_the_number_of_the_first_sample_is_one(tmp_path, first):
    trace(first=first).save(tmp_path / "a")
    with pytest.raises(TraceFileError, match="first must be"):
        Trace.load(tmp_path / "a")
