"""Colorlight 5A-75B, version 7.0, with an ECP5 LFE5U-25F at 25 MHz, and a cable for its JTAG.

Its UART is on J19: KEY+ receives and DATA_LED- sends, at 3.3 V. It shares those pins with the light
and the button, so the lights are the first two pins of J1, through its drivers of 5 V: the first
says that input was lost, the second that it is busy.
"""

from typing import Any

from ..board import Board
from ..families.ecp5 import ecp5


def _platform() -> Any:
    from amaranth.build import Attrs, Pins, Resource
    from amaranth_boards.colorlight_5a75b_r7_0 import Colorlight_5A75B_R70Platform

    platform = Colorlight_5A75B_R70Platform()
    levels = Attrs(IO_TYPE="LVCMOS33")
    del platform.resources["led", 0]
    platform.add_resources(
        Resource("led", number, Pins(pin, dir="o", conn=("j", 1)), levels)
        for number, pin in enumerate(["1", "2"])
    )
    return platform


COLORLIGHT_5A75B = Board(
    name="colorlight-5a-75b",
    title="Colorlight 5A-75B",
    family=ecp5("25F", "BG256", 6),
    oscillator="clk25",
    oscillator_hz=25_000_000,
    clock_hz=90_000_000,
    word_bits=32,
    buffer_bytes=2048,
    platform=_platform,
    loader=("--board", "colorlight", "--cable", "ft232"),
    flasher=("--board", "colorlight", "--cable", "ft232", "--write-flash"),
)
