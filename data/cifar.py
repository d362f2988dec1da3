"""CIFAR-10: five training batches and a test batch, in the binary or the Python version."""

from pathlib import Path

import numpy as np

from . import pickled
from .record import DataError, DataSet, Images, Labels
from .request import Request

NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST = "test_batch"
SHAPE = (3, 32, 32)
"""Red, green and blue, of which each batch stores one whole plane behind the other."""

_PIXELS = 3072


def read(request: Request) -> DataSet:
    """Return the images, RGB, 0…255.

    The folder holds `data_batch_1.bin` … and `test_batch.bin`, each with one byte of label and 3072
    of pixels an image, or `data_batch_1` … and `test_batch`, the pickles for Python.
    """
    listed = f"{TRAIN[0]}.bin … {TRAIN[-1]}.bin and {TEST}.bin (or the same without .bin)"
    folder = request.directory(f"CIFAR-10's {listed}")
    suffix = ".bin" if (folder / f"{TRAIN[0]}.bin").is_file() else ""
    batches = []
    for file in (*TRAIN, TEST):
        path = folder / f"{file}{suffix}"
        if not path.is_file():
            raise DataError(f"{folder} must hold {listed}, but has no {path.name}")
        images, labels = _binary(path) if suffix else _python(path)
        if labels.max() > 9 or labels.min() < 0:
            worst = labels.max() if labels.max() > 9 else labels.min()
            raise DataError(f"{path} must hold labels 0…9, not {worst}")
        batches.append((images.reshape(-1, *SHAPE), labels))
    *train, test = batches
    return DataSet(
        name=request.title,
        train_images=np.concatenate([images for images, _ in train]),
        train_labels=np.concatenate([labels for _, labels in train]),
        test_images=test[0],
        test_labels=test[1],
        maximum=255,
        class_names=NAMES,
    )


def _binary(path: Path) -> tuple[Images, Labels]:
    data = np.frombuffer(path.read_bytes(), np.uint8)
    record = 1 + _PIXELS
    if not len(data) or len(data) % record:
        raise DataError(
            f"{path} must have {record} bytes an image, but has {len(data)}, an incomplete file"
        )
    records = data.reshape(-1, record)
    return records[:, 1:], records[:, 0].astype(np.int64)


def _python(path: Path) -> tuple[Images, Labels]:
    batch = pickled.read(path)
    if not isinstance(batch, dict):
        raise DataError(f"{path} must hold a dict, not a {type(batch).__name__}")
    fields = {key.decode() if isinstance(key, bytes) else key: batch[key] for key in batch}
    for field in ("data", "labels"):
        if field not in fields:
            listed = ", ".join(sorted(map(str, fields))) or "nothing"
            raise DataError(f"{path} must hold the field {field!r}, but holds {listed}")
    images, labels = fields["data"], fields["labels"]
    if (
        not isinstance(images, np.ndarray)
        or images.dtype != np.uint8
        or images.ndim != 2
        or images.shape[1] != _PIXELS
    ):
        form = f"{images.dtype} {images.shape}" if isinstance(images, np.ndarray) else repr(images)
        raise DataError(f"{path} must hold data of uint8 (images, {_PIXELS}), not {form[:80]}")
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise DataError(f"{path} must hold labels as a list of int, not {repr(labels)[:80]}")
    if len(labels) != len(images) or not labels:
        raise DataError(
            f"{path} must have one label an image, not {len(labels)} labels for "
            f"{len(images)} images"
        )
    return images, np.array(labels, np.int64)
