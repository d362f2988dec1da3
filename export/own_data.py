"""A user's own arrays or datasets of torch, as samples for tables."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import kind_of
from ..data import NO_LABEL, Labels
from .tables import Tables

WORDS = "a pair (x, y), (x, None), or a dataset whose samples are such pairs"


Arrays = tuple[NDArray[Any], Labels, NDArray[np.float64] | None]
"""Samples, labels and targets."""


def arrays(data: Any, count: int | None) -> Arrays:
    """Return samples and labels, `NO_LABEL` where there are none, and the targets of a regression.

    Parameters
    ----------
    data
        (x, y) of arrays or tensors, where y may be None; or what has a length and gives such pairs
        by number, as a `torch.utils.data.Dataset` does.
    count
        Of a dataset, the first so many alone.

    Returns
    -------
    Numbers (samples, ...), int64 (samples,), and float64 (samples, ...) or None: real numbers in
    the place of labels are targets.

    Raises
    ------
    TypeError, ValueError
        Where it is none of these, or labels are neither whole numbers nor finite ones.
    """
    if isinstance(data, tuple | list):
        if len(data) != 2:
            raise ValueError(f"data must be {WORDS}, not {len(data)} things")
        x, y = np.asarray(data[0]), data[1]
    elif hasattr(data, "__len__") and hasattr(data, "__getitem__"):
        total = len(data) if count is None else min(count, len(data))
        pairs = [data[number] for number in range(total)]
        if not pairs or not all(
            isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs
        ):
            raise ValueError(f"data must be {WORDS}, not {kind_of(data)}")
        x, y = np.stack([np.asarray(pair[0]) for pair in pairs]), [pair[1] for pair in pairs]
    else:
        raise TypeError(f"data must be the name of a data set, {WORDS}, not {kind_of(data)}")
    if x.dtype.kind not in "biuf" or not x.ndim:
        raise TypeError(f"data must be {WORDS}, of numbers, not x of {x.dtype}")
    if y is None:
        return x, np.full(len(x), NO_LABEL, np.int64), None
    labels = np.asarray(y)
    if labels.dtype.kind == "f" and labels.ndim:
        wrong = labels[~np.isfinite(labels)]
        if wrong.size:
            raise ValueError(f"targets must be finite numbers, not {wrong[0]}")
        return x, np.full(len(labels), NO_LABEL, np.int64), labels.astype(np.float64)
    if labels.dtype.kind not in "iu" or labels.ndim != 1 or (labels.size and labels.min() < 0):
        raise ValueError(
            "labels must be whole numbers from 0 on, one a sample, to be compared with classes, "
            f"not {labels.dtype} of shape {labels.shape}; give None in their place to simulate"
        )
    return x, labels.astype(np.int64), None


def fitted(tables: Tables, x: NDArray[Any]) -> NDArray[Any]:
    """Return samples as images or frames of the tables' input.

    Parameters
    ----------
    tables
        That have an encoding of their own, so not imported ones.
    x
        (samples, *input shape), or for 'frames' (samples, steps, *input shape).

    Raises
    ------
    ValueError
        Where shape, range or kind are others; the message has both.
    """
    given = tables.input
    frames = given.encoding == "frames"
    shape = (*((tables.steps,) if frames else ()), *given.shape)
    flat = (*shape[: int(frames)], int(np.prod(given.shape)))
    if x.shape[1:] not in (shape, flat):
        what = "(samples, steps, *input shape)" if frames else "(samples, *input shape)"
        raise ValueError(
            f"x must be {what}, (samples, {', '.join(map(str, shape))}) for {tables.name}, not "
            f"{x.shape}"
        )
    low, high = (given.activation.low, given.activation.high) if frames else (0, given.maximum)
    whole = x.dtype.kind != "f" or bool((x == np.rint(x)).all())
    if x.size and not (whole and low <= x.min() and x.max() <= high):
        raise ValueError(
            f"x must be whole numbers {low}…{high} for {tables.name}, not {x.dtype} from "
            f"{x.min()} to {x.max()}; scale and round it as the training did"
        )
    return x.astype(np.uint8 if 0 <= low and high <= 255 else np.int32).reshape(-1, *shape)


def shaped(tables: Tables, targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return targets, float64 (samples, ...), in the shape of the answer.

    Raises
    ------
    ValueError
        Where they have another shape, or the tables answer by no numbers of a source.
    """
    if tables.source is None or tables.readout.kind != "potential":
        raise ValueError(
            "targets must be of imported tables that answer by potentials, as others have no unit; "
            f"give whole numbers as labels of {tables.name}, or None"
        )
    steps = (tables.steps,) if tables.readout.over == "every" else ()
    shape = (*steps, tables.classes)
    if targets.shape[1:] not in (shape, shape[: -1 if tables.classes == 1 else None]):
        raise ValueError(
            f"targets must be (samples, {', '.join(map(str, shape))}) for {tables.name}, not "
            f"{targets.shape}"
        )
    return targets.reshape(-1, *shape)
