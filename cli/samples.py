"""Test samples for tables: a data set by its name or folder, encoded as the tables expect."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..checks.memory import room
from ..data import (
    NO_LABEL,
    DataSet,
    Images,
    Labels,
    Request,
    load,
    named,
    names,
    needs_folder,
)
from ..data.encode import encode
from ..export.tables import Tables
from .output import existing_folder


def data_set(data: str) -> DataSet:
    """Return the data set `NAME[:KEY=VALUE,…][@DIR]`, or the one whose files are in a folder.

    A name wins over a folder that is called like it.

    Raises
    ------
    ValueError
        Where `data` is neither, or a file is not what it must be.
    """
    if re.split("[:@]", data)[0] in names():
        return load(data)
    folder = Path(data)
    if not folder.is_dir():
        raise ValueError(
            f"--data must be NAME[:OPTIONS][@DIR], with a NAME of {', '.join(names())}, or a "
            f"folder with the files of one of them, but there is no folder {data!r}"
        )
    return load(named(folder), folder)


def recipe_data(
    data: str | None, wanted: str, recipe: str, *, options: bool = True
) -> tuple[str, Path | None]:
    """Return the data set of a recipe as `--data` names it, and its folder.

    Parameters
    ----------
    data
        A folder, or `NAME[:KEY=VALUE,…][@DIR]` with the recipe's own NAME; None names nothing.
    wanted, recipe
        The recipe's own data set, `NAME[:KEY=VALUE,…]`, and its name.
    options
        Whether options may be given, beside the recipe's own or in their place.

    Raises
    ------
    ValueError
        Where it is another data set, or no folder, or is missing.
    """
    own, given = Request.parse(wanted), None
    if data is not None and re.split("[:@]", data)[0] in names():
        given = Request.parse(data)
        if given.name != own.name:
            raise ValueError(
                f"--data must be {own.name!r} for recipe {recipe}, or a folder, not {given.name!r}"
            )
        if not options and not given.options.items() <= own.options.items():
            raise ValueError(
                f"--data must have the options of {own.title!r} or none, not {given.title!r}"
            )
        own = replace(own, options={**own.options, **given.options})
    if not needs_folder(own.name):
        if data is not None and given is None:
            raise ValueError(
                f"--data must be {wanted!r} or left out for recipe {recipe}, not {data!r}"
            )
        if given is not None and given.folder is not None:
            raise ValueError(f"{own.name} needs no folder, but {given.folder} was named")
        return own.title, None
    folder = data if given is None else given.folder
    if folder is None:
        raise ValueError(f"recipe {recipe} needs the folder of {wanted}'s files: --data DIR")
    return own.title, existing_folder(str(folder))


def scored(tables: Tables, data: str, labels: Labels) -> Labels:
    """Return the labels of samples if predictions can be compared with them, or raise."""
    if len(labels) and labels[0] == NO_LABEL:
        raise ValueError(
            f"{data} must have one label a sample to measure the accuracy, not boxes; "
            "verify takes it"
        )
    classes = tables.layer(tables.readout.layer).neuron.channels
    if len(labels) and labels.max() >= classes:
        raise ValueError(
            f"{data} must have labels 0…{classes - 1} for the {classes} classes of the tables, not "
            f"reach {labels.max()}; choose the data they were trained on with --data"
        )
    return labels


def test_samples(tables: Tables, data: str, count: int | None) -> tuple[Images, Labels]:
    """Return the first `count` test images in the shape of the tables' input, and their labels.

    Only for tables whose input has one axis are images flattened.

    Returns
    -------
    images
        uint8 (samples, *input shape), 0…tables.input.maximum; for 'frames' uint8 (samples, steps,
        *input shape), in the range of the input's activation.
    labels
        int64 (samples,); `NO_LABEL` where the samples have boxes.
    """
    found = data_set(data)
    wanted, maximum = tables.input.shape, tables.input.maximum
    frames = tables.input.encoding == "frames"
    # Rows, columns and channels mean something but to tables of one axis.
    flat = (int(np.prod(found.shape)),) if len(wanted) == 1 else found.shape
    if flat != wanted or (found.steps is not None) != frames:
        what = "images" if found.steps is None else "frames"
        raise ValueError(
            f"the tables take {tables.input.encoding!r} samples of shape {wanted}, but {data} has "
            f"{what} of shape {found.shape}; choose the data they were trained on with --data"
        )
    if frames:
        high = tables.input.activation.high
        if found.steps != tables.steps:
            raise ValueError(
                f"the tables take {tables.steps} steps a sample, but {data} has {found.steps}; "
                f"choose the data they were trained on with --data, or its option steps="
            )
        if found.maximum > high:
            raise ValueError(
                f"the tables take frames of 0…{high}, but {data} has 0…{found.maximum}; "
                "choose the data they were trained on with --data, or its option maximum="
            )
    elif found.maximum != maximum:
        raise ValueError(
            f"the tables take pixels 0…{maximum}, but {data} has 0…{found.maximum}; "
            "choose the data they were trained on with --data"
        )
    total = len(found.test_images)
    if count is not None and count > total:
        raise ValueError(f"--samples must be 1…{total} for {data}, not {count}")
    leading = (-1, found.steps) if found.steps is not None else (-1,)
    images = found.test_images[:count].reshape(*leading, *wanted)
    return images, found.test_labels[:count]


class Encoded:
    """Test images as input maps, encoded when they are asked for.

    Parameters
    ----------
    tables
        Whose input they are for.
    images
        As `test_samples` returns them.
    """

    def __init__(self, tables: Tables, images: Images) -> None:
        self._tables, self._images = tables, images

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._images)

    def __getitem__(self, samples: slice, /) -> Images:
        """Return input maps of some samples, uint8 (steps, samples, *input shape)."""
        images, encoding = self._images[samples], self._tables.input.encoding
        if encoding == "rate":
            size = self._tables.steps * images.size
            room(f"the maps of {len(images)} samples", size, "name fewer with --samples")
        return encode(
            images.swapaxes(0, 1) if encoding == "frames" else images,
            encoding=encoding,
            steps=self._tables.steps,
            maximum=self._tables.input.maximum,
            high=self._tables.input.activation.high,
        )
