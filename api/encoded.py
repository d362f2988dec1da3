"""Test samples for tables: a data set by its name or folder, encoded as the tables expect."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .checks import kind_of
from .checks.memory import room
from .data import NO_LABEL, Images, Labels, Request
from .data.arrays import tested
from .data.chosen import data_set
from .data.encode import encode
from .export.own_data import Arrays, arrays, fitted, shaped
from .export.tables import Tables
from .given import the_tables


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
        Integers (samples, *input shape), 0…tables.input.maximum; for 'frames' (samples, steps,
        *input shape), in the range of the input's activation.
    labels
        int64 (samples,); `NO_LABEL` where the samples have boxes, targets or nothing.
    targets
        float64 (samples, classes), or (samples, steps, classes) where every step has an answer, in
        the source's numbers: what a regression should come to. None has none.
    classes
        How many the data set names; None where it doesn't.
    encoded
        Whether the images are input maps already, integers (samples, steps, *input shape).
    """

    tables: Tables
    data: str
    images: NDArray[Any]
    labels: Labels
    classes: int | None = None
    encoded: bool = False
    targets: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.images)

    def __repr__(self) -> str:
        """Return a line that says what they are, and no values."""
        shape = "×".join(map(str, self.images.shape[1:]))
        return f"<{len(self)} samples of {self.data}, {shape}, for tables {self.tables.name}>"

    def __getitem__(self, chosen: slice, /) -> "Samples":
        """Return some of the samples."""
        if not isinstance(chosen, slice):
            raise TypeError(f"Samples are taken by a slice such as [:100], not {chosen!r}")
        targets = None if self.targets is None else self.targets[chosen]
        return replace(
            self, images=self.images[chosen], labels=self.labels[chosen], targets=targets
        )

    @property
    def labelled(self) -> bool:
        """Whether each sample has a class."""
        return bool(len(self.labels)) and bool(self.labels[0] != NO_LABEL)

    @property
    def x(self) -> Images:
        """The input maps, uint8 (steps, samples, *input shape): what golden takes."""
        tables = self.tables
        if self.encoded:
            return self.images.swapaxes(0, 1)
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
        """Raise `ValueError` unless predictions can be compared with labels or targets."""
        if not len(self):
            raise ValueError(f"{self.data} must have a sample at least to be measured, not none")
        if self.targets is not None:
            return
        if not self.labelled:
            raise ValueError(
                f"{self.data} must have one label a sample to measure the accuracy, not boxes; "
                "verify takes it"
            )
        classes = self.tables.classes
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


def the_samples(tables: Tables, value: Any) -> Samples:
    """Return samples that are for these tables, or for others that take the same, as theirs.

    Raises
    ------
    TypeError
        Where they are no `Samples`.
    ValueError
        Where they are encoded for tables with another input.
    """
    if not isinstance(value, Samples):
        raise TypeError(
            f"data must be Samples, as somagate.samples(tables, 'digits') returns them, not "
            f"{kind_of(value)}"
        )
    return value.given_to(tables)


def maps(tables: Tables, value: Any) -> NDArray[Any]:
    """Return input maps (steps, samples, *input shape) from samples, or an array or lists of them.

    Raises
    ------
    TypeError
        Where they are no numbers.
    ValueError
        Where samples are encoded for tables with another input.
    """
    if isinstance(value, Samples):
        return value.given_to(tables).x
    found = np.asarray(value)
    if found.dtype.kind not in "biuf":
        raise TypeError(
            "data must be Samples, as somagate.samples returns them, or an array (steps, samples, "
            f"*input shape), not {kind_of(value)}"
        )
    return found


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


def samples(tables: Tables, data: Any = "digits", count: int | None = None) -> Samples:
    """Return the test samples of a data set, or your own, for tables.

    Parameters
    ----------
    tables
        Whose input the samples must fit; images are flattened only where it has one axis.
    data
        'digits' (bundled with scikit-learn), a folder with the files of a data set, or
        ``NAME[:KEY=VALUE,…][@DIR]``; docs/data.md lists them. Or samples and labels (x, y), or a
        `torch.utils.data.Dataset`, where real numbers in the place of labels are targets: for
        imported tables as their source takes them, and otherwise whole numbers (samples, *input
        shape), or (samples, steps, *input shape) for 'frames'.
    count
        Take the first so many; by default all.

    Raises
    ------
    DataError, ValueError
        Where there is no such data set, a file of it is not what it must be, or its samples have
        not the shape, the steps or the range that the tables take; the message has both.
    """
    if not isinstance(data, str | Path):
        return _own(
            the_tables(tables), arrays(data, count), count, not isinstance(data, tuple | list)
        )
    data = str(data)
    if the_tables(tables).source is not None and re.split("[:@]", data)[0] == "arrays":
        return _own(tables, arrays(tested(Request.parse(data)), None), count, False, data)
    found = data_set(data)
    wanted, maximum = the_tables(tables).input.shape, tables.input.maximum
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


def _own(
    tables: Tables, found: Arrays, count: int | None, rows: bool, data: str = "arrays"
) -> Samples:
    """Return samples of arrays, laid out as the source takes them; `rows` are of a dataset."""
    x, labels, targets = found
    if tables.source is not None:
        from .imports.frames import axes_of
        from .proofs import as_input

        known = tables.source["input"]
        if rows and x.ndim == known["axes"] + 2 and known["order"] == "steps":
            x = x.swapaxes(0, 1)
        maps = as_input(tables, x)
        images: NDArray[Any] = np.broadcast_to(maps, (tables.steps, *maps.shape[1:]))
        images = images.swapaxes(0, 1)
    else:
        images = fitted(tables, x)
    if len(images) != len(labels):
        laid = ""
        if tables.source is not None:
            laid = f": x is {axes_of(tables.source['input']['order'])}, as the source takes it"
        raise ValueError(f"labels must be one a sample, {len(images)}, not {len(labels)}{laid}")
    if count is not None and not 1 <= count <= len(images):
        raise ValueError(f"samples must be 1…{len(images)} for arrays, not {count}")
    return Samples(
        tables=tables, data=data, images=images[:count], labels=labels[:count],
        encoded=tables.source is not None,
        targets=None if targets is None else shaped(tables, targets)[:count],
    )  # fmt: skip
