"""What a plan takes of a board: the accelerator, and the serial line around it.

That is `somagate.boards.top`; `benchmarks/hardware/resources.py` fits it.
"""

from collections.abc import Iterator
from dataclasses import replace

from ..hw.cost.coefficients import Cells, cells
from ..hw.cost.memories import StoredMemory
from ..hw.cost.placement import place
from ..hw.cost.resources import Resources, resources
from ..hw.plan.plan import Plan
from .board import Board
from .core import WORD_BITS_MAX
from .wire.protocol import PAGE_BYTES, Page
from .wire.sender import MEMORY_BYTES


def limits(plan: Plan) -> list[str]:
    """Return what of a plan the serial line around it can't have, a sentence each.

    A plan without any builds wherever it fits; one with any is refused by `build`.
    """
    found = []
    if plan.word_bits > WORD_BITS_MAX:
        found.append(
            f"Words must have at most {WORD_BITS_MAX} bits on a board's serial line, "
            f"not {plan.word_bits}"
        )
    return found


def _memories(plan: Plan, board: Board) -> Iterator[tuple[str, int, bool, bool]]:
    """Yield the serial line's memories of bytes: name, depth, whether written and asked for."""
    yield "frames", board.buffer_bytes, True, True
    yield "answers", MEMORY_BYTES, True, True
    if not plan.configurable:
        yield "pages", len(Page) * PAGE_BYTES, False, True


def estimate(plan: Plan, board: Board) -> Resources:
    """Return what a plan takes of a board's part, the serial line and its queue included."""
    part = board.family.part
    blocks = [cells(part.family, "top", {"word": plan.word_bits, "one": 1})]
    if plan.configurable:
        blocks.append(cells(part.family, "commands", {"one": 1}))
    memories = [
        place(
            None,
            StoredMemory(
                name=name, words=words, word_bits=8, width=8, written=written, block=block
            ),
            part,
        )
        for name, words, written, block in _memories(plan, board)
    ]
    base = resources(plan, part)
    return replace(
        base,
        memories=(*base.memories, *memories),
        board=Cells(
            logic=sum(block.logic for block in blocks),
            flip_flops=sum(block.flip_flops for block in blocks),
        ),
    )
