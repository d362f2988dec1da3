"""Training: a recipe and a data set in, a run folder with a checkpoint out."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from .. import data as data_sets
from ..checks import files
from ..data import DataSet
from . import checkpoint as checkpoints
from . import parallel
from .feed import inputs
from .methods.detection import precision
from .network import Network
from .recipe import Recipe
from .run_folder import (
    CHECKPOINT,
    METRICS,
    RESULT,
    STATE,
    Result,
    finished,
    prepare,
    write_lines,
)
from .settings import Detect
from .trainer import Epoch, Trainer
from .watching import EventFiles

TELL_SECONDS = 30
"""Between two lines about an epoch."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a training runs on.

    Attributes
    ----------
    device
        'cpu' or 'cuda'; None is a GPU where there is one.
    fuse
        Compile the neurons with torch's compiler, which pays off in long trainings on a GPU.
    """

    device: str | None = None
    fuse: bool = False


@dataclass(frozen=True, kw_only=True)
class Told:
    """How a training is followed.

    Attributes
    ----------
    progress
        Show a bar on the standard error stream.
    tell
        Called with a line for each epoch, and one every `TELL_SECONDS` within a long one.
    report
        Called after every epoch.
    """

    progress: bool = True
    tell: Callable[[str], None] | None = None
    report: Callable[[Epoch], None] | None = None


def train(
    recipe: Recipe,
    out: Path | None = None,
    *,
    data_dir: Path | None = None,
    seed: int = 0,
    resume: bool = False,
    overwrite: bool = False,
    machine: Machine | None = None,
    told: Told | None = None,
) -> Result:
    """Train a recipe; the checkpoint is that of the last epoch.

    After every epoch the whole state is saved, so an interrupted training loses at most an epoch.
    Resumed, it ends in the same weights, bit by bit, as one that was never interrupted (on the same
    machine with as many threads).

    Started by `torchrun`, each process trains on its part of every batch; see
    `somagate.model.parallel`.

    Parameters
    ----------
    recipe
        What to train; see `Recipe.override` and `Recipe.floating` for changes to it.
    out
        Run folder; runs/<recipe>, and runs/<recipe>-float for a float network, where left out.
    data_dir
        Folder of the data set's files, where it needs any.
    seed
        Of the first weights, the order of the images and their augmentation.
    resume
        Go on with the training in `out`, if there is one.
    overwrite
        Replace the training in `out`, if there is one.
    machine
        What it runs on; by default a GPU where there is one.
    told
        How it is followed; by default by a bar.

    Raises
    ------
    RunError
        Where another process trains in `out`, or it holds a training and neither `resume` nor
        `overwrite` is set, or one of another recipe or seed.
    CheckpointError
        Where the state in `out` can't be read.
    DataError
        Where the data set is missing or broken.
    ValueError
        Where the data is not what the recipe takes, or there is no such device.
    """
    machine, told = machine or Machine(), told or Told()
    folder = Path("runs") / (recipe.name if recipe.quantized else f"{recipe.name}-float")
    folder = folder if out is None else Path(out)
    place = parallel.device(machine.device)
    started = time.monotonic()
    with parallel.world(place) as world, _threads(recipe.threads), ExitStack() as held:
        state = prepare(folder, recipe, seed, resume, overwrite, world, held)
        if state is None and (folder / RESULT).exists() and resume:
            return finished(folder, recipe, seed)
        data = data_sets.read(recipe.data, data_dir)
        trainer = Trainer(recipe, data, seed, place, world)
        _check_data(trainer.network, data)
        if state is not None:
            trainer.restore(state)
        if machine.fuse:
            trainer.network.fuse()
        _run(trainer, folder, told)
        network = trainer.network.eval()
        accuracy = evaluate(network, data)
        if world.rank == 0:
            checkpoints.save(
                checkpoints.Checkpoint(
                    network=network, seed=seed, maximum=data.maximum, accuracy=accuracy
                ),
                folder / CHECKPOINT,
            )  # fmt: skip
            summary = {"recipe": recipe.to_dict(), "seed": seed, "accuracy": accuracy}
            files.write(folder / RESULT, json.dumps(summary, indent=2) + "\n")
            (folder / STATE).unlink()
    return Result(
        recipe=recipe, seed=seed, folder=folder, checkpoint=folder / CHECKPOINT, accuracy=accuracy,
        epochs=tuple(trainer.history), seconds=time.monotonic() - started,
    )  # fmt: skip


def _run(trainer: Trainer, folder: Path, told: Told) -> None:
    """Train the epochs that are left, saving the state after each."""
    first = trainer.world.rank == 0
    watched = EventFiles(folder, trainer) if first else None
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[figures]}"), TimeRemainingColumn(),
        console=Console(stderr=True), disable=not (told.progress and first),
    )  # fmt: skip
    with bar, watched or nullcontext():
        task = bar.add_task(
            f"train {trainer.recipe.name}", total=trainer.epochs * trainer.batches, figures="",
            completed=len(trainer.history) * trainer.batches,
        )  # fmt: skip
        while len(trainer.history) < trainer.epochs:
            teller = _Teller(trainer, told.tell if first else None)
            figures = trainer.epoch(partial(_advance, bar, task, teller))
            teller.end(figures)
            if watched is not None:
                watched.epoch(figures)
                checkpoints.write_record(trainer.state(), folder / STATE)
                write_lines(folder / METRICS, trainer.history)
            bar.update(task, figures=f"loss {figures.loss:.3f}, accuracy {figures.accuracy:.2%}")
            if told.report is not None:
                told.report(figures)


@torch.no_grad()
def evaluate(network: Network, data: DataSet, *, batch: int = 250) -> float:
    """Return the share of the test images that `network` classifies right, in evaluation mode.

    For a detector it is the mean average precision.

    Raises
    ------
    ValueError
        Where the images have another shape than the network's, or a label that it has no class for.
    """
    _check_data(network, data)
    if isinstance(network.recipe.method, Detect):
        return precision(network, data)
    network.eval()
    place = network.gain.device
    right = 0
    for start in range(0, len(data.test_labels), batch):
        part = slice(start, start + batch)
        images = torch.tensor(data.test_images[part], device=place)
        values = network(inputs(network.recipe, images, data.maximum))
        right += int((values.argmax(1).cpu().numpy() == data.test_labels[part]).sum())
    return right / len(data.test_labels)


def _advance(bar: Progress, task: TaskID, teller: "_Teller") -> None:
    bar.advance(task)
    teller.advance()


class _Teller:
    """Says how an epoch goes on, in lines."""

    def __init__(self, trainer: Trainer, tell: Callable[[str], None] | None) -> None:
        self._tell, self._batches, self._done = tell, trainer.batches, 0
        self._epoch = f"epoch {len(trainer.history) + 1} of {trainer.epochs}"
        self._start = self._told = time.monotonic()

    def advance(self) -> None:
        """Take note of a batch."""
        self._done += 1
        now = time.monotonic()
        if self._tell and self._done < self._batches and now - self._told >= TELL_SECONDS:
            self._told = now
            seconds = round(now - self._start)
            self._tell(f"{self._epoch}: {self._done} of {self._batches} batches in {seconds} s")

    def end(self, figures: Epoch) -> None:
        """Tell what came out."""
        if self._tell:
            self._tell(
                f"{self._epoch}: loss {figures.loss:.3f}, accuracy {figures.accuracy:.2%}, "
                f"{time.monotonic() - self._start:.1f} s"
            )


def _check_data(network: Network, data: DataSet) -> None:
    """Refuse samples that the network would take, and get nothing but wrong."""
    if data.shape != network.shape:
        raise ValueError(
            f"images of {data.name} must have the shape {network.shape} of the network, "
            f"not {data.shape}"
        )
    classes = network.recipe.classes
    largest = max((int(part.max()) for part in (data.train_labels, data.test_labels) if len(part)),
                  default=0)  # fmt: skip
    if largest >= classes:
        raise ValueError(
            f"labels of {data.name} must be 0…{classes - 1} for the {classes} classes of "
            f"{network.recipe.name}, not reach {largest}"
        )


@contextmanager
def _threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
