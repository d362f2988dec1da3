"""The memories of a stage: the one place that says their names, sizes, contents and who fills them.

A memory that is *loaded* is written through the configuration stream, `SLICE_BITS` at a time; one
that is *at work* is written by the stage itself. All others hold their contents from the start.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from .stage_plan import StagePlan
from .weight_rows import pack, weight_code
from .widths import parts

SLICE_BITS = 32
"""What is written at a time into a memory that is loaded: each slice is a memory of its own."""
_FEW_WORDS = 4
"""Words of parameters that look-up tables hold better than a block RAM does."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Memory:
    """One memory of a stage.

    Attributes
    ----------
    name
        In the memory map: 'maps', 'flags', 'weights_4' or, of several banks, 'weights_4_0',
        'parameters', 'potentials_3', 'synaptic_3', 'currents'.
    words
        That are used.
    word_bits
        Width of a word.
    depth
        Words that are built, 2 at least; of banks, as many as of the largest.
    filled
        'start', 'load' or 'work': by whom; see above.
    style
        'auto'; 'block' for a block RAM also where logic is cheaper; 'spram' for a RAM with one port
        that holds nothing at the start.
    contents
        Packs the words, lowest address first; None where the stage writes them at work.
    """

    name: str
    words: int
    word_bits: int
    depth: int
    filled: Literal["start", "load", "work"]
    style: Literal["auto", "block", "spram"] = "auto"
    contents: Callable[[], list[int]] | None = None

    @property
    def slice_bits(self) -> int:
        """Bits that are written at a time; 0 is the whole word."""
        return SLICE_BITS if self.filled == "load" else 0

    @property
    def init(self) -> list[int]:
        """Words that are there from the start."""
        return [] if self.contents is None or self.style == "spram" else self.contents()


def memories(plan: StagePlan) -> list[Memory]:
    """Return the memories of a stage, in the order of the memory map."""
    found = [maps(plan), *([flags(plan)] if plan.shape.flags else [])]
    found += [
        weights(plan, bits, bank) for bits in plan.weight_depths for bank in range(plan.banks)
    ]
    found += [parameters(plan), *(potentials(plan, bits) for bits in plan.state_words)]
    found += [synaptic(plan, bits) for bits in plan.current_words]
    return [*found, currents(plan)] if plan.held else found


def maps(plan: StagePlan) -> Memory:
    """Return the memory of the maps that the stage reads."""
    return _at_work("maps", plan.map_words, plan.word_bits)


def flags(plan: StagePlan) -> Memory:
    """Return the memory that says which words of the maps hold a spike.

    A row has the flag of the word at the same address, lowest, and those of the words before it in
    its plane, as many as are looked at at a time.
    """
    memory = _at_work("flags", plan.map_words, plan.shape.flags)
    return replace(memory, style="block")


def weights(plan: StagePlan, bits: int, bank: int) -> Memory:
    """Return a bank's memory of the weights of a width."""
    rows = plan.weight_depths[bits]
    return Memory(
        name=f"weights_{bits}_{bank}" if plan.banks > 1 else f"weights_{bits}",
        words=len(range(bank, rows, plan.banks)),
        word_bits=plan.lanes * bits,
        depth=max(2, parts(rows, plan.banks)),
        filled="load" if plan.weights_load else "start",
        style="spram" if plan.shape.weight_memory == "spram" else "auto",
        contents=partial(packed_rows, plan, bits, bank),
    )


def packed_rows(plan: StagePlan, bits: int, bank: int | None = None) -> list[int]:
    """Return the weight rows of a width as words, those of a bank or all."""
    rows = plan.weights[bits]
    if bank is not None:
        rows = rows[bank :: plan.banks]
    return [pack(row, bits) for row in weight_code(rows, bits).tolist()]


def parameters(plan: StagePlan) -> Memory:
    """Return the memory of what the update knows of each channel; a word is one chunk."""
    words = sum(descriptor.chunks for descriptor in plan.descriptors)
    return Memory(
        name="parameters",
        words=words,
        word_bits=plan.update_lanes * plan.parameter_bits,
        depth=max(2, words),
        filled="load" if plan.loadable else "start",
        style="auto" if words <= _FEW_WORDS else "block",
        contents=lambda: plan.parameter_words,
    )


def potentials(plan: StagePlan, bits: int) -> Memory:
    """Return the memory of the potentials of a width; a word is one chunk."""
    return _at_work(f"potentials_{bits}", plan.state_words[bits], plan.update_lanes * bits)


def synaptic(plan: StagePlan, bits: int) -> Memory:
    """Return the memory of the synaptic currents of a width; a word is one chunk."""
    return _at_work(f"synaptic_{bits}", plan.current_words[bits], plan.update_lanes * bits)


def currents(plan: StagePlan) -> Memory:
    """Return the memory of the sums that are the same in every step; a word is one chunk."""
    return _at_work("currents", plan.held_words, plan.update_lanes * plan.accumulator_bits)


def _at_work(name: str, words: int, word_bits: int) -> Memory:
    return Memory(name=name, words=words, word_bits=word_bits, depth=max(2, words), filled="work")
