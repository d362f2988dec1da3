"""Digilent's Basys 3, an Artix-7 at 100 MHz, with an FT2232 for its UART and its JTAG."""

from functools import partial

from ..board import Board
from ..families.xilinx7 import vivado_platform, xilinx7

BASYS3 = Board(
    name="basys3",
    title="Basys 3",
    family=xilinx7("xc7a35t", "xc7a35tcpg236-1"),
    oscillator="clk100",
    oscillator_hz=100_000_000,
    clock_hz=100_000_000,
    word_bits=32,
    buffer_bytes=2048,
    platform=partial(
        vivado_platform, ("xc7a35t", "cpg236", "1"), clock="W5", uart="B18 A18", lights="U16 E19"
    ),
    loader=("--board", "basys3"),
    flasher=("--board", "basys3", "--write-flash"),
)
