"""`somagate export`: a checkpoint in, tables out."""

from pathlib import Path
from typing import Annotated

import somagate as sg
import typer

from .options import Force, Json
from .output import existing, progress, show, verb, writable


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
            result = sg.convert(checkpoint, target, data=data, overwrite=force, progress=update)
    show(result, json)
