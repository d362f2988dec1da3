"""The configurator: loads weights, parameters and masks of a network into a running accelerator.

The stream is a list of memories in any order, between inferences. A memory is one word with its
number in bits 24…31 and the address of its last row in bits 0…23, and then all of its rows from
that one down to row 0, 32 bits a word, lowest first. Memory `END`, of one row of one word, ends the
list; its word is for whoever carries the stream, a checksum say.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .memory import SLICE_BITS, write_signature
from .stage_plan import StagePlan

WORD_BITS = SLICE_BITS
ADDRESS_BITS = 24
END = 255
"""The number of no memory: it ends the stream."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One memory that can be loaded.

    Attributes
    ----------
    name
        Of the memory in its stage: 'weights_4_0' (width, bank), 'parameters' or 'groups'.
    width, depth
        Bits of a row, rows.
    """

    name: str
    width: int
    depth: int

    @property
    def words(self) -> int:
        """Words of the stream for a row's data."""
        return -(-self.width // WORD_BITS)

    @property
    def address_bits(self) -> int:
        """Width of a row's address."""
        return max(1, (self.depth - 1).bit_length())

    @property
    def port(self) -> wiring.Signature:
        """The signature of the port that writes it, a word of the stream at a time."""
        return write_signature(self.address_bits, self.width, WORD_BITS)


IDENTITY = Target(name="identity", width=8, depth=32)
"""The SHA-256 of the tables that are loaded, a byte a row."""


def targets(plan: StagePlan) -> list[Target]:
    """Return the memories of a stage that can be loaded, in the order of their numbers.

    Only its weights where the plan is not loadable, and they lie in a memory that has to be. The
    rows of 'groups' hold a bit a lane group that is skipped, and the last one the time steps less
    one.
    """
    found = [
        Target(
            name=f"weights_{bits}_{bank}",
            width=plan.lanes * bits,
            depth=max(2, -(-rows // plan.banks)),
        )
        for bits, rows in (plan.weight_depths if plan.weights_load else {}).items()
        for bank in range(plan.banks)
    ]
    if not plan.loadable:
        return found
    depth = max(2, len(plan.parameter_words))
    width = plan.update_lanes * plan.parameter_bits
    found.append(Target(name="parameters", width=width, depth=depth))
    groups = sum(descriptor.groups for descriptor in plan.descriptors)
    return [*found, Target(name="groups", width=WORD_BITS, depth=1 + -(-groups // WORD_BITS))]


def memory_words(number: int, target: Target, rows: Sequence[int]) -> list[int]:
    """Return the rows of memory `number` as words of the stream; those that are missing are 0."""
    mask = (1 << WORD_BITS) - 1
    spare = target.depth - len(rows)
    found = [number << ADDRESS_BITS | target.depth - 1] + [0] * (spare * target.words)
    for row in reversed(rows):
        found += [row >> WORD_BITS * i & mask for i in range(target.words)]
    return found


class Configurator(wiring.Component):
    """Take memories apart and write them, word by word as they come, one cycle each.

    A memory that is not there or has another size is refused: whatever follows, until a reset, is
    passed over, as it is for another accelerator.

    Parameters
    ----------
    memories
        The memories in the order of their numbers.

    Members
    -------
    config : In(stream.Signature(unsigned(32))), always ready
    write_N : Out(Target.port), for each memory N
    refused : Out(1), from a memory that is refused to the next reset
    finished : Out(1), pulses in the cycle after the end of the stream
    """

    def __init__(self, memories: list[Target]) -> None:
        self.memories = memories
        if len(memories) > END:
            raise ValueError(f"Configurator memories must be at most {END}, not {len(memories)}")
        members = {
            "config": In(stream.Signature(unsigned(WORD_BITS))),
            "refused": Out(1),
            "finished": Out(1),
        }
        for number, target in enumerate(memories):
            members[f"write_{number}"] = Out(target.port)
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        """Build the configurator."""
        m = Module()
        numbers = [*range(len(self.memories)), END]
        number = Signal(range(len(numbers)))
        address = Signal(max(target.address_bits for target in self.memories))
        place = Signal(range(max(target.words for target in self.memories)))  # of the word at hand
        final = Signal.like(place)
        within, known = Signal(), Signal()
        header, last_row = self.config.payload[ADDRESS_BITS:], self.config.payload[:ADDRESS_BITS]
        take = self.config.valid & ~self.refused
        m.d.comb += self.config.ready.eq(1)
        m.d.sync += self.finished.eq(take & within & (number == len(self.memories)))
        with m.If(take & ~within):
            with m.Switch(header):
                for index, target in enumerate(self.memories):
                    with m.Case(index):
                        m.d.comb += known.eq(last_row == target.depth - 1)
                        m.d.sync += [number.eq(index), final.eq(target.words - 1)]
                with m.Case(END):
                    m.d.comb += known.eq(last_row == 0)
                    m.d.sync += [number.eq(len(self.memories)), final.eq(0)]
            m.d.sync += [
                address.eq(last_row),
                place.eq(0),
                within.eq(known),
                self.refused.eq(~known),
            ]
        with m.Elif(take):
            m.d.sync += place.eq(place + 1)
            with m.If(place == final):
                m.d.sync += [place.eq(0), address.eq(address - 1), within.eq(address != 0)]
        for index, target in enumerate(self.memories):
            port = getattr(self, f"write_{index}")
            mine = take & within & (number == index)
            m.d.comb += [
                port.addr.eq(address),
                port.data.eq(self.config.payload.replicate(target.words)),
                *(port.en[slot].eq(mine & (place == slot)) for slot in range(target.words)),
            ]
        return m
