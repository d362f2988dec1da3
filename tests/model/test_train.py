import json
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from few_digits import few_digits
from refusal import refused
from somagate import data
from somagate.model import checkpoint, train
from somagate.model.network import Network
from somagate.model.recipe import Conv, Dense, Recipe
from somagate.model.run_folder import RunError
from somagate.model.settings import Attention, Prune, SigmoidSum

torch.set_num_threads(1)

RECIPE = Recipe(
    name="tiny", data="digits", layers=(Conv(channels=4, pool=2),), steps=3, epochs=4, batch=50,
    move=0.5, turn=3, stretch=0.05, learning_rate=0.02,
)  # fmt: skip


@pytest.fixture(autouse=True)
def only_few_digits(monkeypatch):
    """Train on 200 images, test on 100."""
    few = few_digits(200, 100)
    monkeypatch.setattr(data, "read", lambda name, folder=None: few)


def run(out, recipe=RECIPE, *, epochs=None, progress=False, tell=None, report=None, **settings):
    told = train.Told(progress=progress, tell=tell, report=report)
    return train.train(recipe.override(epochs=epochs), out, told=told, **settings)


class Killed(BaseException):
    pass


def kill_after(epochs):
    def report(figures):
        if figures.epoch + 1 == epochs:
            raise Killed

    return report


def test_training_learns_and_writes_what_it_says(tmp_path):
    result = run(tmp_path / "run", epochs=8)
    assert result.accuracy > 0.6
    assert result.epochs[-1].loss < result.epochs[0].loss
    assert sorted(path.name.split(".out")[0] for path in (tmp_path / "run").iterdir()) == [
        "checkpoint.pt", "events", "metrics.jsonl", "result.json",
    ]  # fmt: skip
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == list(range(8))
    loaded = checkpoint.read(result.checkpoint)
    assert loaded.recipe == replace(RECIPE, epochs=8)
    assert (loaded.seed, loaded.maximum) == (0, 16)
    assert loaded.accuracy == result.accuracy
    assert train.evaluate(loaded.network, data.read("digits")) == result.accuracy


@pytest.mark.parametrize("killed", [1, 3, 4])
def test_a_resumed_training_ends_as_an_uninterrupted_one(tmp_path, killed):
    whole = run(tmp_path / "whole", seed=5)
    with pytest.raises(Killed):
        run(tmp_path / "cut", seed=5, report=kill_after(killed))
    assert len((tmp_path / "cut/metrics.jsonl").read_text().splitlines()) == killed
    resumed = run(tmp_path / "cut", seed=5, resume=True)
    assert resumed.epochs == whole.epochs
    assert resumed.accuracy == whole.accuracy
    expected = checkpoint.read(whole.checkpoint).network.state_dict()
    found = checkpoint.read(resumed.checkpoint).network.state_dict()
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    for name in ("metrics.jsonl", "result.json"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


METHODS = {
    "prune": replace(RECIPE, epochs=2, method=Prune(epochs=1)),
    "sigmoid sum": replace(
        RECIPE, epochs=2, weights="sigmoid", weight_bits=2, readout_weight_bits=8,
        method=SigmoidSum(epochs=1),
    ),
    "attention": replace(
        RECIPE, epochs=2, normalize=False, threshold="layer", reset="subtract", state_bits=12,
        leak_shift=8, weight_bits=8, settle=0.5,
        method=Attention(teacher_epochs=1, student_epochs=2),
    ),
}  # fmt: skip
METHODS["attention, bfloat16"] = replace(
    METHODS["attention"], encoding="direct", input_bits=4, precision="bfloat16"
)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_resumes_in_and_between_its_phases(tmp_path, name):
    whole = run(tmp_path / "whole", METHODS[name])
    assert len(whole.epochs) == (5 if name.startswith("attention") else 3)
    for killed in range(1, len(whole.epochs)):
        with pytest.raises(Killed):
            run(tmp_path / str(killed), METHODS[name], report=kill_after(killed))
        resumed = run(tmp_path / str(killed), METHODS[name], resume=True)
        assert resumed.epochs == whole.epochs
        expected = checkpoint.read(whole.checkpoint).network.state_dict()
        found = checkpoint.read(resumed.checkpoint).network.state_dict()
        assert all(torch.equal(found[key], value) for key, value in expected.items())


def test_an_epoch_cut_short_is_done_again(tmp_path, monkeypatch):
    """Killed in the middle of an epoch, in the middle of writing: the last whole state counts."""
    whole = run(tmp_path / "whole")
    save, calls = torch.save, []
    left = tmp_path / "cut/.state.pt.0123.part"

    def torn(record, path):
        calls.append(path)
        if len(calls) == 3:
            path.write_bytes(b"half")
            path.rename(left)  # as a process that is killed leaves it
            raise Killed
        save(record, path)

    monkeypatch.setattr(torch, "save", torn)
    with pytest.raises(Killed):
        run(tmp_path / "cut")
    assert left.read_bytes() == b"half"
    monkeypatch.setattr(torch, "save", save)
    assert run(tmp_path / "cut", resume=True).epochs == whole.epochs
    assert not list((tmp_path / "cut").glob("*.part"))


def test_a_folder_in_which_another_process_trains_is_refused(tmp_path):
    code = (
        "import sys; from pathlib import Path; from somagate.checks.files import held\n"
        "with held(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        for settings in ({}, {"resume": True}, {"overwrite": True}):
            with refused(
                RunError,
                f"{tmp_path} must be a folder of no training that is going on, but another process "
                "trains there; wait for it, or name another folder",
            ):
                run(tmp_path, **settings)
        other.communicate()
    assert run(tmp_path, epochs=1).epochs


def test_seeds_differ_and_repeat(tmp_path):
    first, second, other = (
        run(tmp_path / str(i), seed=s, epochs=1) for i, s in enumerate([1, 1, 2])
    )
    assert first.epochs == second.epochs
    assert first.epochs != other.epochs


def test_training_leaves_torchs_own_random_numbers_alone(tmp_path):
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    run(tmp_path / "run", epochs=1)
    assert torch.rand(1) == expected


def test_a_recipe_says_how_many_threads_and_gives_them_back(tmp_path):
    seen = []
    recipe = replace(RECIPE, threads=2)
    run(tmp_path / "run", recipe, epochs=1, report=lambda _: seen.append(torch.get_num_threads()))
    assert seen == [2]
    assert torch.get_num_threads() == 1


def test_a_float_network_trains_in_the_same_way(tmp_path):
    result = run(tmp_path / "float", RECIPE.floating())
    network = checkpoint.read(result.checkpoint).network
    assert not network.recipe.quantized
    quantized = checkpoint.read(run(tmp_path / "run").checkpoint).network.state_dict()
    steps = {name for name in quantized if name.endswith("quantizer.step")}
    assert set(network.state_dict()) == set(quantized) - steps
    weight = network.state_dict()["layers.0.groups.0.weight"]
    assert (weight != weight.round()).any()


def test_the_last_batch_may_be_smaller(tmp_path):
    run(tmp_path / "run", replace(RECIPE, batch=150, layers=(Dense(neurons=5),)), epochs=1)


def test_a_training_in_the_way_is_refused(tmp_path):
    run(tmp_path, epochs=1)
    with refused(
        RunError,
        f"{tmp_path} must hold no training, but has checkpoint.pt, metrics.jsonl, result.json; "
        "resume it, overwrite it, or name another folder",
    ):
        run(tmp_path, epochs=1)
    assert run(tmp_path, epochs=2, overwrite=True).recipe.epochs == 2


def test_a_finished_training_resumes_to_its_result(tmp_path):
    result = run(tmp_path, epochs=1)
    again = run(tmp_path, epochs=1, resume=True)
    assert again == replace(result, seconds=0.0)


def test_resuming_nothing_starts(tmp_path):
    assert len(run(tmp_path / "run", epochs=1, resume=True).epochs) == 1


@pytest.mark.parametrize("finished", [False, True])
def test_another_training_is_not_resumed(tmp_path, finished):
    if finished:
        run(tmp_path)
    else:
        with pytest.raises(Killed):
            run(tmp_path, report=kill_after(1))
    with refused(
        RunError,
        f"{tmp_path} must hold a training with weight_bits 2 to resume it, not 4",
    ):
        run(tmp_path, replace(RECIPE, weight_bits=2), resume=True)
    with refused(RunError, f"{tmp_path} must hold a training with seed 9 to resume it, not 0"):
        run(tmp_path, seed=9, resume=True)


@pytest.mark.parametrize("change", [{"gone": 1}, {"method": {"kind": "new"}}, {"layers": None}])
def test_a_training_of_another_version_is_not_resumed(tmp_path, change):
    run(tmp_path, epochs=1)
    summary = json.loads((tmp_path / "result.json").read_text())
    summary["recipe"] |= change
    (tmp_path / "result.json").write_text(json.dumps(summary))
    with pytest.raises(RunError, match="must hold a training of this version to resume it"):
        run(tmp_path, epochs=1, resume=True)


def test_resume_and_overwrite_exclude_each_other(tmp_path):
    with refused(RunError, "resume and overwrite must not both be set, but are"):
        run(tmp_path, resume=True, overwrite=True)


def test_a_state_that_is_none_is_refused(tmp_path):
    torch.save({"a": 1}, tmp_path / "state.pt")
    with refused(
        checkpoint.CheckpointError,
        f"{tmp_path / 'state.pt'} must be a somagate training state, but is another torch file",
    ):
        run(tmp_path, resume=True)


def test_a_file_is_no_run_folder(tmp_path):
    (tmp_path / "run").write_text("mine")
    with refused(
        RunError,
        f"{tmp_path / 'run'} must be a folder, but is a file; name another folder",
    ):
        run(tmp_path / "run", overwrite=True)
    assert (tmp_path / "run").read_text() == "mine"


def test_images_that_nothing_may_write_are_trained_on(tmp_path, monkeypatch):
    """Those of IDX files lie in the file's own bytes."""
    few = data.read("digits")
    for array in (few.train_images, few.test_images):
        array.setflags(write=False)
    run(tmp_path, epochs=1)


def test_a_bar_goes_to_the_standard_error_stream(tmp_path, capsys):
    run(tmp_path, epochs=1, progress=True)
    out, error = capsys.readouterr()
    assert out == ""
    assert "train tiny" in error


def test_data_that_a_network_takes_and_gets_wrong_is_refused(tmp_path):
    few, network = data.read("digits"), Network(RECIPE, (1, 8, 8))
    wide = replace(few, train_images=few.train_images.reshape(-1, 1, 4, 16))
    with refused(
        ValueError, "images of digits must have the shape (1, 8, 8) of the network, not (1, 4, 16)"
    ):
        train.evaluate(network, wide)
    message = "labels of digits must be 0…9 for the 10 classes of tiny, not reach 10"
    with refused(ValueError, message):
        train.evaluate(network, replace(few, test_labels=few.test_labels + 1))


def test_labels_without_a_class_are_refused_before_a_training(tmp_path):
    with refused(ValueError, "labels of digits must be 0…2 for the 3 classes of tiny, not reach 9"):
        run(tmp_path, replace(RECIPE, classes=3))


def test_an_epoch_is_told_in_a_line_and_a_long_one_in_several(tmp_path, monkeypatch):
    lines = []
    result = run(tmp_path / "a", epochs=2, tell=lines.append)
    for number, (line, epoch) in enumerate(zip(lines, result.epochs, strict=True), 1):
        words, seconds = line.rsplit(", ", 1)
        assert words == (
            f"epoch {number} of 2: loss {epoch.loss:.3f}, accuracy {epoch.accuracy:.2%}"
        )
        assert float(seconds.removesuffix(" s")) >= 0
    lines.clear()
    monkeypatch.setattr(train, "TELL_SECONDS", 0)
    run(tmp_path / "b", epochs=1, tell=lines.append)
    assert [line.partition(" batches")[0] for line in lines[:-1]] == [
        f"epoch 1 of 1: {batch} of 4" for batch in (1, 2, 3)
    ]
