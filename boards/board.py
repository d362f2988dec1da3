"""What a board is to us: a device, a clock, a serial line, two lights, a loader."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .families.family import Family


@dataclass(frozen=True, kw_only=True)
class Board:
    """One board.

    Attributes
    ----------
    name
        As on the command line.
    title
        As in the manual.
    family
        Its device and tools.
    oscillator
        The name of its clock among the platform's resources.
    oscillator_hz
        The frequency of that.
    clock_hz
        The gateware's clock unless a build says otherwise, in Hz.
    word_bits
        The width of `Accelerator.input` that suits its memories.
    buffer_bytes
        Of the frames that wait on the serial line: one block RAM.
    platform
        Returns amaranth-boards' platform, with the pins of 'uart' and 'led'.
    loader, flasher
        openFPGALoader's arguments that write a bitstream to the board, until its power goes, and
        for good; the same where a board only has the latter.
    """

    name: str
    title: str
    family: Family
    oscillator: str
    oscillator_hz: int
    clock_hz: int
    word_bits: int
    buffer_bytes: int
    platform: Callable[[], Any]
    loader: tuple[str, ...]
    flasher: tuple[str, ...]
