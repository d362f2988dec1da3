import pickle

import pytest
import torch
from refusal import refused
from somagate.model import checkpoint
from somagate.model.network import Network
from somagate.model.recipe import Dense, Recipe

RECIPE = Recipe(name="r", data="digits", layers=(Dense(neurons=3),), classes=2)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "checkpoint.pt"
    network = Network(RECIPE, (1, 2, 2))
    checkpoint.save(checkpoint.Checkpoint(network=network, seed=1, maximum=16, accuracy=0.5), path)
    return path


def change(path, **changes):
    torch.save({**torch.load(path, weights_only=True), **changes}, path)


def test_a_checkpoint_comes_back_in_evaluation_mode(path):
    loaded = checkpoint.read(str(path))
    assert loaded.recipe == RECIPE
    assert not loaded.network.training
    assert (loaded.seed, loaded.maximum, loaded.accuracy) == (1, 16, 0.5)
    assert [file.name for file in path.parent.iterdir()] == ["checkpoint.pt"]


def test_a_missing_file_is_refused(tmp_path):
    with refused(
        checkpoint.CheckpointError,
        f"{tmp_path / 'none.pt'} must be readable: No such file or directory",
    ):
        checkpoint.read(tmp_path / "none.pt")


class Code:
    def __reduce__(self):
        return print, ("this must never run",)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\3\4", pickle.dumps({"a": 1}), pickle.dumps(Code())]
)
def test_a_file_of_another_kind_is_refused(tmp_path, content, capsys):
    file = tmp_path / "file.pt"
    file.write_bytes(content)
    with pytest.raises(checkpoint.CheckpointError) as error:
        checkpoint.read(file)
    assert str(error.value).startswith(f"{file} must be a somagate checkpoint, but is ")
    assert "\n" not in str(error.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [{"a": 1}, [1], torch.zeros(2)])
def test_a_torch_file_of_another_kind_is_refused(tmp_path, content):
    file = tmp_path / "file.pt"
    torch.save(content, file)
    with refused(
        checkpoint.CheckpointError,
        f"{file} must be a somagate checkpoint, but is another torch file",
    ):
        checkpoint.read(file)


def test_code_in_a_torch_file_never_runs(tmp_path, capsys):
    file = tmp_path / "file.pt"
    torch.save({"format": Code()}, file)
    with refused(
        checkpoint.CheckpointError, f"{file} must be a somagate checkpoint, but is no torch file"
    ):
        checkpoint.read(file)
    assert capsys.readouterr().out == ""


def test_another_version_is_refused(path):
    change(path, version=1)
    with refused(
        checkpoint.CheckpointError,
        f"{path} must be a somagate checkpoint of version 2, not 1",
    ):
        checkpoint.read(path)


@pytest.mark.parametrize(
    "changes", [{"shape": [1, 3, 3]}, {"shape": 3}, {"recipe": {}}, {"network": {}}]
)
def test_a_checkpoint_that_is_not_whole_is_refused(path, changes):
    change(path, **changes)
    with pytest.raises(checkpoint.CheckpointError) as error:
        checkpoint.read(path)
    assert str(error.value).startswith(f"{path} must be a whole somagate checkpoint: ")
    assert "\n" not in str(error.value)
