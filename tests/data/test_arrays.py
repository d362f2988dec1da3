"""A user's own arrays in a `.npz` file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from refusal import refused
from somagate.data import DataError, read

Y = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(**arrays: Any) -> Path:
        path = tmp_path / "own.npz"
        np.savez(path, **arrays)
        return path

    return write


def test_images_are_split_as_they_are_named(file) -> None:
    x = np.arange(10 * 4 * 3).reshape(10, 4, 3)
    found = read("arrays", file(x_train=x[:7], y_train=Y[:7], x_test=x[7:], y_test=Y[7:]))
    assert found.train_images.shape == (7, 1, 4, 3)
    assert found.test_images.tolist() == x[7:, None].tolist()
    assert found.test_labels.tolist() == [1, 2, 0]
    assert (found.classes, found.maximum, found.steps, found.name) == (3, 255, None, "arrays")


def test_without_a_split_one_of_ten_folds_is_the_test(file) -> None:
    found = read("arrays", file(x=np.ones((10, 6), np.uint8), y=Y))
    assert (len(found.train_images), len(found.test_images)) == (9, 1)
    assert found.shape == (6, 1, 1)
    assert found.maximum == 1


def test_real_numbers_become_levels(file) -> None:
    x = np.linspace(0, 1, 10)[:, None] * np.ones((1, 2))
    found = read("arrays:fold=1/2", file(x=x, y=Y))
    levels = np.concatenate([found.train_images, found.test_images])[:, 0, 0, 0]
    assert sorted(levels.tolist()) == [0, 28, 57, 85, 113, 142, 170, 198, 227, 255]
    assert found.maximum == 255


def test_frames_have_their_steps_behind_the_samples(file) -> None:
    x = np.arange(10 * 5 * 7).reshape(10, 5, 7) % 4
    found = read("arrays:kind=frames,fold=1/10", file(x=x, y=Y))
    assert found.train_images.shape == (9, 5, 7, 1, 1)
    assert (found.steps, found.maximum) == (5, 3)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": Y}, "must hold x and y, or x_train, y_train, x_test and y_test, not a"),
        ({"x": Y, "y": Y}, (": x must be of shape (samples, values), (samples, rows, columns) or "
         "(samples, channels, rows, columns), not (10,)")),
        ({"x": np.full((10, 2), 1.5), "y": Y},
         ": x must be real numbers 0…1, not 1.5…1.5; scale and shift it"),
        ({"x": np.full((10, 2), np.nan), "y": Y},
         ": x must be real numbers 0…1, not nan…nan; scale and shift it"),
        ({"x": np.full((10, 2), -1), "y": Y},
         ": x must be whole numbers 0…255, not -1…-1; scale and shift it"),
        ({"x": np.full((10, 2), "a"), "y": Y}, ": x must hold numbers, not <U1"),
        ({"x": np.ones((9, 2)), "y": Y}, ": x must have as many samples as its labels, 10, not 9"),
        ({"x": np.ones((10, 2)), "y": Y - 1},
         ": y must be whole numbers from 0 on, one a sample, not int64 of shape (10,) from -1 on"),
        ({"x": np.ones((10, 2)), "y": Y[:, None] / 2}, (": y must be whole numbers from 0 on, one "
         "a sample, not float64 of shape (10, 1) from 0.0 on")),
    ],
)  # fmt: skip
def test_what_is_no_data_is_named(file, arrays: dict[str, Any], message: str) -> None:
    path = file(**arrays)
    with refused(DataError, f"{path}{'' if message[0] == ':' else ' '}{message}"):
        read("arrays", path)


def test_files_that_are_no_arrays_are_named(tmp_path: Path, file) -> None:
    with refused(DataError, f"arrays needs a .npz file, arrays@FILE.npz, not {tmp_path}"):
        read("arrays", tmp_path)
    with refused(DataError, "arrays needs a .npz file, arrays@FILE.npz, not None"):
        read("arrays")
    path = tmp_path / "text.npz"
    path.write_text("no arrays", encoding="utf-8")
    with pytest.raises(DataError, match="must be a .npz file of arrays without objects"):
        read("arrays", path)
    path = file(x=np.array([[{}]]), y=np.array([0]))
    with pytest.raises(DataError, match="must be a .npz file of arrays without objects"):
        read("arrays", path)
    whole = file(x=np.ones((10, 2)), y=Y)
    whole.write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(DataError, match="must be a .npz file of arrays without objects"):
        read("arrays", whole)


@pytest.mark.parametrize("name", ["x_test", "x_train"])
def test_both_parts_are_of_one_shape(file, name: str) -> None:
    x = {"x_train": np.ones((10, 4, 4)), "x_test": np.ones((10, 4, 4))}
    x[name] = np.ones((10, 4, 5))
    with pytest.raises(DataError, match="x_test must be of shape"):
        read("arrays", file(**x, y_train=Y, y_test=Y))
