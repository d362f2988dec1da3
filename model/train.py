"""Training: a recipe and a data set in, a run folder with a checkpoint out."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

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
from .settings import Detect
from .trainer import STATE_FORMAT, Epoch, Trainer

CHECKPOINT, STATE, METRICS, RESULT = "checkpoint.pt", "state.pt", "metrics.jsonl", "result.json"
"""Files of a run folder. `state.pt` is there until training is over."""


TELL_SECONDS = 30
"""Between two lines about an epoch."""


class RunError(ValueError):
    """A run folder that can't be used as asked; the message names it and the way out."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """A finished training.

    Attributes
    ----------
    recipe, seed
        What was trained.
    folder, checkpoint
        Where.
    accuracy
        On the test set, 0…1: for a quantized network that of the integers; for a detector its mean
        average precision at an overlap of 0.5.
    epochs
        Figures of every epoch.
    seconds
        That this call trained for.
    """

    recipe: Recipe
    seed: int
    folder: Path
    checkpoint: Path
    accuracy: float
    epochs: tuple[Epoch, ...]
    seconds: float


def train(
    recipe: Recipe,
    out: Path | None = None,
    *,
    data_dir: Path | None = None,
    seed: int = 0,
    epochs: int | None = None,
    float_: bool = False,
    resume: bool = False,
    overwrite: bool = False,
    device: str | None = None,
    fuse: bool = False,
    progress: bool = True,
    tell: Callable[[str], None] | None = None,
    report: Callable[[Epoch], None] | None = None,
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
        What to train; see `Recipe.override` for changes to it.
    out
        Run folder; runs/<recipe>, and runs/<recipe>-float for a float network, where left out.
    data_dir
        Folder of the data set's files, where it needs any.
    seed
        Of the first weights, the order of the images and their augmentation.
    epochs
        In place of the recipe's.
    float_
        Train the float network of the same shape in the same way.
    resume
        Go on with the training in `out`, if there is one.
    overwrite
        Replace the training in `out`, if there is one.
    device
        'cpu' or 'cuda'; None is a GPU where there is one.
    fuse
        Compile the neurons with torch's compiler, which pays off in long trainings on a GPU.
    progress
        Show a bar on the standard error stream.
    tell
        Called with a line for each epoch, and one every `TELL_SECONDS` within a long one.
    report
        Called after every epoch.

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
    recipe = recipe.override(epochs=epochs)
    if float_ and recipe.quantized:
        recipe = recipe.floating()
    folder = Path("runs") / (recipe.name if recipe.quantized else f"{recipe.name}-float")
    folder = folder if out is None else Path(out)
    place = parallel.device(device)
    started = time.monotonic()
    with parallel.world(place) as world, _threads(recipe.threads), ExitStack() as held:
        state = _prepare(folder, recipe, seed, resume, overwrite, world, held)
        if state is None and (folder / RESULT).exists() and resume:
            return _finished(folder, recipe, seed)
        data = data_sets.load(recipe.data, data_dir)
        trainer = Trainer(recipe, data, seed, place, world)
        _check_data(trainer.network, data)
        if state is not None:
            trainer.load(state)
        if fuse:
            trainer.network.fuse()
        _run(trainer, folder, progress, tell, report)
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
            _write_text(folder / RESULT, json.dumps(summary, indent=2) + "\n")
            (folder / STATE).unlink()
    return Result(
        recipe=recipe, seed=seed, folder=folder, checkpoint=folder / CHECKPOINT, accuracy=accuracy,
        epochs=tuple(trainer.history), seconds=time.monotonic() - started,
    )  # fmt: skip


def _run(
    trainer: Trainer,
    folder: Path,
    progress: bool,
    tell: Callable[[str], None] | None,
    report: Callable[[Epoch], None] | None,
) -> None:
    """Train the epochs that are left, saving the state after each."""
    first = trainer.world.rank == 0
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[figures]}"), TimeRemainingColumn(),
        console=Console(stderr=True), disable=not (progress and first),
    )  # fmt: skip
    with bar:
        task = bar.add_task(
            f"train {trainer.recipe.name}", total=trainer.epochs * trainer.batches, figures="",
            completed=len(trainer.history) * trainer.batches,
        )  # fmt: skip
        while len(trainer.history) < trainer.epochs:
            teller = _Teller(trainer, tell if first else None)
            figures = trainer.epoch(partial(_advance, bar, task, teller))
            teller.end(figures)
            if first:
                checkpoints.write(trainer.state(), folder / STATE)
                _write_lines(folder / METRICS, trainer.history)
            bar.update(task, figures=f"loss {figures.loss:.3f}, accuracy {figures.accuracy:.2%}")
            if report is not None:
                report(figures)


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


def _prepare(
    folder: Path,
    recipe: Recipe,
    seed: int,
    resume: bool,
    overwrite: bool,
    world: parallel.World,
    held: ExitStack,
) -> dict[str, Any] | None:
    """Make the run folder, or check the one that is there; return the state to go on from."""
    if world.rank:
        world.wait()
    else:
        try:
            _make(folder, resume, overwrite, held)
        finally:
            world.wait()
    if not (folder / STATE).exists():
        return None
    state = checkpoints.read(folder / STATE, STATE_FORMAT)
    _same(folder, recipe, seed, state["recipe"], state["seed"])
    return state


def _make(folder: Path, resume: bool, overwrite: bool, held: ExitStack) -> None:
    if resume and overwrite:
        raise RunError("resume and overwrite must not both be set, but are")
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} must be a folder, but is a file; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        held.enter_context(files.held(folder))
    except BlockingIOError:
        raise RunError(
            f"{folder} must be a folder of no training that is going on, but another process "
            "trains there; wait for it, or name another folder"
        ) from None
    names = (STATE, CHECKPOINT, METRICS, RESULT)
    found = [name for name in names if (folder / name).exists()]
    if found and not resume and not overwrite:
        raise RunError(
            f"{folder} must hold no training, but has {', '.join(found)}; "
            "resume it, overwrite it, or name another folder"
        )
    for name in names:
        files.remove_parts(folder, name)
    if overwrite:
        for name in found:
            (folder / name).unlink()


def _same(
    folder: Path, recipe: Recipe, seed: int, found: dict[str, Any], found_seed: int
) -> None:  # fmt: skip
    wanted = {**recipe.to_dict(), "seed": seed}
    # A training of an older version lacks settings that are new: they have their defaults.
    try:
        found = {**Recipe.from_dict(found).to_dict(), "seed": found_seed}
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"{folder} must hold a training of this version to resume it, not one that is read as "
            f"{error!r}; overwrite it, or name another folder"
        ) from None
    for name, value in wanted.items():
        if json.dumps(value) != json.dumps(found.get(name)):
            raise RunError(
                f"{folder} must hold a training with {name} {value!r} to resume it, "
                f"not {found.get(name)!r}"
            )


def _finished(folder: Path, recipe: Recipe, seed: int) -> Result:
    """Return the result of a training that is over."""
    summary = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    _same(folder, recipe, seed, summary["recipe"], summary["seed"])
    lines = (folder / METRICS).read_text(encoding="utf-8").splitlines()
    return Result(
        recipe=recipe, seed=seed, folder=folder, checkpoint=folder / CHECKPOINT,
        accuracy=summary["accuracy"], epochs=tuple(Epoch(**json.loads(line)) for line in lines),
        seconds=0.0,
    )  # fmt: skip


def _write_lines(path: Path, history: list[Epoch]) -> None:
    _write_text(path, "".join(json.dumps(asdict(figures)) + "\n" for figures in history))


def _write_text(path: Path, text: str) -> None:
    files.write(path, text)
