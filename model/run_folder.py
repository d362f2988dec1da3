"""The folder of a training: what lies in it, who may write there, and how to go on."""

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..checks import files
from . import checkpoint as checkpoints
from . import parallel
from .recipe import Recipe
from .trainer import STATE_FORMAT, Epoch

CHECKPOINT, STATE, METRICS, RESULT = "checkpoint.pt", "state.pt", "metrics.jsonl", "result.json"
"""Files of a run folder. `state.pt` is there until training is over."""
EVENTS = "events.out.tfevents.*"
"""Those for TensorBoard, which `watching` writes."""


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


def prepare(
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
    state = checkpoints.read_record(folder / STATE, STATE_FORMAT)
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
        for path in folder.glob(EVENTS):
            path.unlink()


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


def finished(folder: Path, recipe: Recipe, seed: int) -> Result:
    """Return the result of a training that is over."""
    summary = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    _same(folder, recipe, seed, summary["recipe"], summary["seed"])
    lines = (folder / METRICS).read_text(encoding="utf-8").splitlines()
    return Result(
        recipe=recipe, seed=seed, folder=folder, checkpoint=folder / CHECKPOINT,
        accuracy=summary["accuracy"], epochs=tuple(Epoch(**json.loads(line)) for line in lines),
        seconds=0.0,
    )  # fmt: skip


def write_lines(path: Path, history: list[Epoch]) -> None:
    files.write(path, "".join(json.dumps(asdict(figures)) + "\n" for figures in history))
