"""The scanner: turns a word of spikes into weight rows, lowest bit first, one a cycle."""

import operator
from collections.abc import Iterable
from functools import reduce

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from ...plan.stage_plan import StagePlan
from ...plan.terms import Terms, field_bits
from ...plan.widths import bits_of
from .fetcher import WordLayout
from .segment import event_fields

PART_BITS = 4
"""Bits that are numbered one by one: what one look-up table sees."""

FIELDS = ("memory", "negate")
"""What every event of a word takes over from it, besides the row."""


class EventLayout(StructLayout):
    """One spike of a receptive field: add weight row `row` of the bank.

    A `null` event adds nothing: it ends a position or a plane without a spike. The other fields are
    as in `SegmentLayout`.
    """

    def __init__(self, plan: StagePlan) -> None:
        row_bits = max(1, plan.weight_row_bits - (plan.banks.bit_length() - 1))
        super().__init__({"null": 1} | event_fields(plan, row_bits))


class Scanner(wiring.Component):
    """Send one event a cycle for each set bit of each word.

    First the lowest part of the word with a bit is taken out of it, `PART_BITS` wide; then its bits
    are numbered one by one, while the next part is looked for. Neither is in the way of the clock.
    Latency is `latency` cycles; a word with n bits takes max(n, 1) cycles.

    Members
    -------
    words : In(stream.Signature(WordLayout)), as a `Sieve` sends them
    events : Out(stream.Signature(EventLayout))
    """

    latency = 3

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        self.word_bits = plan.word_bits // plan.banks
        super().__init__(
            {
                "words": In(stream.Signature(WordLayout(plan, self.word_bits))),
                "events": Out(stream.Signature(EventLayout(plan))),
            }
        )

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the bits or counts of gates that the scanner's cells grow with, by term."""
        size = plan.word_bits // plan.banks
        parts = max(1, size // 4)
        exact = plan.row_grain == plan.word_bits
        return {
            "bits": plan.word_bits,
            "number": plan.banks * parts * (parts - 1).bit_length(),
            "row": plan.banks * plan.word_row_bits,
            "add": 0 if exact else plan.banks * plan.weight_row_bits,
            "fields": plan.banks * field_bits(plan),
            "banks": plan.banks,
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        size = min(PART_BITS, self.word_bits)
        count = self.word_bits // size
        number = range(max(2, count))
        fields = event_fields(self.plan, self.plan.word_row_bits)
        lowest = Signal(StructLayout({"valid": 1, "bits": size, "number": number} | fields))
        part = Signal.like(lowest)
        take, final_bit, send = Signal(), Signal(), Signal()
        self._part(m, lowest, take)

        # Number the part's bits, lowest first.
        rest, bit = Signal(size), Signal(size)
        m.d.comb += [
            rest.eq(part.bits & (part.bits - 1)),
            bit.eq(part.bits & ~rest),
            final_bit.eq(rest == 0),
            take.eq(~part.valid | (send & final_bit)),
            send.eq(~self.events.valid | self.events.ready),
        ]
        with m.If(take):
            m.d.sync += part.eq(lowest)
        with m.Elif(send):
            m.d.sync += part.bits.eq(rest)

        event = self.events.payload
        index = Cat(_number(bit), part.number)[: (self.word_bits - 1).bit_length()]
        row = part.row << (self.plan.row_grain.bit_length() - self.plan.banks.bit_length())
        joint = row | index if self.plan.row_grain == self.plan.word_bits else row + index
        with m.If(send):
            m.d.sync += [
                self.events.valid.eq(part.valid),
                event.row.eq(joint),
                event.null.eq(~part.bits.any()),
                event.memory.eq(part.memory),
                event.negate.eq(part.negate),
                event.double.eq(part.double & final_bit),
                event.last.eq(part.last & final_bit),
            ]
        return m

    def _part(self, m: Module, lowest: Signal, take: Signal) -> None:
        """Show the lowest part of the word at hand that has a bit, and clear it at `take`."""
        word = Signal(self.words.payload.shape())
        size = len(lowest.bits)
        parts = [word.bits.word_select(i, size) for i in range(self.word_bits // size)]
        busy, final_part = Signal(), Signal()
        holds, first = Signal(len(parts)), Signal(len(parts))
        m.d.comb += [
            holds.eq(Cat(part.any() for part in parts)),
            first.eq(Cat(holds[i] & ~holds[:i].any() for i in range(len(parts)))),
            final_part.eq((holds & ~first) == 0),
            self.words.ready.eq(~busy | (take & final_part)),
            lowest.valid.eq(busy),
            lowest.bits.eq(
                _any(part & bit.replicate(size) for part, bit in zip(parts, first, strict=True))
            ),
            lowest.number.eq(_number(first)),
            *(getattr(lowest, name).eq(getattr(word, name)) for name in ("row", *FIELDS)),
            lowest.double.eq(word.double & final_part),
            lowest.last.eq(word.last & final_part),
        ]
        with m.If(self.words.ready):
            m.d.sync += [busy.eq(self.words.valid), word.eq(self.words.payload)]
        # Last, so that the flip-flops clear themselves, without a look-up table each.
        for part, bit in zip(parts, first, strict=True):
            with m.If(~self.words.ready & take & bit):
                m.d.sync += part.eq(0)


def _any(values: Iterable[Value]) -> Value:
    """Return the OR of some values, bit by bit."""
    return reduce(operator.or_, values)


def _number(one_hot: Value) -> Value:
    """Return the number of the one set bit."""
    return Cat(
        Cat(one_hot[i] for i in range(len(one_hot)) if i >> b & 1).any()
        for b in range(bits_of(len(one_hot)))
    )
