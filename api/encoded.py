"""Test samples for tables: a data set by its name or folder, encoded as the tables expect."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .checks.memory import room
from .data import NO_LABEL, DataSet, Images, Labels, Request, named, names, needs_folder, read
from .data.encode import encode
from .export.tables import Tables


def data_set(data: str) -> DataSet:
    """Return the data set `NAME[:KEY=VALUE,…][@DIR]`, or the one whose files are in a folder.

    A name wins over a folder that is called like it.

    Raises
    ------
    DataError, ValueError
        Where `data` is neither, or a file is not what it must be.
    """
    if re.split("[:@]", data)[0] in names():
        return read(data)
    folder = Path(data)
    if not folder.is_dir():
        raise ValueError(
            f"data must be NAME[:OPTIONS][@DIR], with a NAME of {', '.join(names())}, or a "
            f"folder with the files of one of them, but there is no folder {data!r}"
        )
    return read(named(folder), folder)


def recipe_data(
    data: str | None, wanted: str, recipe: str, *, options: bool = True
) -> tuple[str, Path | None]:
    """Return the data set of a recipe as `data` names it, and its folder.

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
                f"data must be {own.name!r} for recipe {recipe}, or a folder, not {given.name!r}"
            )
        if not options and not given.options.items() <= own.options.items():
            raise ValueError(
                f"data must have the options of {own.title!r} or none, not {given.title!r}"
            )
        own = replace(own, options={**own.options, **given.options})
    if not needs_folder(own.name):
        if data is not None and given is None:
            raise ValueError(
                f"data must be {wanted!r} or left out for recipe {recipe}, not {data!r}"
            )
        if given is not None and given.folder is not None:
            raise ValueError(f"{own.name} needs no folder, but {given.folder} was named")
        return own.title, None
    folder = data if given is None else given.folder
    if folder is None:
        raise ValueError(f"recipe {recipe} needs data, the folder of {wanted}'s files")
    return own.title, _folder(Path(folder))


def _folder(path: Path) -> Path:
    """Return a path if it is a folder, or raise."""
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise ValueError(f"{path} must be a folder, but {what}")
    return path


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """Test samples in the shape of some tables' input, encoded when they are asked for.

    A slice of samples is `Samples` too, and copies nothing. `numpy.asarray` of them is `x`.

    Attributes
    ----------
    tables
        Whose input they are for.
    data
        What they are of, as `samples` was told.
    images
        uint8 (samples, *input shape), 0…tables.input.maximum; for 'frames' uint8 (samples, steps,
        *input shape), in the range of the input's activation.
    labels
        int64 (samples,); `NO_LABEL` where the samples have boxes.
    classes
        How many the data set names; None where it doesn't.
    """

    tables: Tables
    data: str
    images: Images
    labels: Labels
    classes: int | None

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.images)

    def __getitem__(self, chosen: slice, /) -> "Samples":
        """Return some of the samples."""
        if not isinstance(chosen, slice):
            raise TypeError(f"Samples are taken by a slice such as [:100], not {chosen!r}")
        return replace(self, images=self.images[chosen], labels=self.labels[chosen])

    @property
    def labelled(self) -> bool:
        """Whether each sample has a class."""
        return bool(len(self.labels)) and bool(self.labels[0] != NO_LABEL)

    @property
    def x(self) -> Images:
        """The input maps, uint8 (steps, samples, *input shape): what golden takes."""
        tables = self.tables
        if tables.input.encoding == "rate":
            size = tables.steps * self.images.size
            room(f"the maps of {len(self)} samples", size, "take fewer samples")
        return encode(
            self.images.swapaxes(0, 1) if tables.input.encoding == "frames" else self.images,
            encoding=tables.input.encoding,
            steps=tables.steps,
            maximum=tables.input.maximum,
            high=tables.input.activation.high,
        )

    def given_to(self, tables: Tables) -> "Samples":
        """Return the same samples for other tables, whose input must take what these are.

        Raises
        ------
        ValueError
            Where the tables have another input, or other time steps.
        """
        mine, theirs = self.tables, tables
        if mine is theirs or (mine.input, mine.steps) == (theirs.input, theirs.steps):
            return replace(self, tables=tables)
        raise ValueError(
            f"data must be samples for tables {theirs.name}, {theirs.steps} steps of "
            f"{theirs.input}, but {self.data} was encoded for {mine.name}, {mine.steps} steps of "
            f"{mine.input}; make them by somagate.samples from these tables"
        )

    def scored(self) -> None:
        """Raise `ValueError` unless predictions can be compared with the labels."""
        if not len(self):
            raise ValueError(f"{self.data} must have a sample at least to be measured, not none")
        if not self.labelled:
            raise ValueError(
                f"{self.data} must have one label a sample to measure the accuracy, not boxes; "
                "verify takes it"
            )
        classes = self.tables.layer(self.tables.readout.layer).neuron.channels
        if self.classes not in (None, classes):
            raise ValueError(
                f"{self.data} must have {classes} classes as the tables have, not {self.classes}; "
                "choose the data they were trained on"
            )
        if self.labels.max() >= classes:
            raise ValueError(
                f"{self.data} must have labels 0…{classes - 1} for the {classes} classes of the "
                f"tables, not reach {self.labels.max()}; choose the data they were trained on"
            )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return `x`."""
        return np.asarray(self.x, dtype)


class Parts:
    """Samples as `somagate.sim.verify` takes them: encoded part by part, as they are needed."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._samples)

    def __getitem__(self, chosen: slice, /) -> Images:
        """Return the input maps of some samples, uint8 (steps, samples, *input shape)."""
        return self._samples[chosen].x


def samples(tables: Tables, data: str = "digits", count: int | None = None) -> Samples:
    """Return the test samples of a data set, for tables.

    Parameters
    ----------
    tables
        Whose input the samples must fit; images are flattened only where it has one axis.
    data
        'digits' (bundled with scikit-learn), a folder with the files of a data set, or
        ``NAME[:KEY=VALUE,…][@DIR]``; docs/data.md lists them.
    count
        Take the first so many; by default all.

    Raises
    ------
    DataError, ValueError
        Where there is no such data set, a file of it is not what it must be, or its samples have
        not the shape, the steps or the range that the tables take; the message has both.
    """
    if not isinstance(tables, Tables):
        kind = type(tables).__name__
        raise TypeError(f"tables must be Tables, as somagate.load returns them, not a {kind}")
    found = data_set(data)
    wanted, maximum = tables.input.shape, tables.input.maximum
    frames = tables.input.encoding == "frames"
    # Rows, columns and channels mean something but to tables of one axis.
    flat = (int(np.prod(found.shape)),) if len(wanted) == 1 else found.shape
    if flat != wanted or (found.steps is not None) != frames:
        what = "images" if found.steps is None else "frames"
        raise ValueError(
            f"the tables take {tables.input.encoding!r} samples of shape {wanted}, but {data} has "
            f"{what} of shape {found.shape}; choose the data they were trained on"
        )
    if frames:
        high = tables.input.activation.high
        if found.steps != tables.steps:
            raise ValueError(
                f"the tables take {tables.steps} steps a sample, but {data} has {found.steps}; "
                f"choose the data they were trained on, or its option steps="
            )
        if found.maximum > high:
            raise ValueError(
                f"the tables take frames of 0…{high}, but {data} has 0…{found.maximum}; "
                "choose the data they were trained on, or its option maximum="
            )
    elif found.maximum != maximum:
        raise ValueError(
            f"the tables take pixels 0…{maximum}, but {data} has 0…{found.maximum}; "
            "choose the data they were trained on"
        )
    total = len(found.test_images)
    if count is not None and not 1 <= count <= total:
        raise ValueError(f"samples must be 1…{total} for {data}, not {count}")
    leading = (-1, found.steps) if found.steps is not None else (-1,)
    images = found.test_images[:count].reshape(*leading, *wanted)
    return Samples(
        tables=tables,
        data=data,
        images=images,
        labels=found.test_labels[:count],
        classes=len(found.class_names) or None,
    )
