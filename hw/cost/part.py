"""What FPGAs have: logic, flip-flops, and the memories that synthesis makes of them."""

from dataclasses import dataclass
from functools import partial
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Ram:
    """One way in which a family keeps a memory, as yosys' `memory_libmap` knows it.

    Attributes
    ----------
    cell
        What the netlist calls it.
    kind
        'block' or 'distributed', in look-up tables.
    address_bits
        Addresses at a width of the first of `widths`, as a power of two.
    widths
        Bits of a word, each with half the words of the one before.
    cost
        What yosys compares; of it, `scaled` is in proportion to the bits used.
    scaled
        See `cost`.
    byte
        Bits that a write can be told to spare; a written memory takes whole ones.
    emulated
        Points for what it lacks: reading, in the cycle of a write to the same word, the old one.
    units
        Block RAMs of `Part.block_rams` that one takes; of a distributed RAM, look-up tables.
    """

    cell: str
    kind: Literal["block", "distributed"]
    address_bits: int
    widths: tuple[int, ...]
    cost: int
    scaled: int = 0
    byte: int = 0
    emulated: int = 6
    units: int = 1


@dataclass(frozen=True, kw_only=True)
class Part:
    """One FPGA.

    Attributes
    ----------
    name
        As a user types it.
    title
        As its maker writes it.
    family
        'ice40', 'ecp5', 'gowin' or 'xilinx': how logic is estimated.
    synthesis
        Yosys' command that the estimate is about.
    logic
        What its logic is counted in.
    logic_cells, flip_flops
        How many it has. On iCE40 a logic cell holds one of the flip-flops.
    block_rams
        How many it has, of `block_ram_bits`.
    block_ram_bits
        Bits of one.
    rams
        The ways to keep a memory, in the order in which yosys tries them.
    rom_cost
        Of a bit of a read-only memory in logic, to compare with `Ram.cost`; that of a written one
        is 1.
    large_rams
        (count, words, bits of a word) of its single-port RAMs without initial contents.
    """

    name: str
    title: str
    family: Literal["ice40", "ecp5", "gowin", "xilinx"]
    synthesis: str
    logic: str
    logic_cells: int
    flip_flops: int
    block_rams: int
    block_ram_bits: int
    rams: tuple[Ram, ...]
    rom_cost: float = 1 / 16
    large_rams: tuple[int, int, int] = (0, 0, 0)


_ICE40 = (
    Ram(cell="SB_RAM40_4K", kind="block", address_bits=11, widths=(2, 4, 8, 16), cost=64, byte=1),
)
_ECP5 = (
    Ram(cell="TRELLIS_DPR16X4", kind="distributed", address_bits=4, widths=(4,), cost=4, units=4,
        emulated=0),
    Ram(cell="DP16KD", kind="block", address_bits=14, widths=(1, 2, 4, 9, 18), cost=128, byte=9),
    Ram(cell="PDPW16KD", kind="block", address_bits=14, widths=(1, 2, 4, 9, 18, 36), cost=128,
        byte=9),
)  # fmt: skip
_GOWIN = (
    Ram(cell="RAM16SDP4", kind="distributed", address_bits=4, widths=(4,), cost=4, scaled=4,
        units=6, emulated=0),
    Ram(cell="DPB", kind="block", address_bits=14, widths=(1, 2, 4, 9, 18), cost=128, byte=9),
    Ram(cell="SDPB", kind="block", address_bits=14, widths=(1, 2, 4, 9, 18, 36), cost=128, byte=9),
)  # fmt: skip
_XILINX = (
    *(
        Ram(cell=cell, kind="distributed", address_bits=bits, widths=(width,), cost=8,
            scaled=scaled, units=4, emulated=0)
        for cell, scaled, shapes in (
            ("RAMDP", 8, ((5, 4), (6, 2), (7, 1))),
            ("RAMM", 7, ((5, 6), (6, 3))),
        )
        for bits, width in shapes
    ),
    Ram(cell="RAMB18E1", kind="block", address_bits=14, widths=(1, 2, 4, 9, 18), cost=129, byte=9,
        emulated=0),
    Ram(cell="RAMB36E1", kind="block", address_bits=15, widths=(1, 2, 4, 9, 18, 36), cost=257,
        byte=9, emulated=0, units=2),
    Ram(cell="RAMB36E1 pair", kind="block", address_bits=16, widths=(1, 2, 4, 9), cost=513, byte=9,
        emulated=0, units=4),
    Ram(cell="RAMB18E1", kind="block", address_bits=14, widths=(1, 2, 4, 9, 18, 36), cost=129,
        byte=9, emulated=0),
    Ram(cell="RAMB36E1", kind="block", address_bits=15, widths=(1, 2, 4, 9, 18, 36, 72), cost=257,
        byte=9, emulated=0, units=2),
)  # fmt: skip


# What all parts of a family have in common.
_ice40 = partial(
    Part,
    family="ice40",
    synthesis="synth_ice40 -device u",
    logic="logic cells",
    block_ram_bits=4 * 1024,
    rams=_ICE40,
)
_ecp5 = partial(
    Part,
    family="ecp5",
    synthesis="synth_ecp5 -nowidelut -nodsp",
    logic="LUT4",
    block_ram_bits=18 * 1024,
    rams=_ECP5,
)
_gowin = partial(
    Part,
    family="gowin",
    logic="LUT4",
    block_ram_bits=18 * 1024,
    rams=_GOWIN,
)
_xilinx = partial(
    Part,
    family="xilinx",
    synthesis="synth_xilinx -family xc7 -flatten -nodsp",
    logic="LUT6",
    block_ram_bits=18 * 1024,
    rams=_XILINX,
    rom_cost=1 / 64,
)

PARTS = {
    part.name: part
    for part in (
        _ice40(name="ice40up5k", title="Lattice iCE40UP5K", logic_cells=5280, flip_flops=5280,
               block_rams=30, large_rams=(4, 16384, 16)),
        _ecp5(name="lfe5u-25f", title="Lattice ECP5 LFE5U-25F", logic_cells=24288,
              flip_flops=24288, block_rams=56),
        # The same die by another name, which the open tools use whole. It follows the larger name,
        # so a way out that names a part names one that every tool uses whole.
        _ecp5(name="lfe5u-12f", title="Lattice ECP5 LFE5U-12F", logic_cells=24288,
              flip_flops=24288, block_rams=56),
        _ecp5(name="lfe5u-45f", title="Lattice ECP5 LFE5U-45F", logic_cells=43848,
              flip_flops=43848, block_rams=108),
        _ecp5(name="lfe5u-85f", title="Lattice ECP5 LFE5U-85F", logic_cells=83640,
              flip_flops=83640, block_rams=208),
        _gowin(name="gw2a-18", title="Gowin GW2A-LV18", logic_cells=20736, flip_flops=15552,
               block_rams=46, synthesis="synth_gowin -family gw2a -nodsp"),
        _gowin(name="gw2ar-18", title="Gowin GW2AR-LV18", logic_cells=20736, flip_flops=15552,
               block_rams=46, synthesis="synth_gowin -family gw2a -nodsp"),
        _gowin(name="gw1nr-9", title="Gowin GW1NR-LV9", logic_cells=8640, flip_flops=6480,
               block_rams=26, synthesis="synth_gowin -family gw1n -nodsp"),
        _xilinx(name="xc7a35t", title="AMD Artix-7 XC7A35T", logic_cells=20800, flip_flops=41600,
                block_rams=100),
    )
}  # fmt: skip
"""Every part by its name; block RAMs of 36 kbit count as two of 18."""
