"""iCESugar-pro with an ECP5 LFE5U-25F at 25 MHz, and an iCELink for its UART and its JTAG.

Of its coloured light, red says that input was lost and green that it is busy.
"""

from typing import Any

from ..board import Board
from ..families.ecp5 import ecp5


def _platform() -> Any:
    from amaranth.build import Attrs
    from amaranth_boards.icesugar_pro import ICESugarProPlatform
    from amaranth_boards.resources import LEDResources

    platform = ICESugarProPlatform()
    platform.add_resources(
        LEDResources(pins="B11 A11", invert=True, attrs=Attrs(IO_TYPE="LVCMOS33"))
    )
    return platform


ICESUGAR_PRO = Board(
    name="icesugar-pro",
    title="iCESugar-pro",
    family=ecp5("25F", "BG256", 6),
    oscillator="clk25",
    oscillator_hz=25_000_000,
    clock_hz=90_000_000,
    word_bits=32,
    buffer_bytes=2048,
    platform=_platform,
    loader=("--cable", "cmsisdap"),
    flasher=("--cable", "cmsisdap", "--write-flash"),
)
