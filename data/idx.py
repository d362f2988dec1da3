"""MNIST and Fashion-MNIST: four IDX files, gzipped or not."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from .leftovers import matching
from .record import DataError, DataSet, Images
from .request import Request

FILES = {
    "train images": "train-images-idx3-ubyte",
    "train labels": "train-labels-idx1-ubyte",
    "test images": "t10k-images-idx3-ubyte",
    "test labels": "t10k-labels-idx1-ubyte",
}


INNER = {"mnist": ("MNIST/raw", "raw"), "fashion-mnist": ("FashionMNIST/raw", "raw")}
"""Where torchvision keeps them, below the folder that it is given."""


def read(request: Request) -> DataSet:
    """Return the images of the four files, 0…255, in one channel."""
    folder = request.directory(f"its files {', '.join(FILES.values())}, each as it is or with .gz")
    folder = next(
        (inner for inner in map(folder.joinpath, INNER[request.name]) if inner.is_dir()), folder
    )
    arrays = {part: _read_idx(_find(folder, file)) for part, file in FILES.items()}
    for split in ("train", "test"):
        images, labels = arrays[f"{split} images"], arrays[f"{split} labels"]
        place = f"{folder / FILES[f'{split} images']}"
        if images.ndim != 3:
            raise DataError(f"{place} must hold images (3 axes), not {images.ndim} axes")
        if labels.ndim != 1:
            place = f"{folder / FILES[f'{split} labels']}"
            raise DataError(f"{place} must hold labels (1 axis), not {labels.ndim} axes")
        if len(images) != len(labels):
            raise DataError(f"{place} must have one label an image, not {len(labels)} labels for "
                            f"{len(images)} images")  # fmt: skip
        if not len(labels) or labels.max() > 9:
            worst = f"{labels.max()}" if len(labels) else "empty"
            place = f"{folder / FILES[f'{split} labels']}"
            raise DataError(f"{place} must hold labels 0…9, not {worst}")
    if arrays["train images"].shape[1:] != arrays["test images"].shape[1:]:
        raise DataError(
            f"{folder}: training and test images must be of one size, not "
            f"{arrays['train images'].shape[1:]} and {arrays['test images'].shape[1:]}"
        )
    return DataSet(
        name=request.title,
        train_images=arrays["train images"][:, None],
        train_labels=arrays["train labels"].astype(np.int64),
        test_images=arrays["test images"][:, None],
        test_labels=arrays["test labels"].astype(np.int64),
        maximum=255,
    )


def _find(folder: Path, file: str) -> Path:
    """Return a file, by its own name or with a dot before 'idx', as some archives have it."""
    for name in (file, file.replace("-idx", ".idx")):
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    below = [path for name in (file, file.replace("-idx", ".idx"))
             for path in matching(folder, f"*/**/{name}*")]  # fmt: skip
    where = f"; there is {min(below)}: name its folder" if below else ""
    raise DataError(f"{folder} must hold {file} or {file}.gz, but has neither{where}")


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
