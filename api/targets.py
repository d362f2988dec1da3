"""What a design is for: a board, or an FPGA by itself, by its name."""

import difflib
from collections.abc import Sequence

from .boards.board import Board
from .boards.registry import BOARDS
from .hw.cost.part import PARTS, Part

DEFAULT_BOARD = "icebreaker"


def target(board: str | None, part: str | None) -> tuple[Board | None, Part]:
    """Return the board, if it is for one, and the part that are called so."""
    if board is not None and part is not None:
        raise ValueError(f"part must be left out where a board is given, not {part!r}")
    if part is not None:
        return None, PARTS[one_of("part", part, list(PARTS))]
    chosen = BOARDS[one_of("board", DEFAULT_BOARD if board is None else board, sorted(BOARDS))]
    return chosen, chosen.family.part


def suited_board(part: Part) -> Board:
    """Return a board whose word width suits the block RAMs of a part's family."""
    small = part.family == "ice40"
    return next(b for b in BOARDS.values() if (b.family.part.family == "ice40") == small)


def one_of(kind: str, name: str, options: Sequence[str]) -> str:
    """Return `name` if it is one of `options`, or raise suggesting the nearest of them."""
    if name in options:
        return name
    near = difflib.get_close_matches(str(name), options, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{kind} must be one of {', '.join(options)}, not {name!r}{hint}")
