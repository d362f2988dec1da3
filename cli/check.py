"""`somagate check`: what tables hold, layer by layer, and whether the hardware takes them."""

import somagate as sg
import typer

from .options import Json, TablesFile
from .output import NO, existing, show, verb


def check(tables: TablesFile, json: Json = False) -> None:
    """Say of each layer whether the hardware supports it, its bits, its memory, its dead channels.

    Exits with 1 if the hardware does not support a layer; each reason comes with the way out.
    """
    with verb(json):
        result = sg.check(sg.load(existing(tables, ".safetensors")))
    show(result, json)
    if not result.supported:
        raise typer.Exit(NO)
