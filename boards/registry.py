"""Every board by its name."""

from .icebreaker import ICEBREAKER
from .ulx3s import ULX3S_85F

BOARDS = {board.name: board for board in (ICEBREAKER, ULX3S_85F)}
