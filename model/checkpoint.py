"""A trained network as one torch file, read with `weights_only=True`: no code in it."""

import pickle
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..checks.files import replacing
from .network import Network
from .recipe import Recipe

FORMAT = "somagate checkpoint"
VERSION = 2


class CheckpointError(ValueError):
    """A file that is not a checkpoint of this version; the message names it, in one line."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Checkpoint:
    """What a checkpoint holds.

    Attributes
    ----------
    network
        Trained, in evaluation mode.
    seed
        Of the training.
    maximum
        The sample of the data set that stands for the full scale.
    accuracy
        Of `network` on the test set, 0…1, as measured after the last epoch.
    """

    network: Network
    seed: int
    maximum: int
    accuracy: float

    @property
    def recipe(self) -> Recipe:
        """What was trained."""
        return self.network.recipe


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint; a file of that name is replaced at once or not at all."""
    write_record(
        {
            "format": FORMAT,
            "version": VERSION,
            "recipe": checkpoint.recipe.to_dict(),
            "shape": list(checkpoint.network.shape),
            "seed": checkpoint.seed,
            "maximum": checkpoint.maximum,
            "accuracy": checkpoint.accuracy,
            "network": checkpoint.network.state_dict(),
        },
        path,
    )


def read(path: Path | str) -> Checkpoint:
    """Read a file that `save` wrote.

    Raises
    ------
    CheckpointError
        Where it is missing, or not a checkpoint of this version.
    """
    path = Path(path)
    record = read_record(path)
    if record.get("version") != VERSION:
        raise CheckpointError(
            f"{path} must be a {FORMAT} of version {VERSION}, not {record.get('version')!r}"
        )
    try:
        channels, rows, columns = record["shape"]
        network = Network(Recipe.from_dict(record["recipe"]), (channels, rows, columns))
        network.load_state_dict(record["network"])
        network.eval()
        return Checkpoint(
            network=network,
            seed=int(record["seed"]),
            maximum=int(record["maximum"]),
            accuracy=float(record["accuracy"]),
        )
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path} must be a whole {FORMAT}: {_line(error)}") from None


def write_record(record: dict[str, Any], path: Path) -> None:
    """Write a torch file under a temporary name beside `path`, then move it there."""
    with replacing(path) as part:
        torch.save(record, part)


def read_record(path: Path, kind: str = FORMAT) -> dict[str, Any]:
    """Return the dict in a torch file of a kind, its 'format', or raise `CheckpointError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about files that are about to be refused
            record = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(f"{path} must be readable: {error.strerror}") from None
    except (RuntimeError, ValueError, TypeError, KeyError, AttributeError, IndexError, EOFError,
            pickle.UnpicklingError):  # fmt: skip
        raise CheckpointError(f"{path} must be a {kind}, but is no torch file") from None
    if not isinstance(record, dict) or record.get("format") != kind:
        raise CheckpointError(f"{path} must be a {kind}, but is another torch file")
    return record


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
