"""The loss of a detector: what each cell should say, and how far it is from that.

Follows YOLO (Redmon et al., CVPR 2016), whose head SpQuant-SNN's detector has.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...data.boxes import Found, Grid

COORDINATES, EMPTY = 5.0, 0.5
"""Weights of places, and of the confidence of boxes that hold nothing."""


def targets(truth: list[Found], grid: Grid, size: tuple[int, int]) -> Tensor:
    """Return what the cells should say, float32 (samples, rows, columns, 6).

    A cell's values are whether it holds a box's center, the box's class, x, y, √width and √height,
    as `Grid` has them; of several centers in one cell the last box counts.

    Parameters
    ----------
    truth
        The boxes of each sample.
    grid
        Of the detector.
    size
        (rows, columns) of a picture, in pixels.
    """
    found = np.zeros((len(truth), grid.rows, grid.columns, 6), np.float32)
    for sample, boxes in enumerate(truth):
        for label, (left, top, width, height) in zip(boxes.label, boxes.place, strict=True):
            across = (left + width / 2) / size[1] * grid.columns
            down = (top + height / 2) / size[0] * grid.rows
            column = min(max(int(across), 0), grid.columns - 1)
            row = min(max(int(down), 0), grid.rows - 1)
            roots = (width / size[1]) ** 0.5, (height / size[0]) ** 0.5
            found[sample, row, column] = (1, label, across - column, down - row, *roots)
    return torch.from_numpy(found)


def yolo_loss(outputs: Tensor, wanted: Tensor, grid: Grid) -> Tensor:
    """Return the loss of a detector, (), a sample.

    In a cell that holds a box, the one of its boxes that overlaps it most is responsible: it pays
    for its place, 5 · squared distance of (x, y, √width, √height), and for a confidence other than
    that overlap; the cell pays the cross-entropy of its class. All other boxes pay half for a
    confidence above 0.

    Parameters
    ----------
    outputs
        (samples, grid.outputs).
    wanted
        As `targets` returns it.
    grid
        Of the detector.
    """
    cells = outputs.reshape(-1, grid.rows, grid.columns, grid.values)
    boxes = cells[..., grid.classes :].reshape(*cells.shape[:3], grid.boxes, 5)
    held = wanted[..., 0] > 0
    place = wanted[..., None, 2:]
    with torch.no_grad():
        shared = _overlap(boxes[..., :4], place, grid)
        best = F.one_hot(shared.argmax(-1), grid.boxes).bool() & held[..., None]
    distance = (boxes[..., :4] - place).square().sum(-1)
    confidence = torch.sigmoid(boxes[..., 4])
    total = COORDINATES * (distance * best).sum() + ((confidence - shared).square() * best).sum()
    total = total + EMPTY * (confidence.square() * ~best).sum()
    entropy = F.cross_entropy(
        cells[..., : grid.classes][held], wanted[..., 1][held].long(), reduction="sum"
    )
    return (total + entropy) / len(cells)


def _overlap(one: Tensor, other: Tensor, grid: Grid) -> Tensor:
    """Return intersection over union of boxes (…, 4) as `Grid` has them, in the same cell."""
    sizes = torch.tensor([grid.columns, grid.rows], dtype=one.dtype, device=one.device)
    extents = [box[..., 2:].square() for box in (one, other)]
    centers = [box[..., :2] / sizes for box in (one, other)]
    low = torch.maximum(centers[0] - extents[0] / 2, centers[1] - extents[1] / 2)
    high = torch.minimum(centers[0] + extents[0] / 2, centers[1] + extents[1] / 2)
    common = (high - low).clamp(min=0).prod(-1)
    whole = extents[0].prod(-1) + extents[1].prod(-1) - common
    return common / whole.clamp(min=1e-9)
