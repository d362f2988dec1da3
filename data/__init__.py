"""Data sets by name: unsigned 8-bit images or event frames, with integer labels or boxes.

`digits` comes with scikit-learn and `moving-shapes` is computed; all others are read from a folder
that the user names, in the formats that they are published in, and `arrays` from a `.npz` file.
Nothing is downloaded.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from . import (
    arrays,
    cache,
    cifar,
    cochlea,
    detection,
    digits,
    idx,
    moving_shapes,
    pictures,
    recordings,
)
from .folds import folds
from .leftovers import matching
from .record import NO_LABEL, Boxes, DataError, DataSet, Images, Labels
from .request import Request

__all__ = [
    "NO_LABEL", "Boxes", "DataError", "DataSet", "Images", "Labels", "Request", "folds",
    "named", "names", "needs_folder", "read",
]  # fmt: skip

COMMON = ("fold", "validation", "seed", "cache")
"""Options of every data set."""


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """How a data set is read, its own options, and a pattern of files by which to know it.

    `files` is false where it needs no folder; `inner` are folders below it that hold them too.
    """

    read: Callable[[Request], DataSet]
    keys: tuple[str, ...] = ()
    mark: str | None = None
    files: bool = True
    inner: tuple[str, ...] = ()


_SOURCES = {
    "arrays": _Reader(read=arrays.read, keys=arrays.KEYS),
    "cifar10": _Reader(read=cifar.read, mark="data_batch_1*"),
    "cifar10-dvs": _Reader(
        read=recordings.read_cifar10_dvs, keys=recordings.KEYS, mark="airplane/*.aedat"
    ),
    "coco": _Reader(read=detection.read, keys=recordings.KEYS, mark="train.json"),
    "digits": _Reader(read=digits.read, files=False),
    "dvs-gesture": _Reader(
        read=recordings.read_dvs_gesture, keys=recordings.KEYS, mark="trials_to_train.txt"
    ),
    "fashion-mnist": _Reader(read=idx.read),
    "images": _Reader(read=pictures.read, keys=pictures.KEYS),
    "mnist": _Reader(read=idx.read, mark="*-ubyte*", inner=idx.INNER["mnist"]),
    "moving-shapes": _Reader(read=moving_shapes.computed, keys=moving_shapes.KEYS, files=False),
    "ncaltech101": _Reader(
        read=recordings.read_ncaltech101, keys=recordings.KEYS, mark="*/image_0001.bin"
    ),
    "nmnist": _Reader(read=recordings.read_nmnist, keys=recordings.KEYS, mark="Train/0/*.bin"),
    "shd": _Reader(read=cochlea.read, keys=cochlea.KEYS, mark="shd_train.h5"),
    "ssc": _Reader(read=cochlea.read, keys=cochlea.KEYS, mark="ssc_train.h5"),
}


def names() -> tuple[str, ...]:
    """Return the names of all data sets."""
    return tuple(_SOURCES)


def needs_folder(name: str) -> bool:
    """Return whether the data set called `name` is read from a folder."""
    return _SOURCES[name].files


def named(folder: Path) -> str:
    """Return the name of the data set whose files are in a folder.

    Those of Fashion-MNIST are called like MNIST's, and class folders of images could be anything's,
    so these two are not told.

    Raises
    ------
    DataError
        Where the folder holds none that is known.
    """
    for name, source in _SOURCES.items():
        places = [folder, *map(folder.joinpath, source.inner)]
        if any(next(matching(place, source.mark), None) for place in places if source.mark):
            return name
    marks = ", ".join(f"{source.mark} ({name})" for name, source in _SOURCES.items() if source.mark)
    raise DataError(
        f"{folder} must hold the files of a data set, but has none of {marks}; "
        f"say what it is with NAME@{folder}"
    )


def read(name: str, folder: Path | None = None) -> DataSet:
    """Return a data set.

    Parameters
    ----------
    name
        One of `names()`, with its options or without: `NAME:KEY=VALUE,KEY=VALUE`. Every data set
        takes `fold=I/K`, which makes fold I of K the test set (see `DataSet.fold`; 1/10 where the
        data set has no split of its own), `validation=I/K`, which does so with the training samples
        alone (see `DataSet.validation`), `seed`, of both, and `cache=FILE`, a `.npz` file that
        keeps what was read and converted. The folder may follow as `@DIR`.
    folder
        Of the data set's files; 'digits' and 'moving-shapes' need none.

    Raises
    ------
    DataError
        Where a file is missing, or is not what it must be.
    ValueError
        Where there is no such data set, or no such option.
    ImportError
        Where a package is missing that the data set needs.
    """
    request = Request.parse(str(name), None if folder is None else Path(folder))
    if request.name not in _SOURCES:
        listed = ", ".join(repr(known) for known in _SOURCES)
        raise ValueError(f"data set must be one of {listed}, not {request.name!r}")
    source = _SOURCES[request.name]
    request.allow((*source.keys, *COMMON))
    if request.folder is not None and not source.files:
        raise ValueError(f"{request.name} needs no folder, but {request.folder} was named")
    fold = request.numbers("fold", "I/K", "/")
    held = request.numbers("validation", "I/K", "/")
    seed = request.integer("seed", 0, 0, 1 << 32)
    data = _cached(source, request)
    if fold is None and not len(data.test_labels):
        fold = (1, 10)
    if fold is not None:
        data = data.fold(fold[0], fold[1], seed=seed)
    if held is not None:
        data = data.validation(held[0], held[1], seed=seed)
    return replace(data, name=request.without("cache").title)


def _cached(source: _Reader, request: Request) -> DataSet:
    path = request.options.get("cache")
    request = request.without("cache", "fold", "validation")
    if path is None:
        return source.read(request)
    key = cache.key(request, Path(path))
    if not Path(path).exists():
        cache.save(source.read(request), key, Path(path))
    return cache.read(key, Path(path))
