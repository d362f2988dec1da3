"""OrangeCrab r0.2 with an ECP5 LFE5U-25F at 48 MHz, programmed by its bootloader on USB.

It has no serial chip. Its UART is on the header: the pin named 0 receives and the one named 1
sends, at 3.3 V. Of its coloured light, red says that input was lost and green that it is busy.
"""

from typing import Any

from ..board import Board
from ..families.ecp5 import ecp5


def _platform() -> Any:
    from amaranth.build import Attrs
    from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_25FPlatform
    from amaranth_boards.resources import LEDResources, UARTResource

    platform = OrangeCrabR0_2_25FPlatform()
    levels = Attrs(IO_TYPE="LVCMOS33")
    platform.add_resources(
        [
            UARTResource(0, rx="0", tx="1", conn=("io", 0), attrs=levels),
            *LEDResources(pins="K4 M3", invert=True, attrs=levels),
        ]
    )
    return platform


ORANGECRAB = Board(
    name="orangecrab",
    title="OrangeCrab",
    family=ecp5("25F", "MG285", 8),
    oscillator="clk",
    oscillator_hz=48_000_000,
    clock_hz=100_000_000,
    word_bits=32,
    buffer_bytes=2048,
    platform=_platform,
    loader=("--board", "orangeCrab"),
    flasher=("--board", "orangeCrab"),
)
