import pickle
import struct

import numpy as np
import pytest
from refusal import refused
from somagate import data
from somagate.data.cifar import TEST, TRAIN
from somagate.data.encode import encode

LISTED = "data_batch_1.bin … data_batch_5.bin and test_batch.bin (or the same without .bin)"
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (6, 3, 3, 32, 32), np.uint8)
LABELS = RANDOM.integers(0, 10, (6, 3)).tolist()


def short(text):
    return b"U" + bytes([len(text)]) + text


def python_2(images, labels):
    """Return the pickle that Python 2 wrote of a batch, opcode by opcode."""
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + short(b"b") + b"\x87R"
        + b"(K\x01K" + bytes([len(images)]) + b"M\x00\x0c\x86"
        + b"cnumpy\ndtype\n" + short(b"u1") + b"K\x00K\x01\x87R"
        + b"(K\x03" + short(b"|") + b"NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\x00tb\x89"
        + b"T" + struct.pack("<i", images.size) + images.tobytes() + b"tb"
    )  # fmt: skip
    listed = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    return (
        b"\x80\x02}(" + short(b"data") + array + short(b"labels") + listed
        + short(b"batch_label") + short(b"testing batch 1 of 1") + b"u."
    )  # fmt: skip


def binary(images, labels):
    pairs = zip(images, labels, strict=True)
    return b"".join(bytes([label]) + image.tobytes() for image, label in pairs)


def written(folder, suffix, form):
    for batch, name in enumerate((*TRAIN, TEST)):
        (folder / f"{name}{suffix}").write_bytes(form(IMAGES[batch], LABELS[batch]))
    return folder


@pytest.fixture
def folder(tmp_path):
    return written(tmp_path, ".bin", binary)


@pytest.mark.parametrize(
    ("suffix", "form"),
    [
        (".bin", binary),
        ("", python_2),
        ("", lambda i, n: pickle.dumps({b"data": i.reshape(3, -1), b"labels": n}, 0)),
        ("", lambda i, n: pickle.dumps({b"data": i.reshape(3, -1), b"labels": n}, 2)),
        ("", lambda i, n: pickle.dumps({b"data": i.reshape(3, -1), b"labels": n}, 4)),
        ("", lambda i, n: pickle.dumps({b"data": i.reshape(3, -1), b"labels": n}, 5)),
    ],
    ids=["binary", "python 2", "protocol 0", "protocol 2", "protocol 4", "protocol 5"],
)
def test_every_version_gives_the_same_images(tmp_path, suffix, form):
    found = data.read("cifar10", written(tmp_path, suffix, form))
    assert np.array_equal(found.train_images, IMAGES[:5].reshape(-1, 3, 32, 32))
    assert np.array_equal(found.test_images, IMAGES[5])
    assert found.train_labels.tolist() == sum(LABELS[:5], [])
    assert found.test_labels.tolist() == LABELS[5]
    assert found.train_labels.dtype == np.int64
    assert (found.maximum, found.classes, found.shape) == (255, 10, (3, 32, 32))
    assert found.class_names[3] == "cat"
    assert found.steps is None


def test_rgb_images_are_encoded_directly_as_8_bits(folder):
    images = data.read("cifar10", folder).test_images
    maps = encode(images, encoding="direct", steps=2, maximum=255, high=255)
    assert np.array_equal(maps, np.stack([images, images]))


def test_a_missing_batch_is_named(folder):
    (folder / "data_batch_4.bin").unlink()
    with refused(data.DataError, f"{folder} must hold {LISTED}, but has no data_batch_4.bin"):
        data.read("cifar10", folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (bytes(3073 * 2 - 1), "must have 3073 bytes an image, but has 6145, an incomplete file"),
        (b"", "must have 3073 bytes an image, but has 0, an incomplete file"),
        (b"\x0a" + bytes(3072), "must hold labels 0…9, not 10"),
    ],
)
def test_a_broken_binary_batch_is_named(folder, content, message):
    (folder / "test_batch.bin").write_bytes(content)
    with refused(data.DataError, f"{folder / 'test_batch.bin'} {message}"):
        data.read("cifar10", folder)


ARRAY = np.zeros((2, 3072), np.uint8)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1], "must hold a dict, not a list"),
        ({"data": ARRAY, "fine": 1}, "must hold the field 'labels', but holds data, fine"),
        ({}, "must hold the field 'data', but holds nothing"),
        ({"data": ARRAY[:, 1:], "labels": [1, 2]},
         "must hold data of uint8 (images, 3072), not uint8 (2, 3071)"),
        ({"data": 3, "labels": [1, 2]}, "must hold data of uint8 (images, 3072), not 3"),
        ({"data": ARRAY, "labels": "ab"}, "must hold labels as a list of int, not 'ab'"),
        ({"data": ARRAY, "labels": [1]}, "must have one label an image, not 1 labels for 2 images"),
        ({"data": ARRAY, "labels": [1, -1]}, "must hold labels 0…9, not -1"),
    ],
)  # fmt: skip
def test_a_broken_python_batch_is_named(tmp_path, content, message):
    written(tmp_path, "", python_2)
    path = tmp_path / "data_batch_2"
    path.write_bytes(pickle.dumps(content))
    with refused(data.DataError, f"{path} {message}"):
        data.read("cifar10", tmp_path)
