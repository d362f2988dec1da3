"""Spoken words as spikes of a cochlea: the HDF5 files of SHD and SSC as they are published.

From Cramer et al., IEEE TNNLS 2022: `spikes/times` in seconds and `spikes/units`, of 700, for each
recording, `labels`, and the words in `extra/keys`.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .record import DataError, DataSet, Images, Labels
from .request import Request

UNITS = 700
KEYS = ("steps", "window", "units", "maximum")
WINDOWS = {"shd": 1400, "ssc": 1000}
"""Milliseconds in which nearly all spikes of a recording are."""


def read(request: Request) -> DataSet:
    """Return frames of SHD or SSC, whichever the request names, (samples, steps, 1, 1, units).

    The option `steps` is how many bins of equal duration there are in the `window`, in ms; spikes
    behind it are left out. `units` puts neighbouring units together, and an element counts the
    spikes in it up to `maximum`.

    Raises
    ------
    DataError
        Where a file is missing or holds something else; the message names it. Or without h5py.
    """
    name = request.name
    folder = request.directory(f"{name}_train.h5 and {name}_test.h5")
    steps = request.integer("steps", 100, 1, 65535)
    window = request.integer("window", WINDOWS[name], 1, 1000000)
    units = request.integer("units", UNITS, 1, UNITS)
    if UNITS % units:
        raise ValueError(f"units of {name} must divide {UNITS}, not be {units}")
    maximum = request.integer("maximum", 1, 1, 255)
    splits: list[tuple[Images, Labels]] = []
    words: tuple[str, ...] = ()
    for part in ("train", "test"):
        path = folder / f"{name}_{part}.h5"
        images, labels, words = _split(path, (steps, window / 1000, units, maximum))
        splits.append((images, labels))
    return DataSet(
        name=request.title,
        train_images=splits[0][0],
        train_labels=splits[0][1],
        test_images=splits[1][0],
        test_labels=splits[1][1],
        maximum=maximum,
        classes=len(words),
        class_names=words,
        steps=steps,
    )


def _split(path: Path, form: tuple[int, float, int, int]) -> tuple[Images, Labels, tuple[str, ...]]:
    """Return frames, labels and words of a file; `form` is steps, seconds, units and maximum."""
    try:
        import h5py
    except ModuleNotFoundError:
        raise DataError(
            f"{path} needs h5py to be read, which is not installed: pip install 'somagate[nir]'"
        ) from None
    if not path.is_file():
        packed = path.with_name(f"{path.name}.gz")
        more = f"; unpack {packed.name} there" if packed.is_file() else ""
        raise DataError(f"{path.parent} must hold {path.name}, but has none{more}")
    try:
        with h5py.File(path, "r") as file:
            labels = np.asarray(file["labels"][:])
            times, spiking = file["spikes/times"], file["spikes/units"]
            words = tuple(word.decode("utf-8") for word in file["extra/keys"][:])
            if not len(labels) == len(times) == len(spiking):
                raise DataError(
                    f"{path} must have as many times and units as labels, {len(labels)}, not "
                    f"{len(times)} and {len(spiking)}"
                )
            steps, _, units, _ = form
            images = np.zeros((len(labels), steps, 1, 1, units), np.uint8)
            for number, image in enumerate(images):
                image[:, 0, 0] = _frames(path, number, times[number], spiking[number], form)
    except (OSError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} must be an HDF5 file with labels, spikes/times, spikes/units and extra/keys: "
            f"{error}"
        ) from None
    if not len(labels):
        raise DataError(f"{path} must have a recording at least, not none")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= len(words):
        raise DataError(
            f"{path} must have labels 0…{len(words) - 1} for its {len(words)} words, not "
            f"{labels.min()}…{labels.max()}"
        )
    return images, labels.astype(np.int64), words


def _frames(
    path: Path, number: int, times: Any, spiking: Any, form: tuple[int, float, int, int]
) -> NDArray[np.int64]:
    """Return the counts of a recording, (steps, units)."""
    steps, window, units, maximum = form
    t, unit = np.asarray(times, np.float64), np.asarray(spiking)
    if t.shape != unit.shape or unit.dtype.kind not in "iu":
        raise DataError(
            f"{path}: recording {number} must have one unit a time, not {unit.dtype} of shape "
            f"{unit.shape} for {t.shape}"
        )
    if t.size and not (np.isfinite(t).all() and t.min() >= 0):
        raise DataError(f"{path}: recording {number} must have times from 0 on, not {t.min()}")
    wrong = unit[(unit < 0) | (unit >= UNITS)]
    if wrong.size:
        raise DataError(f"{path}: recording {number} must have units 0…{UNITS - 1}, not {wrong[0]}")
    kept = t < window
    # What is just before the window's end may be rounded to it.
    step = np.minimum(np.floor(t[kept] * steps / window).astype(np.int64), steps - 1)
    counts = np.zeros((steps, units), np.int64)
    np.add.at(counts, (step, unit[kept].astype(np.int64) * units // UNITS), 1)
    return np.minimum(counts, maximum)
