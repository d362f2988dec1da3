"""What TensorBoard reads of a training."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from few_digits import few_digits
from somagate import data
from somagate.model import checkpoint, train
from somagate.model.recipe import Conv, Dense, Recipe
from somagate.model.watching import looked

torch.set_num_threads(1)

RECIPE = Recipe(
    name="tiny", data="digits", layers=(Conv(channels=4, pool=2), Dense(neurons=6)), steps=3,
    epochs=3, batch=50,
)  # fmt: skip


@pytest.fixture(autouse=True)
def only_few_digits(monkeypatch):
    few = few_digits(100, 20)
    monkeypatch.setattr(data, "read", lambda name, folder=None: few)


class Killed(BaseException):
    pass


def run(out: Path, killed: int | None = None, recipe: Recipe = RECIPE, **settings):
    def report(figures):
        if killed is not None and figures.epoch + 1 == killed:
            raise Killed

    return train.train(recipe, out, told=train.Told(progress=False, report=report), **settings)


def events(folder: Path):
    """Return what TensorBoard's own reader finds, of one training in several files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it imports
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        found = EventAccumulator(str(folder), size_guidance={"histograms": 0, "scalars": 0})
        found.Reload()
    return found


def test_each_epoch_has_its_scalars_and_each_layer_that_fires_its_histograms(tmp_path: Path):
    result = run(tmp_path / "run")
    found = events(tmp_path / "run")
    tags = found.Tags()
    assert sorted(tags["scalars"]) == ["accuracy", "learning_rate", "loss"]
    assert sorted(tags["histograms"]) == [
        "activity/conv1", "activity/dense2", "threshold/conv1", "threshold/dense2",
    ]  # fmt: skip
    for tag in ("loss", "accuracy"):
        told = [(event.step, event.value) for event in found.Scalars(tag)]
        assert told == [
            (figures.epoch, pytest.approx(getattr(figures, tag))) for figures in result.epochs
        ]
    rates = [event.value for event in found.Scalars("learning_rate")]
    assert 0 <= rates[-1] < max(rates) <= RECIPE.learning_rate
    last = found.Histograms("threshold/conv1")[-1].histogram_value
    theta = checkpoint.read(result.checkpoint).network.layers[0].theta.detach().numpy()
    assert (last.num, last.min, last.max) == (4, theta.min(), theta.max())
    activity = found.Histograms("activity/dense2")[-1].histogram_value
    assert activity.num == 6
    assert 0 <= activity.min <= activity.max <= 1


@pytest.mark.parametrize("killed", [1, 2])
def test_a_resumed_training_has_each_step_once(tmp_path: Path, killed: int):
    with pytest.raises(Killed):
        run(tmp_path / "run", killed)
    run(tmp_path / "run", resume=True)
    assert len([*(tmp_path / "run").glob("events.out.tfevents.*")]) == 2
    found = events(tmp_path / "run")
    assert [event.step for event in found.Scalars("loss")] == [0, 1, 2]
    assert [event.step for event in found.Histograms("activity/conv1")] == [0, 1, 2]


def test_an_epoch_whose_state_was_not_saved_is_there_once(tmp_path: Path, monkeypatch):
    def fail(state, path):
        if len(state["history"]) == 2:
            raise Killed
        save(state, path)

    save = train.checkpoints.write_record
    monkeypatch.setattr(train.checkpoints, "write_record", fail)
    with pytest.raises(Killed):
        run(tmp_path / "run")
    monkeypatch.undo()
    monkeypatch.setattr(train.data_sets, "read", lambda name, folder=None: small())
    run(tmp_path / "run", resume=True)
    found = events(tmp_path / "run")
    assert [event.step for event in found.Scalars("loss")] == [0, 1, 2]


def small():
    from somagate.data import digits
    from somagate.data.request import Request

    whole = digits.read(Request.parse("digits"))
    return replace(
        whole,
        train_images=whole.train_images[:100], train_labels=whole.train_labels[:100],
        test_images=whole.test_images[:20], test_labels=whole.test_labels[:20],
    )  # fmt: skip


def test_an_overwritten_training_leaves_no_events(tmp_path: Path):
    run(tmp_path / "run")
    run(tmp_path / "run", overwrite=True)
    assert len([*(tmp_path / "run").glob("events.out.tfevents.*")]) == 1


def test_looking_at_a_network_changes_nothing(tmp_path: Path):
    network = checkpoint.read(run(tmp_path / "run").checkpoint).network.train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    x = torch.rand(3, 5, 1, 8, 8).round()
    found = [*looked(network, x)]
    assert network.training
    assert [name for name, _, _ in found] == ["conv1", "dense2"]
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    traces = network.eval().trace(x)
    for (_, rates, _), trace in zip(found, traces, strict=False):
        spikes = np.moveaxis(trace.spikes, 2, 0).reshape(trace.spikes.shape[2], -1)
        assert rates.numpy() == pytest.approx(spikes.mean(1))


def test_a_float_network_is_looked_at_too(tmp_path: Path):
    run(tmp_path / "run", recipe=RECIPE.floating())
    assert "activity/conv1" in events(tmp_path / "run").Tags()["histograms"]
