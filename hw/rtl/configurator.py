"""The configurator: loads weights, parameters and masks of a network into a running accelerator."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..plan.loadable import ADDRESS_BITS, END, WORD_BITS, Target, targets
from ..plan.stage_plan import StagePlan
from ..plan.terms import Terms
from .memory import write_signature


def write_port(target: Target) -> wiring.Signature:
    """Return the signature of the port that writes a memory, a word of the stream at a time."""
    return write_signature(target.address_bits, target.width, WORD_BITS)


class Configurator(wiring.Component):
    """Take the stream of `hw.plan.loadable` apart and write its memories, one word a cycle.

    A memory that is not there or has another size is refused: whatever follows, until a reset, is
    passed over, as it is for another accelerator.

    Parameters
    ----------
    memories
        The memories in the order of their numbers.

    Members
    -------
    config : In(stream.Signature(unsigned(32))), always ready
    write_N : Out(write_port), for each memory N
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
            members[f"write_{number}"] = Out(write_port(target))
        super().__init__(members)

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the terms of what loads a stage's memories."""
        memories = targets(plan)
        most = max(target.words for target in memories)
        return {
            "data": most * WORD_BITS,
            "address": max(target.address_bits for target in memories),
            "memories": len(memories),
            "one": 1,
        }

    def elaborate(self, platform: object) -> Module:
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
