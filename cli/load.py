"""`somagate load`: other tables into a bitstream that is running."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import somagate as sg
import typer
from rich.console import RenderableType

from ..shown import Shown
from .options import Json, LineBaud, TablesFile
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
    baud: LineBaud = None,
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
    show(result, json)


@dataclass(frozen=True, kw_only=True)
class Loaded(Shown):
    """What a board says of itself after tables were loaded.

    Attributes
    ----------
    tables, shape
        The hash of the tables that it runs, and of its accelerator's shape.
    accelerator
        The hash of the tables that it was built from.
    port
        Where it is.
    """

    tables: str
    accelerator: str
    shape: str
    port: str

    def shown(self) -> list[RenderableType]:
        """Return what the board runs."""
        return [f"The board on {self.port} runs tables {self.tables[:12]}"]

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return asdict(self)


def send(path: Path, port: str, folder: Path, baud: int | None, update: Update) -> Loaded:
    """Load, and return what the board then says of itself."""
    with sg.Device(port, folder, baud=baud) as device:
        accelerator = device.tables.sha256
        device.load(sg.load(path), progress=update)
        found = device.identify()
    return Loaded(tables=found.tables, accelerator=accelerator, shape=found.shape, port=port)
