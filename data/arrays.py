"""A user's own samples: arrays in a `.npz` file."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .record import DataError, DataSet, Images, Labels
from .request import Request

KEYS = ("kind",)
KINDS = ("images", "frames")
SPLIT = frozenset({"x_train", "y_train", "x_test", "y_test"})
LEVELS = 255
"""What a real number of 1 becomes."""

_AXES = {
    "images": "(samples, values), (samples, rows, columns) or (samples, channels, rows, columns)",
    "frames": "(samples, steps, values), (samples, steps, rows, columns) or (samples, steps, "
    "channels, rows, columns)",
}


def read(request: Request) -> DataSet:
    """Return the arrays `x` and `y`, or `x_train`, `y_train`, `x_test` and `y_test`, of a file.

    Samples are still images, or with the option `kind=frames` have a second axis of time steps.
    Whole numbers are 0…255 as they are; real ones are 0…1, and become the nearest of 255 levels.
    Labels are whole numbers from 0 on.

    Raises
    ------
    DataError
        Where the file has other arrays, or they hold something else; the message names both.
    """
    path, kind = request.folder, request.choice("kind", KINDS)
    found = _opened(path)
    first, second = ("_train", "_test") if SPLIT <= set(found) else ("", None)
    x, y = _samples(path, "x" + first, found, kind), _labels(path, "y" + first, found)
    others, theirs = x[:0], y[:0]
    if second:
        others, theirs = (
            _samples(path, "x" + second, found, kind),
            _labels(path, "y" + second, found),
        )
    for name, images, labels in (("x" + first, x, y), ("x_test", others, theirs)):
        if len(images) != len(labels):
            raise DataError(
                f"{path}: {name} must have as many samples as its labels, {len(labels)}, not "
                f"{len(images)}"
            )
    if x.shape[1:] != others.shape[1:]:
        raise DataError(f"{path}: x_test must be of shape {x.shape[1:]}, not {others.shape[1:]}")
    real = found["x" + first].dtype.kind == "f"
    most = int(max(x.max(), others.max() if others.size else 0, 1))
    return DataSet(
        name=request.title,
        train_images=x,
        train_labels=y,
        test_images=others,
        test_labels=theirs,
        maximum=LEVELS if real or (kind == "images" and most > 1) else most,
        classes=int(max(y.max(), theirs.max() if theirs.size else 0)) + 1,
        steps=x.shape[1] if kind == "frames" else None,
    )


def tested(request: Request) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return `x_test` and `y_test`, or all of `x` and `y`, as they are in the file.

    Raises
    ------
    DataError
        Where the file has other arrays.
    ValueError
        Where the request has options.
    """
    found = _opened(request.folder)
    if request.options:
        raise ValueError(
            f"options of arrays must be left out for imported tables, which take x as their source "
            f"does, not {', '.join(request.options)}"
        )
    end = "_test" if SPLIT <= set(found) else ""
    return found["x" + end], found["y" + end]


def _opened(path: Path | None) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file, `SPLIT` or x and y among them."""
    if path is None or not path.is_file():
        raise DataError(f"arrays needs a .npz file, arrays@FILE.npz, not {path}")
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} must be a .npz file of arrays without objects: {error}") from None
    if not SPLIT <= set(found) and not {"x", "y"} <= set(found):
        raise DataError(
            f"{path} must hold x and y, or x_train, y_train, x_test and y_test, not "
            f"{', '.join(sorted(found)) or 'nothing'}"
        )
    return found


def _samples(path: Any, name: str, found: dict[str, NDArray[Any]], kind: str) -> Images:
    """Return an array as (samples, channels, rows, columns), or (samples, steps, …)."""
    x = found[name]
    lead = 2 if kind == "frames" else 1
    if not 1 <= x.ndim - lead <= 3 or not x.size:
        raise DataError(f"{path}: {name} must be of shape {_AXES[kind]}, not {x.shape}")
    if x.dtype.kind not in "biuf":
        raise DataError(f"{path}: {name} must hold numbers, not {x.dtype}")
    most = 1 if x.dtype.kind == "f" else LEVELS
    low, high = x.min(), x.max()
    if not (low >= 0 and high <= most):
        raise DataError(
            f"{path}: {name} must be {'real numbers 0…1' if most == 1 else 'whole numbers 0…255'}, "
            f"not {low}…{high}; scale and shift it"
        )
    if x.dtype.kind == "f":
        x = np.floor(x * LEVELS + 0.5)
    inner = x.shape[lead:]
    shape = {1: (*inner, 1, 1), 2: (1, *inner), 3: inner}[len(inner)]
    return x.astype(np.uint8).reshape(*x.shape[:lead], *shape)


def _labels(path: Any, name: str, found: dict[str, NDArray[Any]]) -> Labels:
    y = found[name]
    if y.ndim != 1 or y.dtype.kind not in "iu" or (y.size and y.min() < 0) or not y.size:
        raise DataError(
            f"{path}: {name} must be whole numbers from 0 on, one a sample, not {y.dtype} of shape "
            f"{y.shape}{f' from {y.min()} on' if y.size and y.dtype.kind in 'if' else ''}"
        )
    return y.astype(np.int64)
