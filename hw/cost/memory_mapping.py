"""What synthesis makes of a memory: block RAM, RAM in look-up tables, or flip-flops.

Yosys' `memory_libmap` tries every RAM of the family at every width of its words and takes what
costs least; the counting here is the same. All memories of the accelerator have one read port with
a register and at most one write port, of the same width.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ..plan.widths import parts
from .part import Part, Ram

MUX, EMULATION = 0.5, 2.0
"""Yosys' costs of a bit of a multiplexer, and of a point of emulation."""


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """A memory on a part.

    Attributes
    ----------
    kind
        'block', 'distributed' or 'logic'.
    cell
        Of the netlist, '' in logic.
    cells
        How many; 0 in logic.
    units
        Block RAMs, or look-up tables of distributed RAM.
    rows
        RAMs that share out the words; above 1 a multiplexer joins their outputs.
    reads_old
        Registers and multiplexers make a word that is written just now read as the old one.
    """

    kind: Literal["block", "distributed", "logic"]
    cell: str
    cells: int
    units: int
    rows: int
    reads_old: bool


@lru_cache(maxsize=65536)
def map_memory(
    part: Part, *, width: int, depth: int, written: bool, block: bool = False, checked: bool = True
) -> Mapped:
    """Return what a memory becomes.

    Parameters
    ----------
    width, depth
        Bits of a word that aren't the same in all words, or are written; words.
    written
        It has a write port.
    block
        Asked to be in block RAM whatever it costs.
    checked
        A word that is read while it is written must read as the old one.
    """
    best: Mapped | None = None
    least = int(width * depth * (1 if written else part.rom_cost))
    if not block:
        best = Mapped(kind="logic", cell="", cells=0, units=0, rows=1, reads_old=False)
    for kind in ("distributed", "block"):
        if kind == "distributed" and (block or not written):
            continue
        found = [
            _geometry(ram, width, depth, written, checked) for ram in part.rams if ram.kind == kind
        ]
        if found:
            cost, mapped = min(found, key=lambda pair: pair[0])
            if best is None or cost < least:
                least, best = int(cost), mapped
    assert best is not None, f"{part.name} has no block RAM"
    return best


def _geometry(
    ram: Ram, width: int, depth: int, written: bool, checked: bool
) -> tuple[float, Mapped]:
    """Return the least cost of a memory in one kind of RAM, and what it is then."""
    emulated = (ram.emulated if written and checked else 0) + 1
    best: tuple[float, Mapped] | None = None
    for step, bits in enumerate(ram.widths):
        rows = parts(depth, 1 << (ram.address_bits - step))
        byte = min(ram.byte or bits, bits) if written else 1
        cells = parts(rows * parts(width, byte) * byte, bits)
        cost = (
            (ram.cost - ram.scaled) * cells
            + ram.scaled * (rows * width / bits)
            + MUX * (rows - 1) * width
            + (MUX * rows if written and rows > 1 else 0)
            + EMULATION * emulated
        )
        mapped = Mapped(
            kind=ram.kind,
            cell=ram.cell,
            cells=cells,
            units=cells * ram.units,
            rows=rows,
            reads_old=emulated > 1,
        )
        # Yosys compares with the best one so far rounded down.
        if best is None or cost < int(best[0]):
            best = cost, mapped
    assert best is not None
    return best
