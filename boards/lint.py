"""What a netlist must not have, though every tool takes it: it would fail on silicon.

Each rule is a fault that simulation doesn't show. A design of ours has none of them, so a finding
is an error, and names the cell.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

Cells = Mapping[str, Mapping[str, Any]]
"""Cells by name, as Yosys writes them."""

CLOCKS = {
    "SB_DFF": ("C",),
    "SB_RAM40_4K": ("RCLK", "WCLK"),
    "SB_SPRAM256KA": ("CLOCK",),
    "SB_MAC16": ("CLK",),
    "TRELLIS_FF": ("CLK",),
    "TRELLIS_DPR16X4": ("WCK",),
    "DP16KD": ("CLKA", "CLKB"),
    "PDPW16KD": ("CLKR", "CLKW"),
    "DFF": ("CLK",),
    "SDPB": ("CLKA", "CLKB"),
    "SDPX9B": ("CLKA", "CLKB"),
    "RAM16SDP4": ("CLK",),
    "FD": ("C",),
    "SRL": ("CLK",),
    "RAMB": ("CLKARDCLK", "CLKBWRCLK"),
    "RAM32M": ("WCLK",),
    "RAM64M": ("WCLK",),
}
"""Clock pins of what holds a state, by the beginning of the cell's type."""
RESETS = {"DP16KD": ("RSTA", "RSTB"), "PDPW16KD": ("RST",)}
"""Reset pins of block RAM that reads zero on silicon once logic drives them."""
LATCHES = ("$dlatch", "$adlatch", "$dlatchsr")
MOST_BITS = 512
"""Of a written memory in flip-flops, beside registers that are meant to be some."""


def faults(cells: Cells, latches: Cells, unmapped: Cells) -> list[str]:
    """Return a sentence for each fault of a netlist, with its cell's name.

    Parameters
    ----------
    cells
        Of the netlist after synthesis.
    latches
        Those of `LATCHES`, before they were mapped to gates.
    unmapped
        Memories, `$mem_v2`, that no memory of the device took.
    """
    return [
        *(f"{name} is a latch: some value isn't assigned in every case" for name in latches),
        *_resets(cells),
        *_flip_flops(unmapped),
        *_clocks(cells),
    ]


def _resets(cells: Cells) -> list[str]:
    """Find block RAMs whose outputs are reset by logic."""
    return [
        f"{name}, a {cell['type']}, has its pin {pin} driven by logic: its outputs read zero on "
        "silicon then; reset what comes behind it"
        for name, cell in cells.items()
        for pin in RESETS.get(cell["type"], ())
        if any(not isinstance(bit, str) for bit in cell["connections"].get(pin, ()))
    ]


def _flip_flops(unmapped: Cells) -> list[str]:
    """Find memories that are written and large, and became flip-flops."""
    found = []
    for name, cell in unmapped.items():
        words, bits, ports = (
            int(cell["parameters"][key], 2) for key in ("SIZE", "WIDTH", "WR_PORTS")
        )
        if ports and words * bits > MOST_BITS:
            found.append(
                f"{name}, a memory of {words} words of {bits} bits that is written, became "
                "flip-flops: no memory of the device reads and writes as it does"
            )
    return found


def _clocks(cells: Cells) -> list[str]:
    """Find cells that are clocked by another net than most."""
    # Gowin's netlists have cells that drive constants; a constant clocks nothing.
    constants = {
        bit
        for cell in cells.values()
        if cell["type"] in ("GND", "VCC")
        for bits in cell["connections"].values()
        for bit in bits
    }
    users: dict[Any, list[str]] = defaultdict(list)
    for name, cell in cells.items():
        kind = next((kind for kind in CLOCKS if cell["type"].startswith(kind)), None)
        for pin in CLOCKS[kind] if kind else ():
            for bit in cell["connections"].get(pin, ()):
                if not isinstance(bit, str) and bit not in constants:
                    users[bit].append(name)
    most = max(users, key=lambda bit: len(users[bit]), default=None)
    return [
        f"{names[0]} is clocked by another net than most cells, and nothing synchronizes the two"
        for bit, names in users.items()
        if bit != most
    ]
