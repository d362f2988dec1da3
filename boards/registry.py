"""Every board by its name."""

from .colorlight_5a75b import COLORLIGHT_5A75B
from .icebreaker import ICEBREAKER
from .icesugar_pro import ICESUGAR_PRO
from .orangecrab import ORANGECRAB
from .tang_nano import TANG_NANO_9K, TANG_NANO_20K
from .ulx3s import ULX3S_12F, ULX3S_25F, ULX3S_45F, ULX3S_85F

BOARDS = {
    board.name: board
    for board in (
        ICEBREAKER,
        ULX3S_12F,
        ULX3S_25F,
        ULX3S_45F,
        ULX3S_85F,
        ORANGECRAB,
        COLORLIGHT_5A75B,
        ICESUGAR_PRO,
        TANG_NANO_9K,
        TANG_NANO_20K,
    )
}
