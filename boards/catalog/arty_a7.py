"""Digilent's Arty A7-35T, an Artix-7 at 100 MHz, with an FT2232 for its UART and its JTAG."""

from functools import partial

from ..board import Board
from ..families.xilinx7 import vivado_platform, xilinx7

ARTY_A7 = Board(
    name="arty-a7",
    title="Arty A7-35T",
    family=xilinx7("xc7a35t", "xc7a35ticsg324-1L"),
    oscillator="clk100",
    oscillator_hz=100_000_000,
    clock_hz=100_000_000,
    word_bits=32,
    buffer_bytes=2048,
    platform=partial(
        vivado_platform, ("xc7a35ti", "csg324", "1L"), clock="E3", uart="A9 D10", lights="H5 J5"
    ),
    loader=("--board", "arty_a7_35t"),
    flasher=("--board", "arty_a7_35t", "--write-flash"),
)
