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
            help="Test samples: 'digits', or a folder with IDX files; default: 'digits' where the "
            "checkpoint was trained on it, otherwise the accuracy after is not measured.",
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

    Before is what training measured in torch; after is what the golden simulator gets from the
    integers on the same test samples.
    """
    with verb(json):
        existing(checkpoint, ".pt")
        target = writable(out or checkpoint.with_name("tables.safetensors"), force)
        with progress("measuring", "samples") as update:
            result = convert(checkpoint, data, target, update)
    show(result, json, summary(result), *result["findings"], f"Tables in {result['path']}")


def convert(path: Path, data: str | None, target: Path, update: Update) -> dict[str, Any]:
    """Export to `target`, and return the accuracy of the checkpoint and of the tables."""
    from ..export.checkpoint import export
    from ..model.checkpoint import load
    from .simulate import measure

    loaded, tables = load(path), export(path)
    if data is None and loaded.recipe.data == "digits":
        data = "digits"
    measured = measure(tables, data, None, None, update) if data else None
    tables.save(target)
    return {
        "tables": tables.sha256,
        "path": str(target),
        "data": data,
        "samples": measured["samples"] if measured else None,
        "accuracy_before": loaded.accuracy,
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
