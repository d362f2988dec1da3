"""Where tables come from: a file, or a trained checkpoint."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from .data.chosen import recipe_data
from .encoded import Samples, samples
from .export.tables import Tables
from .given import needs_torch
from .shown import Shown


def load(path: Path | str) -> Tables:
    """Return the tables in a ``.safetensors`` file that `convert` or `Tables.save` wrote.

    Raises
    ------
    TablesFileError
        Where the file is not one, or is altered.
    OSError
        Where it can't be read.
    """
    return Tables.load(path)


def from_checkpoint(path: Path | str) -> Tables:
    """Return the tables of a checkpoint that `train` wrote; needs torch.

    Nothing is rounded that training has not rounded: golden computes the very spikes and
    potentials of the network in evaluation mode.

    Raises
    ------
    CheckpointError
        Where the file is not a checkpoint, or is that of a float network.
    """
    needs_torch("from_checkpoint")
    from .export.checkpoint import export

    return export(Path(path))


@dataclass(frozen=True, kw_only=True, eq=False)
class Converted(Shown):
    """Tables that were written, and how good they are.

    Attributes
    ----------
    tables
        They.
    path
        Their file.
    data
        What they were measured on, or None.
    samples
        How many test samples, or None.
    accuracy_before, accuracy_after
        Of the checkpoint in torch, and of the integers in golden; the latter is None where they
        weren't measured.
    """

    tables: Tables
    path: Path
    data: str | None
    samples: int | None
    accuracy_before: float
    accuracy_after: float | None

    @property
    def summary(self) -> str:
        """The accuracies in a sentence."""
        before = f"{self.accuracy_before:.2%} right in torch"
        if self.accuracy_after is None:
            return f"{before}; the integers are not measured without data"
        after = f"{self.accuracy_after:.2%} in integers"
        return f"{before}, {after}, on {self.samples} test samples"

    def shown(self) -> list[RenderableType]:
        """Return the accuracies, what never or always fires, and where the tables are."""
        return [self.summary, *self.tables.thresholds(), f"Tables in {self.path}"]

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return {
            "tables": self.tables.sha256,
            "path": str(self.path),
            "data": self.data,
            "samples": self.samples,
            "accuracy_before": self.accuracy_before,
            "accuracy_after": self.accuracy_after,
            "findings": self.tables.thresholds(),
        }


def convert(
    checkpoint: Path | str,
    out: Path | str,
    *,
    data: str | None = None,
    overwrite: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Converted:
    """Write a checkpoint's tables to a file, and measure both on the same test samples.

    Parameters
    ----------
    checkpoint
        The ``.pt`` file that `train` wrote.
    out
        The file of the tables.
    data
        The folder with the files of the data set that the checkpoint was trained on, or 'digits';
        left out, 'digits' where it was trained on it, and nothing is measured otherwise.
    overwrite
        Replace a file that is there.
    progress
        Called with the samples simulated, and all of them.

    Raises
    ------
    CheckpointError, DataError, ValueError
        As `from_checkpoint` and `samples` raise them; nothing is written then.
    FileExistsError
        Without `overwrite`, where the file is there.
    """
    needs_torch("convert")
    import torch

    from .export.checkpoint import accuracy
    from .model.checkpoint import read
    from .simulating import measure

    torch.set_num_threads(1)
    trained, tables = read(Path(checkpoint)), from_checkpoint(checkpoint)
    if data is None and trained.recipe.data == "digits":
        data = "digits"
    before, measured = trained.accuracy, None
    if data:
        # The recipe's data set, with its options, from the folder named.
        title, folder = recipe_data(data, trained.recipe.data, trained.recipe.name, options=False)
        chosen = title if folder is None else f"{title}@{folder}"
        found: Samples = samples(tables, chosen)
        measured = measure(tables, found, progress=progress)
        before = accuracy(Path(checkpoint), folder)
    tables.save(out, overwrite=overwrite)
    return Converted(
        tables=tables,
        path=Path(out),
        data=data,
        samples=measured.samples if measured else None,
        accuracy_before=before,
        accuracy_after=measured.accuracy if measured else None,
    )
