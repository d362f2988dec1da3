"""`somagate flash`: a bitstream onto a board."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from ..shown import Shown
from .options import Json
from .output import show, stderr, verb


@dataclass(frozen=True, kw_only=True)
class Flashed(Shown):
    """What was written, and where.

    Attributes
    ----------
    board, bitstream
        The board's name, and the file.
    permanent
        It stays when the power goes.
    """

    board: str
    bitstream: str
    permanent: bool

    def shown(self) -> list[RenderableType]:
        """Return a sentence."""
        stays = "for good" if self.permanent else "until its power goes"
        return [f"The {self.board} runs {self.bitstream}, {stays}"]

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return asdict(self)


def flash(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that `build` wrote.")],
    permanent: Annotated[
        bool, typer.Option("--permanent", help="Keep it when the power goes.")
    ] = False,
    json: Json = False,
) -> None:
    """Write the bitstream of a folder that `build` wrote to the board that it is for.

    The one board of its kind that is plugged in is found by openFPGALoader.
    """
    with verb(json):
        from ..boards.program import built, program

        board, bitstream = built(folder)
        with stderr().status(f"writing to the {board.title}"):
            program(board, bitstream, permanent=permanent)
        result = Flashed(
            board=board.name, bitstream=str(bitstream),
            permanent=permanent or board.loader == board.flasher,
        )  # fmt: skip
    show(result, json)
