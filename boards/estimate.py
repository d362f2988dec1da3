"""What a plan takes of a board: the accelerator, and the serial line around it."""

from dataclasses import replace

from ..hw.coefficients import COEFFICIENTS
from ..hw.mapping import map_memory
from ..hw.plan import Plan
from ..hw.resources import PlacedMemory, Resources, Usage, resources
from ..hw.stored import StoredMemory
from ..hw.terms import bits_of
from .board import Board


def estimate(plan: Plan, board: Board) -> Resources:
    """Return what a plan takes of a board's part, with what `somagate.boards.top` adds."""
    part = board.family.part
    terms = {"word": plan.word_bits, "address": bits_of(board.queue_words), "one": 1}
    known = COEFFICIENTS[part.family]["top"]
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
        board=Usage(
            logic=sum(known[name][0] * value for name, value in terms.items() if name in known),
            flip_flops=sum(
                known[name][1] * value for name, value in terms.items() if name in known
            ),
        ),
    )
