"""Samples of a user's own arrays and datasets, and recipes of his own files."""

from pathlib import Path
from typing import Any, Literal

import frameworks
import numpy as np
import pytest
import somagate as sg
from refusal import refused
from somagate.data import DataError, read
from somagate.imports.graph import Linear, Network, Neuron, Node
from somagate.imports.importing import ImportSettings, imported
from somagate.imports.paths import LoweringError

EXAMPLES = Path(__file__).parents[2] / "examples"

RECIPE = """
from somagate.model import Dense, Recipe

RECIPE = Recipe(
    name="mine", data="arrays", layers=(Dense(neurons=12),), steps=4, epochs=2, batch=64,
    learning_rate=2e-2,
)
"""


@pytest.fixture(scope="module")
def tables() -> Any:
    return sg.load(EXAMPLES / "digits.safetensors")


def test_arrays_and_datasets_are_the_samples_that_a_name_gives(tables) -> None:
    named = sg.samples(tables, "digits")[:20]
    pair = sg.samples(tables, (named.images, named.labels))
    assert np.array_equal(pair.x, named.x)
    assert sg.measure(tables, pair).accuracy == sg.measure(tables, named).accuracy
    flat = sg.samples(tables, (named.images.reshape(20, -1).astype(float), None))
    assert np.array_equal(flat.x, named.x)
    assert not flat.labelled

    class Dataset:
        def __len__(self) -> int:
            return 20

        def __getitem__(self, index: int) -> Any:
            return named.images[index], int(named.labels[index])

    listed = sg.samples(tables, Dataset(), count=7)
    assert np.array_equal(listed.x, named[:7].x)
    assert listed.labels.tolist() == named.labels[:7].tolist()


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ((np.zeros((3, 1, 8, 7)), None), ValueError,
         "x must be (samples, *input shape), (samples, 1, 8, 8) for digits, not (3, 1, 8, 7)"),
        ((np.full((3, 1, 8, 8), 0.5), None), ValueError,
         ("x must be whole numbers 0…16 for digits, not float64 from 0.5 to 0.5; scale and round "
         "it as the training did")),
        ((np.full((3, 1, 8, 8), 17), None), ValueError,
         ("x must be whole numbers 0…16 for digits, not int64 from 17 to 17; scale and round it as "
         "the training did")),
        ((np.zeros((3, 1, 8, 8)), [1, 2]), ValueError, "labels must be one a sample, 3, not 2"),
        ((np.zeros((3, 1, 8, 8)), [0.5, 1, 2]), ValueError,
         ("targets must be of imported tables that answer by potentials, as others have no unit; "
         "give whole numbers as labels of digits, or None")),
        ((np.zeros((3, 1, 8, 8)), [0.5, 1, np.nan]), ValueError,
         "targets must be finite numbers, not nan"),
        ((np.zeros((3, 1, 8, 8)), [0.5, np.inf, 1]), ValueError,
         "targets must be finite numbers, not inf"),
        ((np.zeros((3, 1, 8, 8)), [-1, 1, 2]), ValueError,
         ("labels must be whole numbers from 0 on, one a sample, to be compared with classes, not "
         "int64 of shape (3,); give None in their place to simulate")),
        (7, TypeError, ("data must be the name of a data set, a pair (x, y), (x, None), or a "
         "dataset whose samples are such pairs, not 7")),
    ],
)  # fmt: skip
def test_what_the_tables_do_not_take_is_refused(tables, data, error, message: str) -> None:
    with refused(error, message):
        sg.samples(tables, data)


def test_a_recipe_of_a_users_own_trains_on_his_own_arrays(tmp_path: Path) -> None:
    digits = read("digits")
    np.savez(
        tmp_path / "own.npz",
        x_train=digits.train_images[:, 0] * 15, y_train=digits.train_labels,
        x_test=digits.test_images[:, 0] * 15, y_test=digits.test_labels,
    )  # fmt: skip
    path = tmp_path / "mine.py"
    path.write_text(RECIPE, encoding="utf-8")
    trained = sg.train(path, tmp_path / "run", data=tmp_path / "own.npz")
    assert trained.recipe == "mine"
    assert trained.accuracy > 0.5
    data = f"arrays@{tmp_path / 'own.npz'}"
    done = sg.convert(trained.checkpoint, tmp_path / "mine.safetensors", data=data)
    assert done.accuracy_before == done.accuracy_after == trained.accuracy
    assert sg.measure(done.tables, sg.samples(done.tables, data)).accuracy == trained.accuracy
    path.write_text("RECIPE = 7", encoding="utf-8")
    with refused(ValueError, f"{path} must set RECIPE to a somagate.model.Recipe, not to int"):
        sg.train(path)
    path.write_text("1 / 0", encoding="utf-8")
    message = f"{path} must run, but ends with ZeroDivisionError: division by zero"
    with refused(ValueError, message):
        sg.train(str(path))
    with refused(
        ValueError, f"{tmp_path}/none.py must be a Python file with a RECIPE, but is none"
    ):
        sg.train(tmp_path / "none.py")


@pytest.mark.parametrize("readout", ["potential", "every"])
def test_a_regression_is_measured_by_its_targets(tmp_path: Path, readout: str) -> None:
    frameworks.snntorch()
    import snntorch as snn
    import torch
    from torch import nn

    torch.manual_seed(0)
    layers = [nn.Linear(3, 8), snn.Leaky(beta=0.5, init_hidden=True), nn.Linear(8, 2)]
    net = nn.Sequential(*layers, snn.Leaky(beta=0.5, init_hidden=True, reset_mechanism="none"))
    x = torch.rand(6, 3)
    tables = sg.from_snntorch(net, x, steps=5, readout=readout)
    targets = sg.as_output(tables, sg.simulate(tables, sg.as_input(tables, x)).output)
    targets[2] += 0.5
    data = sg.samples(tables, (x, targets))
    found = sg.measure(tables, data)
    assert found.error == pytest.approx(0.25 / 6) and found.correct is found.accuracy is None
    assert "mean squared error 0.04167 over 6 samples" in str(found)
    assert found.to_dict()["error"] == found.error
    assert sg.measure(tables, data[3:]).error == 0
    np.savez(tmp_path / "own.npz", x=x.numpy(), y=targets)
    kept = sg.samples(tables, f"arrays@{tmp_path}/own.npz")
    assert np.array_equal(kept.x, data.x) and np.array_equal(kept.targets, data.targets)
    with refused(ValueError, f"targets must be (samples, {'5, 2' if readout == 'every' else 2}) "
                 f"for {tables.name}, not (6, 3)"):  # fmt: skip
        sg.samples(tables, (x, np.zeros((6, 3))))


class Pairs:
    """Samples and labels one by one, as of a dataset of torch."""

    def __init__(self, x: Any, y: Any) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> Any:
        return self.x[index], int(self.y[index])


@pytest.mark.parametrize("layout", ["steps", "batch"])
def test_a_file_of_arrays_is_taken_as_the_source_takes_its_samples(
    tmp_path: Path, layout: Literal["steps", "batch"]
) -> None:
    rng = np.random.default_rng(3)
    net = Network(
        input_shape=(6,), layout=layout, axes=1,
        nodes=(
            Node(name="fc", op=Linear(weight=rng.normal(size=(3, 6))), sources=("input",)),
            Node(name="lif", op=Neuron(threshold=np.array(1.0)), sources=("fc",)),
        ),
    )  # fmt: skip
    rows, y = rng.normal(size=(9, 4, 6)), rng.integers(0, 3, 9)
    x = rows if layout == "batch" else rows.swapaxes(0, 1)
    tables = imported(net, ImportSettings(samples=x))
    wanted = sg.as_input(tables, x)
    path = tmp_path / "own.npz"
    np.savez(path, x=x, y=y)
    found = sg.samples(tables, f"arrays@{path}")
    assert np.array_equal(found.x, wanted) and np.array_equal(found.labels, y)
    assert np.array_equal(found.x, sg.samples(tables, (x, y)).x)
    assert np.array_equal(sg.samples(tables, Pairs(rows, y), 2).x, wanted[:, :2])
    order = "(batch, steps, …)" if layout == "batch" else "(steps, batch, …)"
    np.savez(path, x=x.swapaxes(0, 1), y=y)
    message = (
        f"samples must be {order} with 4 steps, as the source takes them, not of shape "
        f"{x.swapaxes(0, 1).shape} with 9"
    )
    with refused(LoweringError, message):
        sg.samples(tables, f"arrays@{path}")
    np.savez(path, x=x, y=y[:4])
    message = f"labels must be one a sample, 9, not 4: x is {order}, as the source takes it"
    with refused(ValueError, message):
        sg.samples(tables, f"arrays@{path}")
    late = x[5:] if layout == "batch" else x[:, 5:]
    np.savez(path, x_train=x, y_train=y, x_test=late, y_test=y[5:])
    found = sg.samples(tables, f"arrays@{path}", 3)
    assert np.array_equal(found.x, wanted[:, 5:8]) and np.array_equal(found.labels, y[5:8])
    message = (
        "options of arrays must be left out for imported tables, which take x as their source "
        "does, not kind, fold"
    )
    with refused(ValueError, message):
        sg.samples(tables, f"arrays:kind=frames,fold=1/2@{path}")
    np.savez(path, x=x)
    with refused(
        DataError, f"{path} must hold x and y, or x_train, y_train, x_test and y_test, not x"
    ):
        sg.samples(tables, f"arrays@{path}")
