import gzip
import struct

import numpy as np
import pytest
from refusal import refused
from somagate import data


def idx(array, magic=None):
    """Return the bytes of an IDX file, as the original MNIST files have them."""
    header = struct.pack(">I", magic or 0x800 + array.ndim)
    return header + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def folder(tmp_path):
    generator = np.random.default_rng(0)
    for split, count in (("train", 7), ("t10k", 3)):
        images = generator.integers(0, 256, (count, 5, 4), dtype=np.uint8)
        labels = generator.integers(0, 10, count, dtype=np.uint8)
        (tmp_path / f"{split}-images-idx3-ubyte").write_bytes(idx(images))
        (tmp_path / f"{split}-labels-idx1-ubyte").write_bytes(idx(labels))
    return tmp_path


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("zipped", [False, True])
def test_idx_files_are_read_as_they_are_and_zipped(folder, name, zipped):
    raw = (folder / "train-images-idx3-ubyte").read_bytes()
    if zipped:
        for path in list(folder.iterdir()):
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    found = data.read(name, folder)
    assert found.name == name
    assert found.train_images.shape == (7, 1, 5, 4)
    assert found.test_images.shape == (3, 1, 5, 4)
    assert found.train_images.tobytes() == raw[16:]
    assert found.train_labels.shape == (7,)
    assert found.train_labels.dtype == np.int64
    assert found.maximum == 255


def test_a_folder_must_be_named():
    with refused(
        data.DataError,
        "mnist needs the folder of its files train-images-idx3-ubyte, train-labels-idx1-ubyte, "
        "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each as it is or with .gz; none "
        "was named (mnist@DIR)",
    ):
        data.read("mnist")


def test_a_missing_file_is_named(folder):
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with refused(
        data.DataError,
        f"{folder} must hold t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz, but has neither",
    ):
        data.read("mnist", folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "train-images-idx3-ubyte", b"<html>", ("{path} must start with the IDX magic 00000801 "
            "(labels) or 00000803 (images), not 3c68746d"),
        ),
        (
            "train-images-idx3-ubyte", b"", ("{path} must start with the IDX magic 00000801 "
            "(labels) or 00000803 (images), not be empty"),
        ),
        (
            "train-images-idx3-ubyte", idx(np.zeros((7, 5, 4), np.uint8))[:-1],
            "{path} must have 156 bytes for the shape (7, 5, 4) in its header, not 155",
        ),
        (
            "train-images-idx3-ubyte", idx(np.zeros(7, np.uint8)),
            "{path} must hold images (3 axes), not 1 axes",
        ),
        (
            "t10k-labels-idx1-ubyte", idx(np.zeros((3, 5, 4), np.uint8)),
            "{path} must hold labels (1 axis), not 3 axes",
        ),
        (
            "train-images-idx3-ubyte", idx(np.zeros((6, 5, 4), np.uint8)),
            "{path} must have one label an image, not 7 labels for 6 images",
        ),
        (
            "train-images-idx3-ubyte", idx(np.zeros((7, 4, 4), np.uint8)),
            "{folder}: training and test images must be of one size, not (4, 4) and (5, 4)",
        ),
        (
            "t10k-labels-idx1-ubyte", idx(np.full(3, 10, np.uint8)),
            "{path} must hold labels 0…9, not 10",
        ),
    ],
)  # fmt: skip
def test_a_broken_file_is_named(folder, name, content, message):
    (folder / name).write_bytes(content)
    with refused(data.DataError, message.format(folder=folder, path=folder / name)):
        data.read("mnist", folder)


def test_a_set_without_images_is_refused(folder):
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx(np.zeros((0, 5, 4), np.uint8)))
    path = folder / "t10k-labels-idx1-ubyte"
    path.write_bytes(idx(np.zeros(0, np.uint8)))
    with refused(data.DataError, f"{path} must hold labels 0…9, not empty"):
        data.read("mnist", folder)


def test_a_file_that_is_only_called_zipped_is_refused(folder):
    (folder / "train-images-idx3-ubyte").unlink()
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(b"not gzip")
    with refused(
        data.DataError,
        f"{path} must be a gzip file, but can't be unpacked: Not a gzipped file (b'no')",
    ):
        data.read("mnist", folder)


def test_mnist_is_found_under_its_other_names(folder):
    before = data.read("mnist", folder)
    for path in list(folder.iterdir()):
        path.rename(path.with_name(path.name.replace("-idx", ".idx")))
    (folder / "._train-images.idx3-ubyte").write_bytes(b"Mac OS X resource fork")
    assert data.named(folder) == "mnist"
    assert np.array_equal(data.read("mnist", folder).train_images, before.train_images)


@pytest.mark.parametrize(
    ("name", "inner"),
    [("mnist", "MNIST/raw"), ("fashion-mnist", "FashionMNIST/raw"), ("mnist", "raw")],
)
def test_torchvisions_folders_are_found(folder, tmp_path, name, inner):
    files = list(folder.iterdir())
    (folder / inner).mkdir(parents=True)
    for path in files:
        path.rename(folder / inner / path.name)
    assert len(data.read(name, folder).train_images) == 7
    assert len(data.read(name, folder / inner).train_images) == 7
    if name == "mnist":
        assert data.named(folder) == "mnist"


def test_files_that_lie_deeper_are_told(folder):
    files = list(folder.iterdir())
    (folder / "archive/deep").mkdir(parents=True)
    for path in files:
        path.rename(folder / "archive/deep" / path.name)
    with refused(
        data.DataError,
        f"{folder} must hold train-images-idx3-ubyte or train-images-idx3-ubyte.gz, but has "
        f"neither; there is {folder / 'archive/deep/train-images-idx3-ubyte'}: name its folder",
    ):
        data.read("mnist", folder)
