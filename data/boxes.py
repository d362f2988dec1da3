"""Boxes from a detector's readout, on the host, in NumPy: decode, suppress, and how good they are.

The detector divides a picture into cells; each says what is in it and where, relative to itself, as
YOLO does (Redmon et al., CVPR 2016). Its outputs are the potentials of a readout that never fires,
as floats: one stored LSB times `Network.lsb`. A place is (left, top, width, height) in pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..checks.arguments import integer

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """What a detector's outputs are.

    They are in the order (row, column, value) of the cells, and a cell's values are a score for
    each class, then for each box x, y, √width, √height and confidence. x and y are the box's center
    in the cell, 0…1; width and height are shares of the picture; the confidence is before its
    sigmoid.

    Attributes
    ----------
    rows, columns
        Of cells.
    classes, boxes
        Of a cell.
    """

    rows: int
    columns: int
    classes: int
    boxes: int = 2

    def __post_init__(self) -> None:
        for name in ("rows", "columns", "classes", "boxes"):
            integer(f"Grid {name}", getattr(self, name), 1, 65535)

    @property
    def values(self) -> int:
        """Values of a cell."""
        return self.classes + 5 * self.boxes

    @property
    def outputs(self) -> int:
        """Values of all cells: the neurons of the readout."""
        return self.rows * self.columns * self.values


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """The boxes in one sample.

    Attributes
    ----------
    label
        int64 (boxes,).
    score
        float64 (boxes,), 0…1: how sure the detector is; 1 throughout for the truth.
    place
        float64 (boxes, 4).
    """

    label: Labels
    score: Floats
    place: Floats

    def __len__(self) -> int:
        """Return the number of boxes."""
        return len(self.label)

    def take(self, index: NDArray[np.int64]) -> "Found":
        """Return some of the boxes."""
        return Found(label=self.label[index], score=self.score[index], place=self.place[index])


def decode(
    outputs: Floats, grid: Grid, size: tuple[int, int], *, least: float = 0.1
) -> list[Found]:
    """Return the boxes of each sample, not suppressed.

    Parameters
    ----------
    outputs
        (samples, grid.outputs).
    grid
        What they are.
    size
        (rows, columns) of a picture, in pixels.
    least
        Boxes of a lower score are left out. A score is the sigmoid of the confidence times the
        softmax of the class.

    Raises
    ------
    ValueError
        Where the outputs have another shape.
    """
    if outputs.ndim != 2 or outputs.shape[1] != grid.outputs:
        raise ValueError(
            f"outputs must have shape (samples, {grid.outputs}) for {grid}, not {outputs.shape}"
        )
    cells = outputs.astype(np.float64).reshape(-1, grid.rows, grid.columns, grid.values)
    scores = np.exp(cells[..., : grid.classes] - cells[..., : grid.classes].max(-1, keepdims=True))
    scores /= scores.sum(-1, keepdims=True)
    boxes = cells[..., grid.classes :].reshape(*cells.shape[:3], grid.boxes, 5)
    row, column = np.indices((grid.rows, grid.columns))[..., None]
    width, height = (boxes[..., i] ** 2 * size[1 - n] for n, i in enumerate((2, 3)))
    left = (boxes[..., 0] + column) / grid.columns * size[1] - width / 2
    top = (boxes[..., 1] + row) / grid.rows * size[0] - height / 2
    places = np.stack([left, top, width, height], -1).reshape(len(cells), -1, 4)
    sure = 1 / (1 + np.exp(-np.clip(boxes[..., 4], -60, 60))) * scores.max(-1)[..., None]
    labels = np.broadcast_to(scores.argmax(-1)[..., None], sure.shape)
    found = []
    for sample in range(len(cells)):
        flat = Found(
            label=labels[sample].reshape(-1).astype(np.int64),
            score=sure[sample].reshape(-1),
            place=places[sample],
        )
        found.append(flat.take(np.flatnonzero(flat.score >= least)))
    return found


def overlap(one: Floats, other: Floats) -> Floats:
    """Return intersection over union of places (n, 4) with places (m, 4), as (n, m), 0…1."""
    first, second = one[:, None], other[None]
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., :2] + first[..., 2:], second[..., :2] + second[..., 2:])
    common = np.clip(high - low, 0, None).prod(-1)
    whole = first[..., 2:].prod(-1) + second[..., 2:].prod(-1) - common
    shares: Floats = np.divide(common, whole, out=np.zeros_like(common), where=whole > 0)
    return shares


def suppress(found: Found, most: float = 0.6) -> Found:
    """Return the boxes that overlap no surer one of their class by more than `most`, surest first.

    Of equally sure boxes the first counts as surer.
    """
    order = np.argsort(-found.score, kind="stable")
    shared = overlap(found.place, found.place)
    kept: list[int] = []
    for index in order:
        rivals = [other for other in kept if found.label[other] == found.label[index]]
        if not (shared[index, rivals] > most).any():
            kept.append(int(index))
    return found.take(np.array(kept, np.int64))


def average_precision(
    found: Sequence[Found], truth: Sequence[Found], label: int, least: float = 0.5
) -> float:
    """Return the area under precision over recall for one class, 0…1; nan where it never occurs.

    Each box, surest first, is right where it overlaps a true box of its class, that no surer one
    has taken, by `least` or more. Precision is made monotonic before it is summed up (PASCAL VOC
    2010 and later).
    """
    places = [sample.place[sample.label == label] for sample in truth]
    total = sum(len(place) for place in places)
    if not total:
        return float("nan")
    taken = [np.zeros(len(place), bool) for place in places]
    boxes = [
        (score, sample, place)
        for sample, one in enumerate(found)
        for score, place, kind in zip(one.score, one.place, one.label, strict=True)
        if kind == label
    ]
    right = np.zeros(len(boxes))
    for number, (_, sample, place) in enumerate(sorted(boxes, key=lambda box: -box[0])):
        shared = np.where(taken[sample], -1.0, overlap(place[None], places[sample])[0])
        if len(shared) and shared.max() >= least:
            taken[sample][shared.argmax()] = True
            right[number] = 1
    recall = right.cumsum() / total
    precision = right.cumsum() / np.arange(1, len(boxes) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0) * precision).sum())


def mean_average_precision(
    found: Sequence[Found], truth: Sequence[Found], classes: int, least: float = 0.5
) -> float:
    """Return the mean of the average precision over the classes that occur, 0…1.

    Raises
    ------
    ValueError
        Where there are not as many samples in both, or no box in the truth.
    """
    if len(found) != len(truth):
        raise ValueError(f"found must have {len(truth)} samples as truth has, not {len(found)}")
    precisions = [average_precision(found, truth, label, least) for label in range(classes)]
    known = [precision for precision in precisions if not np.isnan(precision)]
    if not known:
        raise ValueError("truth must hold a box, but holds none")
    return float(np.mean(known))
