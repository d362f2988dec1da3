"""How wide the memories of an accelerator are once synthesis has taken out what is constant.

A bit that is the same in all words of a memory that is never written needs no memory: a lane
that no channel uses, or a parameter that needs fewer bits than its neighbours.
"""

from dataclasses import dataclass

from ..plan import constant_bits
from ..plan.memories import memories, weights
from ..plan.stage_plan import StagePlan


@dataclass(frozen=True, kw_only=True)
class StoredMemory:
    """One memory before it is mapped to a part.

    Attributes
    ----------
    name
        As in the memory map: 'maps', 'flags', 'weights_4_0', 'parameters', 'potentials_3',
        'synaptic_3', 'currents'.
    words, word_bits
        As generated.
    width
        Bits of a word that are no constant.
    written
        It has a write port.
    block
        It asks for block RAM, whatever that costs.
    slice_bits
        Bits that are written by themselves, and so are memories of their own; 0 is the whole word.
    large
        It is in large RAMs, on a part that has any.
    """

    name: str
    words: int
    word_bits: int
    width: int
    written: bool
    block: bool = False
    slice_bits: int = 0
    large: bool = False

    @property
    def slices(self) -> tuple[int, ...]:
        """The widths of the memories that it is made of."""
        if not self.slice_bits:
            return (self.width,) if self.width else ()
        full, rest = divmod(self.width, self.slice_bits)
        return (self.slice_bits,) * full + ((rest,) if rest else ())


def stored_memories(plan: StagePlan) -> list[StoredMemory]:
    """Return the memories of a stage in the order of the memory map, without packing weights."""
    varying = {memory.name: memory.word_bits for memory in memories(plan)}
    if not plan.weights_load:
        for bits in plan.weight_depths:
            for bank in range(plan.banks):
                varying[weights(plan, bits, bank).name] = constant_bits.weight_bits(
                    plan, bits, bank
                )
    if not plan.loadable:
        varying["parameters"] = constant_bits.parameter_bits(plan)
    return [
        StoredMemory(
            name=memory.name,
            words=memory.depth,
            word_bits=memory.word_bits,
            width=varying[memory.name],
            written=memory.filled != "start",
            block=memory.style == "block",
            slice_bits=memory.slice_bits,
            large=memory.style == "spram",
        )
        for memory in memories(plan)
    ]
