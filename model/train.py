"""Training: a recipe and a data set in, a run folder with a checkpoint out."""

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from . import checkpoint as checkpoints
from . import data as data_sets
from .augment import augment
from .data import DataSet, Images
from .encode import encode
from .network import Network
from .recipe import Recipe

CHECKPOINT, STATE, METRICS, RESULT = "checkpoint.pt", "state.pt", "metrics.jsonl", "result.json"
"""Files of a run folder. `state.pt` is there until training is over."""

_WARMUP = 0.1
_STATE_FORMAT = "somagate training state"


class RunError(ValueError):
    """A run folder that can't be used as asked; the message names it and the way out."""


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """Figures of one epoch: mean loss and accuracy of its batches, in training mode."""

    epoch: int
    loss: float
    accuracy: float


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
        On the test set, 0…1: for a quantized network that of the integers.
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
    progress: bool = True,
    report: Callable[[Epoch], None] | None = None,
) -> Result:
    """Train a recipe; the checkpoint is that of the last epoch.

    After every epoch the whole state is saved, so an interrupted training loses at most an epoch.
    Resumed, it ends in the same weights, bit by bit, as one that was never interrupted (on the same
    machine with as many threads).

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
    progress
        Show a bar on the standard error stream.
    report
        Called after every epoch.

    Raises
    ------
    RunError
        Where `out` holds a training and neither `resume` nor `overwrite` is set, or one of another
        recipe or seed.
    CheckpointError
        Where the state in `out` can't be read.
    DataError
        Where the data set is missing or broken.
    """
    recipe = recipe.override(epochs=epochs, quantized=False if float_ else None)
    folder = Path("runs") / (recipe.name if recipe.quantized else f"{recipe.name}-float")
    folder = folder if out is None else Path(out)
    started = time.monotonic()
    state = _prepare(folder, recipe, seed, resume, overwrite)
    if state is None and (folder / RESULT).exists() and resume:
        return _finished(folder, recipe, seed)
    data = data_sets.load(recipe.data, data_dir)
    trainer = _Trainer(recipe, data, seed)
    if state is not None:
        trainer.load(state)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[figures]}"), TimeRemainingColumn(),
        console=Console(stderr=True), disable=not progress,
    )  # fmt: skip
    with _threads(recipe.threads), bar:
        task = bar.add_task(
            f"train {recipe.name}", total=recipe.epochs * trainer.batches, figures="",
            completed=len(trainer.history) * trainer.batches,
        )  # fmt: skip
        while len(trainer.history) < recipe.epochs:
            figures = trainer.epoch(lambda: bar.advance(task))
            checkpoints.write(trainer.state(), folder / STATE)
            _write_lines(folder / METRICS, trainer.history)
            bar.update(task, figures=f"loss {figures.loss:.3f}, accuracy {figures.accuracy:.2%}")
            if report is not None:
                report(figures)
    network = trainer.network.eval()
    accuracy = evaluate(network, data)
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


def inputs(recipe: Recipe, images: Images, maximum: int) -> Tensor:
    """Return the input maps of images, float32 (steps, samples, channels, rows, columns)."""
    maps = encode(
        images, encoding=recipe.encoding, steps=recipe.steps, maximum=maximum,
        high=recipe.input_high,
    )  # fmt: skip
    return torch.from_numpy(maps.astype(np.float32))


@torch.no_grad()
def evaluate(network: Network, data: DataSet, *, batch: int = 250) -> float:
    """Return the share of the test images that `network` classifies right, in evaluation mode."""
    network.eval()
    right = 0
    for start in range(0, len(data.test_labels), batch):
        part = slice(start, start + batch)
        values = network(inputs(network.recipe, data.test_images[part], data.maximum))
        right += int((values.argmax(1).numpy() == data.test_labels[part]).sum())
    return right / len(data.test_labels)


class _Trainer:
    """The network, its optimizer and the figures so far. Nothing random outlives an epoch."""

    def __init__(self, recipe: Recipe, data: DataSet, seed: int) -> None:
        self.recipe, self.data, self.seed = recipe, data, seed
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = Network(recipe, data.shape)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=recipe.learning_rate)
        self.batches = math.ceil(len(data.train_labels) / recipe.batch)
        self.history: list[Epoch] = []

    def epoch(self, advance: Callable[[], None]) -> Epoch:
        recipe, network, index = self.recipe, self.network, len(self.history)
        network.train()
        network.settle(index >= round(recipe.epochs * (1 - recipe.settle)))
        generator = torch.Generator().manual_seed((self.seed << 20) + index)
        images = torch.tensor(self.data.train_images)
        labels = torch.tensor(self.data.train_labels)
        order = torch.randperm(len(labels), generator=generator)
        loss_sum, right = 0.0, 0
        for number in range(self.batches):
            chosen = order[number * recipe.batch : (number + 1) * recipe.batch]
            for group in self.optimizer.param_groups:
                group["lr"] = self._rate(index * self.batches + number)
            drawn = augment(images[chosen], recipe, self.data.maximum, generator)
            logits = network.logits(inputs(recipe, drawn.numpy(), self.data.maximum))
            loss = F.cross_entropy(logits, labels[chosen], label_smoothing=recipe.smoothing)
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            network.project()
            loss_sum += loss.item() * len(chosen)
            right += int((logits.argmax(1) == labels[chosen]).sum())
            advance()
        figures = Epoch(epoch=index, loss=loss_sum / len(labels), accuracy=right / len(labels))
        self.history.append(figures)
        return figures

    def _rate(self, update: int) -> float:
        """Rise linearly to the peak, then fall along a cosine to 0."""
        total = self.recipe.epochs * self.batches
        warm = max(1, round(_WARMUP * total))
        if update < warm:
            return self.recipe.learning_rate * (update + 1) / warm
        fallen = (update - warm) / max(1, total - warm)
        return self.recipe.learning_rate * (1 + math.cos(math.pi * fallen)) / 2

    def state(self) -> dict[str, Any]:
        return {
            "format": _STATE_FORMAT,
            "recipe": self.recipe.to_dict(),
            "seed": self.seed,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "history": [asdict(figures) for figures in self.history],
        }

    def load(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.history = [Epoch(**figures) for figures in state["history"]]


@contextmanager
def _threads(number: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _prepare(
    folder: Path, recipe: Recipe, seed: int, resume: bool, overwrite: bool
) -> dict[str, Any] | None:
    """Make the run folder, or check the one that is there; return the state to go on from."""
    if resume and overwrite:
        raise RunError("resume and overwrite must not both be set, but are")
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} must be a folder, but is a file; name another folder")
    names = (STATE, CHECKPOINT, METRICS, RESULT)
    found = [name for name in names if (folder / name).exists()]
    if found and not resume and not overwrite:
        raise RunError(
            f"{folder} must hold no training, but has {', '.join(found)}; "
            "resume it, overwrite it, or name another folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.part").unlink(missing_ok=True)
    if overwrite:
        for name in found:
            (folder / name).unlink()
        return None
    if not (folder / STATE).exists():
        return None
    state = checkpoints.read(folder / STATE, _STATE_FORMAT)
    _same(folder, recipe, seed, state["recipe"], state["seed"])
    return state


def _same(
    folder: Path, recipe: Recipe, seed: int, found: dict[str, Any], found_seed: int
) -> None:  # fmt: skip
    wanted = {**recipe.to_dict(), "seed": seed}
    found = {**found, "seed": found_seed}
    for name, value in wanted.items():
        if json.dumps(value) != json.dumps(found.get(name)):
            raise RunError(
                f"{folder} must hold a training with {name} {value!r} to resume it, "
                f"not {found.get(name)!r}"
            )


def _finished(folder: Path, recipe: Recipe, seed: int) -> Result:
    """Return the result of a training that is over."""
    summary = json.loads((folder / RESULT).read_text())
    _same(folder, recipe, seed, summary["recipe"], summary["seed"])
    lines = (folder / METRICS).read_text().splitlines()
    return Result(
        recipe=recipe, seed=seed, folder=folder, checkpoint=folder / CHECKPOINT,
        accuracy=summary["accuracy"], epochs=tuple(Epoch(**json.loads(line)) for line in lines),
        seconds=0.0,
    )  # fmt: skip


def _write_lines(path: Path, history: list[Epoch]) -> None:
    _write_text(path, "".join(json.dumps(asdict(figures)) + "\n" for figures in history))


def _write_text(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(text)
    part.replace(path)
