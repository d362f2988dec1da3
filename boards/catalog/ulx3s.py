"""ULX3S with an ECP5 LFE5U at 25 MHz, in four sizes, and an FT231X for its UART and its JTAG.

The smallest die has less room to place a design well, so its clock is a little slower.
"""

from functools import partial
from typing import Any

from ..board import Board
from ..families.ecp5 import ecp5


def _platform(size: str) -> Any:
    from amaranth_boards import ulx3s

    return getattr(ulx3s, f"ULX3S_{size}_Platform")()


def _ulx3s(size: str, clock_hz: int) -> Board:
    return Board(
        name=f"ulx3s-{size.lower()}",
        title=f"ULX3S-{size}",
        family=ecp5(size, "BG381", 6),
        oscillator="clk25",
        oscillator_hz=25_000_000,
        clock_hz=clock_hz,
        word_bits=32,
        buffer_bytes=2048,
        platform=partial(_platform, size),
        loader=("--board", "ulx3s"),
        flasher=("--board", "ulx3s", "--write-flash"),
    )


ULX3S_12F = _ulx3s("12F", 90_000_000)
ULX3S_25F = _ulx3s("25F", 90_000_000)
ULX3S_45F = _ulx3s("45F", 100_000_000)
ULX3S_85F = _ulx3s("85F", 100_000_000)
