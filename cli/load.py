"""`somagate load`: other tables into a bitstream that is running."""

from pathlib import Path
from typing import Annotated, Any

import typer

from .options import Json, TablesFile
from .output import Update, existing, progress, show, verb


def load(
    tables: TablesFile,
    port: Annotated[
        str, typer.Option(metavar="P", help="The board's serial port, such as /dev/ttyUSB1.")
    ],
    generated: Annotated[
        Path,
        typer.Option(metavar="DIR", help="The folder that `build` wrote, or `generate`."),
    ],
    baud: Annotated[int, typer.Option(min=1, help="Speed of the serial line.")] = 115200,
    json: Json = False,
) -> None:
    """Load tables into a board, over its serial line.

    Its bitstream must come from a plan that is loadable, or whose weights must be loaded, and the
    tables must have the shape of those it was built from, or a smaller one.
    """
    with verb(json):
        existing(tables, ".safetensors")
        with progress("loading", "bytes") as update:
            result = send(tables, port, generated, baud, update)
    show(result, json, f"The board on {port} runs tables {result['tables'][:12]}")


def send(path: Path, port: str, folder: Path, baud: int, update: Update) -> dict[str, Any]:
    """Load, and return what the board then says of itself."""
    from ..boards.device import Device, connect
    from ..export.tables import Tables
    from ..hw.plan import plan_file

    plan = plan_file.built(folder)
    with Device(connect(port, baud), plan) as device:
        device.load(Tables.load(path), progress=update)
        found = device.identify()
    return {
        "tables": found.tables,
        "accelerator": plan.tables.sha256,
        "shape": found.shape,
        "port": port,
    }
