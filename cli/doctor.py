"""`somagate doctor`: which tools are here, and how to get the others."""

import somagate as sg
import typer

from .options import Json
from .output import NO, show, verb


def doctor(json: Json = False) -> None:
    """Find every tool, native or wheel, with its version and the line that installs it.

    Exits with 1 if a verb lacks a tool.
    """
    with verb(json):
        result = sg.doctor()
    show(result, json)
    if not result.ready:
        raise typer.Exit(NO)
