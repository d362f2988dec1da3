"""Where a memory lies on a part: in block RAM, large RAM, look-up tables or flip-flops."""

from dataclasses import dataclass

from ..plan.widths import parts
from .memories import StoredMemory
from .memory_mapping import map_memory
from .part import Part


@dataclass(frozen=True, kw_only=True)
class PlacedMemory:
    """One memory on a part.

    Attributes
    ----------
    stage
        Its stage, or None where it is the accelerator's or the board's.
    stored
        What it is.
    kind
        'block', 'large', 'distributed' (in look-up tables) or 'logic' (flip-flops, or tables of
        constants).
    cell
        What the netlist calls its RAMs.
    block_rams, large_rams
        How many block RAMs, and large ones, it takes.
    """

    stage: int | None
    stored: StoredMemory
    kind: str
    cell: str
    block_rams: int
    large_rams: int = 0


def large_rows(stored: StoredMemory, part: Part) -> int:
    """Return how many large RAMs share out a memory's words; 0 where it lies in none."""
    count, words, _ = part.large_rams
    return parts(stored.words, words) if stored.large and count else 0


def place(stage: int | None, stored: StoredMemory, part: Part) -> PlacedMemory:
    """Return what becomes of a memory and of all of its slices."""
    if rows := large_rows(stored, part):
        large = rows * sum(parts(width, part.large_rams[2]) for width in stored.slices)
        return PlacedMemory(
            stage=stage, stored=stored, kind="large", cell="SB_SPRAM256KA", block_rams=0,
            large_rams=large,
        )  # fmt: skip
    mapped = [
        map_memory(
            part,
            width=width,
            depth=stored.words,
            written=stored.written,
            block=stored.block,
            checked=False,
        )
        for width in stored.slices
    ]
    return PlacedMemory(
        stage=stage,
        stored=stored,
        kind=mapped[0].kind if mapped else "logic",
        cell=mapped[0].cell if mapped else "",
        block_rams=sum(m.units for m in mapped if m.kind == "block"),
    )
