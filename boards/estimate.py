"""What a plan takes of a board: the accelerator, and the serial line around it.

That is `somagate.boards.top`, and `somagate.boards.commands` where something can be loaded;
`benchmarks/resources.py` fits both.
"""

from dataclasses import replace

from ..hw.cost.coefficients import Cells, cells
from ..hw.cost.memories import StoredMemory
from ..hw.cost.memory_mapping import map_memory
from ..hw.cost.placement import PlacedMemory
from ..hw.cost.resources import Resources, resources
from ..hw.plan.plan import Plan
from .board import Board
from .top import CLASSES_MAX, WORD_BITS_MAX


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
    if plan.classes > CLASSES_MAX:
        found.append(
            f"Classes must be at most {CLASSES_MAX} for the answer of a board, not {plan.classes}; "
            "a part by itself takes more"
        )
    return found


def estimate(plan: Plan, board: Board) -> Resources:
    """Return what a plan takes of a board's part, the serial line and its queue included."""
    part = board.family.part
    blocks = [cells(part.family, "top", {"word": plan.word_bits, "one": 1})]
    if plan.configurable:
        blocks.append(cells(part.family, "commands", {"one": 1}))
    stored = StoredMemory(
        name="queue",
        words=board.queue_words - 1,  # one waits behind the memory
        word_bits=plan.word_bits,
        width=plan.word_bits,
        written=True,
    )
    mapped = map_memory(part, width=stored.width, depth=stored.words, written=True)
    queue = PlacedMemory(
        stage=None, stored=stored, kind=mapped.kind, cell=mapped.cell, block_rams=mapped.units
    )
    base = resources(plan, part)
    return replace(
        base,
        memories=(*base.memories, queue),
        board=Cells(
            logic=sum(block.logic for block in blocks),
            flip_flops=sum(block.flip_flops for block in blocks),
        ),
    )
