"""Event files beside the metrics, for TensorBoard: what a training does, epoch by epoch.

Each epoch has its loss, accuracy and learning rate, and of every layer that fires two histograms:
the activity of its channels, and their thresholds. A file of events names the machine and the
moment in its name and its contents, so two trainings never write the same bytes; nothing compares
them, and nothing reads them back.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import torch
from tensorboardX import SummaryWriter
from torch import Tensor

from .network import Network
from .recipe import Conv
from .trainer import Epoch, Trainer


class EventFiles:
    """Writes the events of a training, from the epoch on that it is at.

    Where it was resumed, TensorBoard drops what an epoch that was cut short has left: the new file
    says from which step on events of older ones are void.

    Parameters
    ----------
    folder
        The run's.
    trainer
        The training.
    """

    def __init__(self, folder: Path, trainer: Trainer) -> None:
        self._trainer = trainer
        # Names have seconds, so one that is resumed within one would take the other's place; and
        # they are read in the order of their names.
        self._writer = SummaryWriter(
            str(folder), purge_step=len(trainer.history), filename_suffix=f".{time.time_ns()}"
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._writer.close()

    def epoch(self, figures: Epoch) -> None:
        """Write what an epoch came to; a following one that is killed takes none of it along."""
        writer, step, trainer = self._writer, figures.epoch, self._trainer
        writer.add_scalar("loss", figures.loss, step)
        writer.add_scalar("accuracy", figures.accuracy, step)
        writer.add_scalar("learning_rate", trainer.optimizer.param_groups[0]["lr"], step)
        for name, rates, thresholds in looked(trainer.network, trainer.sample().x):
            writer.add_histogram(f"activity/{name}", rates.cpu().numpy(), step)
            writer.add_histogram(f"threshold/{name}", thresholds.cpu().numpy(), step)
        writer.flush()


@torch.no_grad()
def looked(network: Network, x: Tensor) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Yield of each layer that fires its name in tables, and each channel's activity and threshold.

    The network is left as it was found.

    Parameters
    ----------
    network
        As it is in training.
    x
        Input maps, (steps, batch, channels, rows, columns).

    Yields
    ------
    The name; spikes a neuron and time step, (channels,); and thresholds in deviations, (channels,)
    or (1,).
    """
    training = network.training
    network.eval()
    try:
        weights = None
        if network.recipe.quantized:
            weights = network.integer_weights()
            x = x.to(network.exact_type(weights))
        layers = zip(network, network.activities(x, weights=weights), strict=True)
        for number, (layer, activity) in enumerate(layers, 1):
            if activity.spikes is None:
                continue
            name = "conv" if isinstance(layer.settings, Conv) else "dense"
            rates = activity.spikes.float().transpose(0, 2).flatten(1).mean(1)
            yield f"{name}{number}", rates, layer.theta.detach().reshape(-1)
    finally:
        network.train(training)
