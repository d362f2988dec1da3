"""The configurator: loads weights, parameters and masks of a network into a running accelerator.

The stream is a list of rows. A row is one word with the memory's number in bits 24…31 and the row's
address in bits 0…23, and then the row's data, 32 bits a word, lowest first. Rows may come in any
order, between inferences.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .memory import write_signature
from .stage_plan import StagePlan

WORD_BITS = 32
ADDRESS_BITS = 24


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


def targets(plan: StagePlan) -> list[Target]:
    """Return the memories of a stage in the order of their numbers."""
    found = [
        Target(
            name=f"weights_{bits}_{bank}",
            width=plan.lanes * bits,
            depth=max(2, -(-rows // plan.banks)),
        )
        for bits, rows in plan.weight_depths.items()
        for bank in range(plan.banks)
    ]
    depth = max(2, len(plan.parameter_words))
    width = plan.update_lanes * plan.parameter_bits
    found.append(Target(name="parameters", width=width, depth=depth))
    groups = sum(descriptor.groups for descriptor in plan.descriptors)
    return [*found, Target(name="groups", width=WORD_BITS, depth=-(-groups // WORD_BITS))]


def row_words(number: int, address: int, data: int, words: int) -> list[int]:
    """Return a row of memory `number` as words of the stream."""
    mask = (1 << WORD_BITS) - 1
    return [number << ADDRESS_BITS | address, *(data >> WORD_BITS * i & mask for i in range(words))]


class Configurator(wiring.Component):
    """Take rows apart and write them, one memory after the other.

    Parameters
    ----------
    memories
        The memories in the order of their numbers.

    Members
    -------
    config : In(stream.Signature(unsigned(32)))
    write_N : Out(write_signature), for each memory N; one cycle a row
    """

    def __init__(self, memories: list[Target]) -> None:
        self.memories = memories
        members = {"config": In(stream.Signature(unsigned(WORD_BITS)))}
        for number, target in enumerate(memories):
            members[f"write_{number}"] = Out(write_signature(target.address_bits, target.width))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        """Build the configurator."""
        m = Module()
        most = max(target.words for target in self.memories)
        data = Signal(most * WORD_BITS)
        number = Signal(range(max(2, len(self.memories))))
        address = Signal(max(target.address_bits for target in self.memories))
        left = Signal(range(most + 1))
        words = Signal(range(most + 1))  # of the row that a header names
        done = Signal()
        header = self.config.payload[ADDRESS_BITS:]
        with m.Switch(header):
            for index, target in enumerate(self.memories):
                with m.Case(index):
                    m.d.comb += words.eq(target.words)
        m.d.comb += self.config.ready.eq(~done)
        m.d.sync += done.eq(0)
        with m.If(self.config.valid & self.config.ready):
            with m.If(left == 0):
                m.d.sync += [
                    number.eq(header),
                    address.eq(self.config.payload[:ADDRESS_BITS]),
                    left.eq(words),
                ]
            with m.Else():
                m.d.sync += [
                    data.eq(Cat(data[WORD_BITS:], self.config.payload)),
                    left.eq(left - 1),
                    done.eq(left == 1),
                ]
        for index, target in enumerate(self.memories):
            port = getattr(self, f"write_{index}")
            row = data[(most - target.words) * WORD_BITS :]
            m.d.comb += [
                port.en.eq(done & (number == index)),
                port.addr.eq(address),
                port.data.eq(row[: target.width]),
            ]
        return m
