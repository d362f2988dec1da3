"""Test samples for tables: a data set by its name or folder, encoded as the tables expect."""

from pathlib import Path

import numpy as np

from ..export.tables import Tables
from ..model.data import DataSet, Images, Labels, load
from ..model.encode import encode


def data_set(data: str) -> DataSet:
    """Return 'digits', or the data set whose IDX files are in the folder `data`.

    Raises
    ------
    ValueError
        Where `data` is neither, or a file is not what it must be.
    """
    if data == "digits":
        return load("digits")
    if not Path(data).is_dir():
        raise ValueError(
            f"--data must be 'digits' or a folder with the IDX files of MNIST or Fashion-MNIST, "
            f"but there is no folder {data!r}"
        )
    return load("mnist", Path(data))


def test_samples(tables: Tables, data: str, count: int | None) -> tuple[Images, Labels]:
    """Return the first `count` test images in the shape of the tables' input, and their labels.

    Returns
    -------
    images
        uint8 (samples, *input shape), 0…tables.input.maximum.
    labels
        int64 (samples,).
    """
    found = data_set(data)
    wanted, maximum = tables.input.shape, tables.input.maximum
    if np.prod(found.shape) != np.prod(wanted) or tables.input.encoding == "frames":
        raise ValueError(
            f"the tables take {tables.input.encoding!r} samples of shape {wanted}, but {data} has "
            f"images of shape {found.shape}; choose the data they were trained on with --data"
        )
    if found.maximum != maximum:
        raise ValueError(
            f"the tables take pixels 0…{maximum}, but {data} has 0…{found.maximum}; "
            "choose the data they were trained on with --data"
        )
    total = len(found.test_images)
    if count is not None and count > total:
        raise ValueError(f"--samples must be 1…{total} for {data}, not {count}")
    return found.test_images[:count].reshape(-1, *wanted), found.test_labels[:count]


class Encoded:
    """Test images as input maps, encoded when they are asked for.

    Parameters
    ----------
    tables
        Whose input they are for.
    images
        uint8 (samples, *input shape).
    """

    def __init__(self, tables: Tables, images: Images) -> None:
        self._tables, self._images = tables, images

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._images)

    def __getitem__(self, samples: slice, /) -> Images:
        """Return input maps of some samples, uint8 (steps, samples, *input shape)."""
        return encode(
            self._images[samples],
            encoding=self._tables.input.encoding,
            steps=self._tables.steps,
            maximum=self._tables.input.maximum,
            high=self._tables.input.activation.high,
        )
