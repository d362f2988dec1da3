"""`somagate export`: a checkpoint in, tables out."""

from pathlib import Path
from typing import Annotated, Any

import typer

from .options import Force, Json
from .output import Update, existing, progress, show, verb, writable


def export(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT", help="The .pt file that `train` wrote.")
    ],
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help="Folder with the files of the data set that the checkpoint was trained on, or "
            "'digits'; default: 'digits' where it was trained on it, otherwise the accuracy after "
            "is not measured.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Default: 'tables.safetensors' beside CHECKPOINT."),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write a checkpoint's tables, with the accuracy before and after.

    Before is what torch gets from the checkpoint; after is what the golden simulator gets from the
    integers, on the same test samples. They are equal.
    """
    with verb(json):
        existing(checkpoint, ".pt")
        target = writable(out or checkpoint.with_name("tables.safetensors"), force)
        with progress("measuring", "samples") as update:
            result = convert(checkpoint, data, target, update, overwrite=force)
    show(result, json, summary(result), *result["findings"], f"Tables in {result['path']}")


def convert(
    path: Path, data: str | None, target: Path, update: Update, *, overwrite: bool = True
) -> dict[str, Any]:
    """Export to `target`, and return the accuracy of the checkpoint and of the tables."""
    import torch

    from ..export.checkpoint import accuracy, export
    from ..model.checkpoint import load
    from .samples import recipe_data
    from .simulate import measure

    torch.set_num_threads(1)
    loaded, tables = load(path), export(path)
    if data is None and loaded.recipe.data == "digits":
        data = "digits"
    before, measured = loaded.accuracy, None
    if data:
        # The recipe's data set, with its options, from the folder named.
        title, folder = recipe_data(data, loaded.recipe.data, loaded.recipe.name, options=False)
        chosen = title if folder is None else f"{title}@{folder}"
        measured = measure(tables, chosen, None, None, update)
        before = accuracy(path, folder)
    tables.save(target, overwrite=overwrite)
    return {
        "tables": tables.sha256,
        "path": str(target),
        "data": data,
        "samples": measured["samples"] if measured else None,
        "accuracy_before": before,
        "accuracy_after": measured["accuracy"] if measured else None,
        "findings": tables.thresholds(),
    }


def summary(result: dict[str, Any]) -> str:
    """Return the result as a sentence."""
    before = f"{result['accuracy_before']:.2%} right in torch"
    if result["accuracy_after"] is None:
        return f"{before}; the integers are not measured without --data"
    after = f"{result['accuracy_after']:.2%} in integers"
    return f"{before}, {after}, on {result['samples']} test samples"
