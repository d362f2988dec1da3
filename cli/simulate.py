"""`somagate simulate`: the golden accuracy and activity of tables."""

from pathlib import Path
from typing import Annotated

import somagate as sg
import typer

from .options import Data, Force, Json, Samples, TablesFile
from .output import existing, progress, show, verb, writable


def simulate(
    tables: TablesFile,
    data: Data = "digits",
    samples: Samples = None,
    trace: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep every spike and potential in this file."),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Run tables on test samples in the golden simulator: accuracy and activity.

    The golden simulator defines what the integers mean; the hardware does exactly the same.
    """
    with verb(json):
        if trace:
            writable(trace, force, "--trace")
        with progress("simulating", "samples") as update:
            loaded = sg.load(existing(tables, ".safetensors"))
            result = sg.measure(
                loaded, sg.samples(loaded, data, samples), progress=update,
                trace=str(trace) if trace else None, overwrite=force,
            )  # fmt: skip
    show(result, json)
