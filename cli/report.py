"""`somagate report`: one page of what a run left."""

from pathlib import Path
from typing import Annotated

import somagate as sg
import typer

from .options import Force, Json, Samples
from .output import progress, replaceable_file, show, verb


def report(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="A run's folder with its tables, or the tables' file."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The page; default: report.html in the folder."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help="Samples, as elsewhere; default: those of the training, where they are bundled.",
        ),
    ] = None,
    samples: Samples = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write one HTML page of a run: what the network does, and what became of it on an FPGA.

    Accuracy and confusion, each layer's activity, weights and potentials in their bits, cost,
    memories, timing, the agreement of golden and RTL, NeuroBench's metrics: whatever is there. The
    page needs no network and nothing beside it.
    """
    with verb(json):
        from ..reporting import page_of

        page = replaceable_file(page_of(run) if out is None else out, force)
        with progress("measuring", "samples") as update:
            result = sg.report(
                run, page, data=data, samples=samples, overwrite=force, progress=update
            )
    show(result, json)
