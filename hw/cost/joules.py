"""Joules of additions and of accesses to memories, by a stated table of a stated source.

An estimate of what the table is valid for, and not of an FPGA, whose look-up tables, block RAMs and
wires take several times as much. What the table doesn't have is None, and never guessed.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, kw_only=True)
class EnergyTable:
    """What an operation takes.

    Attributes
    ----------
    name, source
        What it is called here, and where the numbers are from.
    valid_for
        What they are of.
    additions
        Joules of an addition by the bits of its integers.
    access_bits
        Bits of a word of the memories.
    accesses
        Joules of an access by the bytes of the memory.
    """

    name: str
    source: str
    valid_for: str
    additions: dict[int, float]
    access_bits: int
    accesses: dict[int, float]

    def addition(self, bits: int) -> float | None:
        """Return the joules of an addition of integers of a width.

        They are those of the narrowest adder of the table that is as wide, without any scaling, or
        None where none is.
        """
        return _next(self.additions, bits)

    def access(self, word_bits: int, words: int) -> float | None:
        """Return the joules of reading or writing a word of a memory.

        They are those of the smallest memory of the table that holds as much, scaled by the bits of
        the word, or None where none does.
        """
        found = _next(self.accesses, -(-word_bits * words // 8))
        return None if found is None else found * word_bits / self.access_bits


@dataclass(frozen=True, kw_only=True)
class Joules:
    """An estimate by a stated table.

    Attributes
    ----------
    table
        Which.
    items
        Joules a sample of 'additions', and of the accesses to each kind of memory.
    left_out
        What the table has no number for.
    """

    table: EnergyTable
    items: dict[str, float]
    left_out: tuple[str, ...]

    @property
    def total(self) -> float:
        """Of all items."""
        return sum(self.items.values())

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return {
            "estimate": True,
            "table": self.table.name,
            "source": self.table.source,
            "valid_for": self.table.valid_for,
            "joules_per_sample": self.total,
            "items": [{"item": name, "joules": joules} for name, joules in self.items.items()],
            "left_out": list(self.left_out),
        }


def _next(known: dict[int, float], size: int) -> float | None:
    """Return the value of the smallest size that is as large, or None."""
    return next((value for each, value in sorted(known.items()) if each >= size), None)


def read(path: Path) -> dict[str, EnergyTable]:
    """Return the tables of a file by their names."""
    return {
        name: EnergyTable(
            name=name,
            source=table["source"],
            valid_for=table["valid_for"],
            additions={int(bits): pj * 1e-12 for bits, pj in table["addition_pj"].items()},
            access_bits=table["access_bits"],
            accesses={int(size): pj * 1e-12 for size, pj in table["access_pj"].items()},
        )
        for name, table in tomllib.loads(path.read_text(encoding="utf-8")).items()
    }


ENERGY_TABLE = read(PATH)["horowitz-2014"]
