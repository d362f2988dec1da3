import json
import math
from pathlib import Path

import numpy as np
import pytest
from somagate.data import read
from somagate.export.tables import Tables
from somagate.model import recipes
from somagate.training import Trained


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of one epoch."""
    from somagate.model.train import Told, train

    folder = tmp_path_factory.mktemp("trained") / "run"
    recipe = recipes.find("digits-dense").override(epochs=1)
    return train(recipe, folder, told=Told(progress=False)).checkpoint


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
        (
            ("mnist", "--data", "cifar10@nowhere"),
            "data must be 'mnist' for recipe mnist, or a folder, not 'cifar10'",
        ),
        (("mnist", "--data", "mnist@nowhere"), "nowhere must be a folder, but does not exist"),
        (("digits", "--data", "digits@here"), "digits needs no folder, but here was named"),
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
        f"data must be 'digits' or left out for recipe digits-dense, not {str(tmp_path)!r}"
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


def test_train_and_export_take_data_by_name_and_folder(
    somagate, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    digits = read("digits")
    for split, images, labels in (
        ("train", digits.train_images[:60], digits.train_labels[:60]),
        ("t10k", digits.test_images[:20], digits.test_labels[:20]),
    ):
        for kind, array in (("images-idx3", images[:, 0] * 15), ("labels-idx1", labels)):
            header = bytes([0, 0, 8, array.ndim])
            header += b"".join(size.to_bytes(4, "big") for size in array.shape)
            path = tmp_path / f"{split}-{kind}-ubyte"
            path.write_bytes(header + array.astype(np.uint8).tobytes())
    out = tmp_path_factory.mktemp("run")
    done = somagate(
        "train", "mnist-dense", "--data", f"mnist:cache={tmp_path}/kept.npz@{tmp_path}",
        "--epochs", 2, "--out", out, "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["epochs"] == 2
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        "epoch 1 of 2", "epoch 2 of 2",
    ]  # fmt: skip
    checkpoint = out / "checkpoint.pt"
    result = somagate.json("export", checkpoint, "--data", f"mnist@{tmp_path}")
    assert result["samples"] == 20
    other = f"mnist:fold=1/2@{tmp_path}"
    assert somagate.error("export", checkpoint, "--data", other, "--force") == (
        f"data must have the options of 'mnist:cache={tmp_path}/kept.npz' or none, "
        "not 'mnist:fold=1/2'"
    )
