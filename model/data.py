"""Data sets by name, as unsigned 8-bit images and integer labels.

`digits` comes with scikit-learn; `mnist` and `fashion-mnist` are read from the four standard IDX
files, gzipped or not, in a folder that the user names. Nothing is downloaded.
"""

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]

DIGITS_TEST = 500
"""Images of `digits` that are kept for the test, with the classes in their proportions."""

_IDX_FILES = {
    "train images": "train-images-idx3-ubyte",
    "train labels": "train-labels-idx1-ubyte",
    "test images": "t10k-images-idx3-ubyte",
    "test labels": "t10k-labels-idx1-ubyte",
}


class DataError(ValueError):
    """A data set that is missing or is not what it must be; the message names the file."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DataSet:
    """Images and labels, split for training and test.

    Attributes
    ----------
    name
        As given to `load`.
    train_images, test_images
        uint8 (samples, channels, rows, columns), 0…maximum.
    train_labels, test_labels
        int64 (samples,), 0…classes - 1.
    maximum
        The pixel that stands for the full scale.
    classes
        Number of classes.
    """

    name: str
    train_images: Images
    train_labels: Labels
    test_images: Images
    test_labels: Labels
    maximum: int
    classes: int = 10

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, rows, columns) of one image."""
        channels, rows, columns = self.train_images.shape[1:]
        return channels, rows, columns


def names() -> tuple[str, ...]:
    """Return the names of all data sets."""
    return "digits", "fashion-mnist", "mnist"


def load(name: str, folder: Path | None = None) -> DataSet:
    """Return a data set.

    Parameters
    ----------
    name
        One of `names()`.
    folder
        Where the IDX files of 'mnist' and 'fashion-mnist' are; 'digits' needs none.

    Raises
    ------
    DataError
        Where a file is missing, or is not an IDX file of the right kind, size and counts.
    ImportError
        Where 'digits' is asked for without scikit-learn.
    """
    if name == "digits":
        return _digits()
    if name not in names():
        listed = ", ".join(repr(known) for known in names())
        raise ValueError(f"data set must be one of {listed}, not {name!r}")
    if folder is None:
        raise DataError(
            f"{name} needs the folder of its files {', '.join(_IDX_FILES.values())}, each as it is "
            "or with .gz; none was named"
        )
    return _idx_set(name, Path(folder))


def _digits() -> DataSet:
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ImportError as error:
        raise ImportError(
            "digits needs scikit-learn, which is not installed: pip install 'somagate[train]'"
        ) from error
    bunch = load_digits()
    images = bunch.images.astype(np.uint8)[:, None]
    labels = bunch.target.astype(np.int64)
    train, test = train_test_split(
        np.arange(len(labels)), test_size=DIGITS_TEST, random_state=0, stratify=labels
    )
    return DataSet(
        name="digits",
        train_images=images[train],
        train_labels=labels[train],
        test_images=images[test],
        test_labels=labels[test],
        maximum=16,
    )


def _idx_set(name: str, folder: Path) -> DataSet:
    arrays = {part: _read_idx(_find(folder, file)) for part, file in _IDX_FILES.items()}
    for split in ("train", "test"):
        images, labels = arrays[f"{split} images"], arrays[f"{split} labels"]
        place = f"{folder / _IDX_FILES[f'{split} images']}"
        if images.ndim != 3:
            raise DataError(f"{place} must hold images (3 axes), not {images.ndim} axes")
        if labels.ndim != 1:
            place = f"{folder / _IDX_FILES[f'{split} labels']}"
            raise DataError(f"{place} must hold labels (1 axis), not {labels.ndim} axes")
        if len(images) != len(labels):
            raise DataError(f"{place} must have one label an image, not {len(labels)} labels for "
                            f"{len(images)} images")  # fmt: skip
        if not len(labels) or labels.max() > 9:
            worst = f"{labels.max()}" if len(labels) else "empty"
            place = f"{folder / _IDX_FILES[f'{split} labels']}"
            raise DataError(f"{place} must hold labels 0…9, not {worst}")
    if arrays["train images"].shape[1:] != arrays["test images"].shape[1:]:
        raise DataError(
            f"{folder}: training and test images must be of one size, not "
            f"{arrays['train images'].shape[1:]} and {arrays['test images'].shape[1:]}"
        )
    return DataSet(
        name=name,
        train_images=arrays["train images"][:, None],
        train_labels=arrays["train labels"].astype(np.int64),
        test_images=arrays["test images"][:, None],
        test_labels=arrays["test labels"].astype(np.int64),
        maximum=255,
    )


def _find(folder: Path, file: str) -> Path:
    for path in (folder / file, folder / f"{file}.gz"):
        if path.is_file():
            return path
    raise DataError(f"{folder} must hold {file} or {file}.gz, but has neither")


def _read_idx(path: Path) -> Images:
    """Read unsigned bytes: 0, 0, 8, axes, then each size as 4 bytes, big end first, then data."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{path} must be a gzip file, but can't be unpacked: {error}") from None
    if len(data) < 4 or data[:3] != b"\0\0\x08" or data[3] not in (1, 3):
        raise DataError(
            f"{path} must start with the IDX magic 00000801 (labels) or 00000803 (images), "
            f"not {data[:4].hex() or 'be empty'}"
        )
    axes = data[3]
    start = 4 + 4 * axes
    shape = tuple(int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(axes))
    size = int(np.prod(shape, dtype=np.int64))
    if len(data) != start + size:
        raise DataError(
            f"{path} must have {start + size} bytes for the shape {shape} in its header, "
            f"not {len(data)}"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
