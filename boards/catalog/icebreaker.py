"""iCEBreaker: an iCE40UP5K at 12 MHz, with an FT2232 for its UART and its configuration flash."""

from typing import Any

from ..board import Board
from ..families.ice40 import ICE40UP5K


def _platform() -> Any:
    from amaranth_boards.icebreaker import ICEBreakerPlatform

    return ICEBreakerPlatform()


ICEBREAKER = Board(
    name="icebreaker",
    title="iCEBreaker",
    family=ICE40UP5K,
    oscillator="clk12",
    oscillator_hz=12_000_000,
    clock_hz=24_000_000,
    word_bits=16,
    buffer_bytes=512,
    platform=_platform,
    loader=("--board", "ice40_generic"),
    flasher=("--board", "ice40_generic"),
)
