"""`somagate ports`: the serial ports of this machine that a board can be on."""

from dataclasses import asdict
from typing import Any

from rich.console import RenderableType

from ..shown import Shown, grid
from .options import Json
from .output import show, verb


class Ports(Shown):
    """The serial ports of this machine."""

    def __init__(self) -> None:
        from ..host.line import ports

        self.found = ports()

    def shown(self) -> list[RenderableType]:
        """Return a table with a row a port."""
        if not self.found:
            return ["No board is plugged in: no USB adapter has a serial port"]
        table = grid("port", "adapter", "serial number", left=3)
        for port in self.found:
            table.add_row(port.name, port.title, port.serial)
        return [table]

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return {"ports": [asdict(port) for port in self.found]}


def ports(json: Json = False) -> None:
    """List the serial ports of USB adapters; a board's is often the last of its two."""
    with verb(json):
        result = Ports()
    show(result, json)
