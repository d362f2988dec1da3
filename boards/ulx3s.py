"""ULX3S with an ECP5 LFE5U at 25 MHz, in four sizes, and an FT231X for its UART and its JTAG.

The smallest die has less room to place a design well, so its clock is a little slower.
"""

from functools import partial
from typing import Any

from .board import Board
from .ecp5 import LFE5U_85F, ecp5


def _platform(size: str) -> Any:
    from amaranth_boards import ulx3s

    return getattr(ulx3s, f"ULX3S_{size}_Platform")()


_ulx3s = partial(
    Board,
    oscillator="clk25",
    oscillator_hz=25_000_000,
    word_bits=32,
    queue_words=513,
    loader=("--board", "ulx3s"),
    flasher=("--board", "ulx3s", "--write-flash"),
)

ULX3S_12F = _ulx3s(
    name="ulx3s-12f",
    title="ULX3S-12F",
    family=ecp5("12F", "BG381", 6),
    clock_hz=90_000_000,
    platform=partial(_platform, "12F"),
)
ULX3S_25F = _ulx3s(
    name="ulx3s-25f",
    title="ULX3S-25F",
    family=ecp5("25F", "BG381", 6),
    clock_hz=90_000_000,
    platform=partial(_platform, "25F"),
)
ULX3S_45F = _ulx3s(
    name="ulx3s-45f",
    title="ULX3S-45F",
    family=ecp5("45F", "BG381", 6),
    clock_hz=100_000_000,
    platform=partial(_platform, "45F"),
)
ULX3S_85F = _ulx3s(
    name="ulx3s-85f",
    title="ULX3S-85F",
    family=LFE5U_85F,
    clock_hz=100_000_000,
    platform=partial(_platform, "85F"),
)
