"""What can be loaded at run time: the memories of an accelerator, and the stream that fills them.

The stream is a list of memories in any order, between inferences. A memory is one word with its
number in bits 24…31 and the address of its last row in bits 0…23, and then all of its rows from
that one down to row 0, 32 bits a word, lowest first. Memory `END`, of one row of one word, ends the
list; its word is for whoever carries the stream, a checksum say.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .memories import SLICE_BITS, memories
from .stage_plan import StagePlan
from .widths import bits_of, parts

WORD_BITS = SLICE_BITS
"""Of a word of the stream, which is written at once into a memory."""
ADDRESS_BITS = 24
END = 255
"""The number of no memory: it ends the stream."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One memory that can be loaded.

    Attributes
    ----------
    name
        Of the memory in its stage, as in the memory map; or 'groups'.
    width, depth
        Bits of a row, rows.
    """

    name: str
    width: int
    depth: int

    @property
    def words(self) -> int:
        """Words of the stream for a row's data."""
        return parts(self.width, WORD_BITS)

    @property
    def address_bits(self) -> int:
        """Width of a row's address."""
        return bits_of(self.depth)


IDENTITY = Target(name="identity", width=8, depth=32)
"""The SHA-256 of the tables that are loaded, a byte a row."""


def targets(plan: StagePlan) -> list[Target]:
    """Return the memories of a stage that can be loaded, in the order of their numbers.

    Only its weights where the plan is not loadable, and they lie in a memory that has to be. The
    rows of 'groups' hold a bit a lane group that is skipped, and the last one the time steps less
    one.
    """
    found = [
        Target(name=memory.name, width=memory.word_bits, depth=memory.depth)
        for memory in memories(plan)
        if memory.filled == "load"
    ]
    if not plan.loadable:
        return found
    return [*found, groups_target(plan)]


def groups_target(plan: StagePlan) -> Target:
    """Return what holds the skipped lane groups and the time steps of a loadable stage."""
    groups = sum(descriptor.groups for descriptor in plan.descriptors)
    return Target(name="groups", width=WORD_BITS, depth=1 + parts(groups, WORD_BITS))


def memory_words(number: int, target: Target, rows: Sequence[int]) -> list[int]:
    """Return the rows of memory `number` as words of the stream; those that are missing are 0."""
    mask = (1 << WORD_BITS) - 1
    spare = target.depth - len(rows)
    found = [number << ADDRESS_BITS | target.depth - 1] + [0] * (spare * target.words)
    for row in reversed(rows):
        found += [row >> WORD_BITS * i & mask for i in range(target.words)]
    return found
