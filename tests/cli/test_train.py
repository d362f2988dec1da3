import json
import math
from pathlib import Path

import pytest
from somagate.export.tables import Tables
from somagate.model import recipes
from somagate.training import Trained


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of one epoch."""
    from somagate.model.train import train

    folder = tmp_path_factory.mktemp("trained") / "run"
    return train(recipes.load("digits-dense"), folder, epochs=1, progress=False).checkpoint


def test_train_writes_a_checkpoint(somagate, tmp_path: Path) -> None:
    out = tmp_path / "run"
    result = somagate.json(
        "train", "digits-dense", "--epochs", 1, "--out", out, "--seed", 3, "--steps", 2,
        "--weight-bits", 2, "--state-bits", 4,
    )  # fmt: skip
    assert list(result) == [
        *("recipe", "checkpoint", "accuracy", "quantized", "seed", "epochs", "loss", "seconds")
    ]
    assert result["recipe"] == "digits-dense"
    assert result["quantized"] is True
    assert (result["seed"], result["epochs"]) == (3, 1)
    assert Path(result["checkpoint"]).parent == out
    somagate("export", result["checkpoint"])
    tables = Tables.load(out / "tables.safetensors")
    assert tables.steps == 2
    assert [group.bits for layer in tables.layers for group in layer.synapses] == [2, 2]
    assert tables.layers[0].neuron.store.bits == 4


def test_train_tests_on_a_fold(somagate, tmp_path: Path) -> None:
    out = tmp_path / "run"
    result = somagate.json(
        "train", "digits-dense", "--epochs", 1, "--out", out, "--fold", "2/5", "--steps", 2
    )
    recipe = json.loads((out / "result.json").read_text())["recipe"]
    assert recipe["data"] == "digits:fold=2/5"
    correct = result["accuracy"] * math.ceil(1797 / 5)
    assert correct == pytest.approx(round(correct)), "not a share of a fold's 360 samples"


def test_train_overwrites_nothing_unless_told(somagate, trained: Path) -> None:
    before = trained.read_bytes()
    arguments = ("train", "digits-dense", "--epochs", 1, "--out", trained.parent)
    message = somagate.error(*arguments)
    assert message.startswith(f"{trained.parent} must hold no training, but has checkpoint.pt")
    assert trained.read_bytes() == before
    assert somagate(*arguments, "--force").stdout.endswith(f"Checkpoint in {trained}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("digit",),
            (
                f"recipe must be one of {', '.join(recipes.names())}, not 'digit'; "
                "did you mean 'digits'?"
            ),
        ),
        (
            ("digits", "--data", "somewhere"),
            "data must be 'digits' or left out for recipe digits, not 'somewhere'",
        ),
        (("mnist",), "recipe mnist needs data, the folder of mnist's files"),
        (
            ("digits", "--fold", "6/5"),
            "fold must be 1…5 of 5, not 6",
        ),
        (("mnist", "--data", "nowhere"), "nowhere must be a folder, but does not exist"),
        (
            ("digits-dense", "--device", "xyz"),
            "device must be 'cpu' or 'cuda', not 'xyz'",
        ),
        (("digits", "--resume", "--force"), "resume and overwrite must not both be set, but are"),
    ],
)
def test_train_refuses(
    somagate, tmp_path: Path, monkeypatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert somagate.error("train", *arguments) == message


def test_export_keeps_the_accuracy(somagate, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.safetensors"
    result = somagate.json("export", trained, "--out", out)
    assert list(result) == [
        *("tables", "path", "data", "samples", "accuracy_before", "accuracy_after", "findings")
    ]
    assert result["accuracy_before"] == result["accuracy_after"]
    assert result["samples"] == 500
    assert result["tables"] == Tables.load(out).sha256
    assert somagate.error("export", trained, "--out", out) == (
        f"{out} exists already: name another with --out, or give --force"
    )
    before = out.read_bytes()
    assert f"Tables in {out}\n" in somagate("export", trained, "--out", out, "--force").stdout
    assert out.read_bytes() == before


def test_export_writes_nothing_where_the_data_is_wrong(
    somagate, trained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "t.safetensors"
    assert somagate.error("export", trained, "--data", tmp_path, "--out", out) == (
        f"digits needs no folder, but {tmp_path} was named"
    )
    assert not out.exists()


def test_export_names_the_checkpoints_that_are_there(somagate, trained: Path) -> None:
    wrong = trained.with_name("check.pt")
    assert somagate.error("export", wrong) == (
        f"{wrong} must be a .pt file, but does not exist; there is {trained}"
    )


def test_export_refuses_another_file(somagate, tmp_path: Path) -> None:
    path = tmp_path / "text.pt"
    path.write_text("this is text")
    assert somagate.error("export", path) == (
        f"{path} must be a somagate checkpoint, but is no torch file"
    )


def test_a_detector_says_its_precision() -> None:
    result = Trained(
        recipe="shapes-spquant", checkpoint=Path("c.pt"), accuracy=0.5, quantized=True, seed=0,
        epochs=3, loss=1.0, seconds=1.0, detector=True,
    )  # fmt: skip
    assert result.summary == "50.00% mean average precision on the test set after 3 epochs"
