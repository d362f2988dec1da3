"""Sipeed's Tang Nano 9K and 20K at 27 MHz, each with a BL702 or BL616 for its UART and its JTAG."""

from functools import partial
from typing import Any

from ..board import Board
from ..families.gowin import GW1NR_9C, GW2AR_18C


def _platform(device: str, die: str, clock: str, rx: str, tx: str, lights: str) -> Any:
    from amaranth.build import Attrs, Clock, Pins, Resource
    from amaranth.vendor import GowinPlatform
    from amaranth_boards.resources import LEDResources, UARTResource

    class Platform(GowinPlatform):
        part, family = device, die
        levels = Attrs(IO_TYPE="LVCMOS33")
        resources = [
            Resource("clk27", 0, Pins(clock, dir="i"), Clock(27_000_000), levels),
            UARTResource(0, rx=rx, tx=tx, attrs=levels),
            *LEDResources(pins=lights, invert=True, attrs=levels),
        ]
        connectors: list[Any] = []

    return Platform()


_tang_nano = partial(
    Board,
    oscillator="clk27",
    oscillator_hz=27_000_000,
    word_bits=32,
    buffer_bytes=2048,
)
TANG_NANO_9K = _tang_nano(
    name="tang-nano-9k",
    title="Tang Nano 9K",
    family=GW1NR_9C,
    clock_hz=54_000_000,
    platform=partial(_platform, GW1NR_9C.device, "GW1NR-9C", "52", "18", "17", "10 11"),
    loader=("--board", "tangnano9k"),
    flasher=("--board", "tangnano9k", "--write-flash"),
)
TANG_NANO_20K = _tang_nano(
    name="tang-nano-20k",
    title="Tang Nano 20K",
    family=GW2AR_18C,
    clock_hz=108_000_000,
    platform=partial(_platform, GW2AR_18C.device, "GW2AR-18C", "4", "70", "69", "15 16"),
    loader=("--board", "tangnano20k"),
    flasher=("--board", "tangnano20k", "--write-flash"),
)
