"""Training of a detector whose readout's potentials are boxes, and how good it is."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...data import Boxes, DataSet
from ...data.boxes import Found, decode, mean_average_precision, suppress
from ..feed import inputs
from ..network import Network
from ..recipe import Recipe
from ..settings import Detect
from .method import Batch, Method, Phase
from .yolo import targets, yolo_loss


class Detection(Method):
    """Plain training with YOLO's loss, on a data set with boxes.

    Parameters
    ----------
    recipe
        Its `method` is a `Detect`.
    network
        That is going to be trained.
    """

    def __init__(self, recipe: Recipe, network: Network) -> None:
        super().__init__(recipe)
        assert isinstance(recipe.method, Detect)
        self.grid = recipe.method.grid
        self.size = network.shape[1:]

    def wanted(self, data: DataSet) -> Tensor:
        """Return what the cells should say to each training sample."""
        return targets(truth(data, data.train_boxes), self.grid, self.size)

    def right(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return where every cell that holds a box knows its class."""
        cells = logits.reshape(*labels.shape[:3], -1)[..., : self.grid.classes]
        return ((cells.argmax(-1) == labels[..., 1]) | (labels[..., 0] == 0)).flatten(1).all(1)

    def loss(self, phase: Phase, network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return YOLO's loss, and the outputs."""
        *_, activity = network.activities(batch.x)
        outputs = network.logits(activity)
        return yolo_loss(outputs, batch.labels, self.grid), outputs


def truth(data: DataSet, boxes: Boxes | None) -> list[Found]:
    """Return the boxes of each sample, or raise `ValueError` where the data set has none."""
    if boxes is None:
        raise ValueError(f"{data.name} must have boxes to train a detector, but has labels")
    found = []
    for sample in range(boxes.samples):
        labels, places = boxes.of(sample)
        score = np.ones(len(labels))
        found.append(Found(label=labels, score=score, place=places.astype(np.float64)))
    return found


@torch.no_grad()
def precision(network: Network, data: DataSet, *, batch: int = 100) -> float:
    """Return the mean average precision, at an overlap of 0.5, on the test samples, 0…1."""
    network.eval()
    values = []
    for start in range(0, len(data.test_images), batch):
        images = torch.tensor(data.test_images[start : start + batch], device=network.gain.device)
        values.append(network(inputs(network.recipe, images, data.maximum)).cpu().numpy())
    return precision_of(network, np.concatenate(values), data)


def precision_of(network: Network, values: NDArray[Any], data: DataSet) -> float:
    """Return the same of readout values, (samples, outputs) in stored LSBs, of its tables too."""
    settings = network.recipe.method
    assert isinstance(settings, Detect)
    outputs = values.astype(np.float64) * network.lsb
    boxes = decode(outputs, settings.grid, network.shape[1:], least=settings.least)
    found = [suppress(one, settings.most) for one in boxes]
    return mean_average_precision(found, truth(data, data.test_boxes), settings.grid.classes)
