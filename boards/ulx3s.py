"""ULX3S with an ECP5 LFE5U-85F at 25 MHz, and an FT231X for its UART and its JTAG."""

from typing import Any

from .board import Board
from .ecp5 import LFE5U_85F


def _platform() -> Any:
    from amaranth_boards.ulx3s import ULX3S_85F_Platform

    return ULX3S_85F_Platform()


ULX3S_85F = Board(
    name="ulx3s-85f",
    title="ULX3S-85F",
    family=LFE5U_85F,
    oscillator="clk25",
    oscillator_hz=25_000_000,
    clock_hz=100_000_000,
    word_bits=32,
    queue_words=513,
    platform=_platform,
    loader=("--board", "ulx3s"),
    flasher=("--board", "ulx3s", "--write-flash"),
)
