"""`somagate inspect`: a page to look into traces, on this machine alone."""

from pathlib import Path
from typing import Annotated

import somagate as sg
import typer

from .options import Json, NoBrowser, Port
from .output import NO, existing, serving, show, verb


def inspect(
    trace: Annotated[
        Path,
        typer.Argument(metavar="TRACE", help="The file that `simulate`, `verify` or `run` kept."),
    ],
    other: Annotated[
        Path | None,
        typer.Argument(metavar="[TRACE]", help="Another one of the same run, to compare with."),
    ] = None,
    tables: Annotated[
        Path | None, typer.Option(metavar="TABLES", help="The tables that ran; needed.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATA", help="The samples that ran, where the traces hold no input themselves."
        ),
    ] = None,
    waves: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The waveform that `verify` wrote, to draw beside it."),
    ] = None,
    port: Port = None,
    no_browser: NoBrowser = False,
    json: Json = False,
) -> None:
    """Look into traces: rasters, maps, one neuron's life, the way back from a difference.

    The page is served on this machine alone, under an address with a secret token, until Ctrl-C.
    With --json the difference and the way back are printed, and nothing is served. Exits with 1
    where two traces differ.
    """
    with verb(json):
        if tables is None:
            raise ValueError("--tables must name the tables that ran, not be left out")
        if json and (port is not None or no_browser):
            alone = "--no-browser" if no_browser else "--port"
            raise ValueError(f"{alone} must be left out with --json, which serves no page")
        if waves is not None:
            existing(waves, ".gtkw")
        loaded = sg.load(existing(tables, ".safetensors"))
        first = sg.Trace.load(existing(trace, ".safetensors"))
        files = [trace] if other is None else [trace, existing(other, ".safetensors")]
        samples = None
        if data is not None:
            samples = sg.samples(loaded, data)[first.first : first.first + len(first.output)]
        found = sg.inspect(
            first, other, tables=loaded, x=samples, waves=waves,
            names=[file.name.removesuffix(".safetensors") for file in files],
        )  # fmt: skip
        show(found, json)
        if not json:
            serving(found.serve(port or 0), browser=not no_browser)
    if found.difference is not None:
        raise typer.Exit(NO)
