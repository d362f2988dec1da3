"""`somagate export`: a checkpoint in, tables out."""

from pathlib import Path
from typing import Annotated, Any

import typer

from .options import Data, Force, Json
from .output import Update, existing, progress, show, verb, writable


def export(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT", help="The .pt file that `train` wrote.")
    ],
    data: Data = "digits",
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


def convert(path: Path, data: str, target: Path, update: Update) -> dict[str, Any]:
    """Export to `target`, and return the accuracy of the checkpoint and of the tables."""
    from ..export.checkpoint import export
    from ..model.checkpoint import load
    from .simulate import measure

    tables = export(path)
    tables.save(target)
    measured = measure(target, data, None, None, update)
    return {
        "tables": tables.sha256,
        "path": str(target),
        "data": data,
        "samples": measured["samples"],
        "accuracy_before": load(path).accuracy,
        "accuracy_after": measured["accuracy"],
        "findings": tables.thresholds(),
    }


def summary(result: dict[str, Any]) -> str:
    """Return the result as a sentence."""
    return (
        f"{result['accuracy_before']:.2%} right in torch, {result['accuracy_after']:.2%} in "
        f"integers, on {result['samples']} test samples"
    )
