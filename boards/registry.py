"""Every board by its name."""

from .catalog.arty_a7 import ARTY_A7
from .catalog.basys3 import BASYS3
from .catalog.colorlight_5a75b import COLORLIGHT_5A75B
from .catalog.icebreaker import ICEBREAKER
from .catalog.icesugar_pro import ICESUGAR_PRO
from .catalog.orangecrab import ORANGECRAB
from .catalog.tang_nano import TANG_NANO_9K, TANG_NANO_20K
from .catalog.ulx3s import ULX3S_12F, ULX3S_25F, ULX3S_45F, ULX3S_85F

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
        ARTY_A7,
        BASYS3,
    )
}
