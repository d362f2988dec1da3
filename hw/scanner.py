"""The scanner: turns a word of spikes into weight rows, lowest bit first, one a cycle."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from .fetcher import WordLayout
from .stage_plan import StagePlan
from .walker import event_fields


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

    The lowest set bit is isolated in one cycle and numbered in the next, so that neither is in the
    way of the clock. Latency is `latency` cycles; a word with n bits takes max(n, 1) cycles.

    Members
    -------
    words : In(stream.Signature(WordLayout)), as a `Sieve` sends them
    events : Out(stream.Signature(EventLayout))
    """

    latency = 3

    def __init__(self, plan: StagePlan) -> None:
        self.word_bits = plan.word_bits // plan.banks
        super().__init__(
            {
                "words": In(stream.Signature(WordLayout(plan, self.word_bits))),
                "events": Out(stream.Signature(EventLayout(plan))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the scanner."""
        m = Module()

        # Isolate the lowest set bit of the word at hand.
        word = Signal(self.words.payload.shape())
        busy, final_bit, isolate = Signal(), Signal(), Signal()
        rest = Signal(self.word_bits)
        m.d.comb += [
            rest.eq(word.bits & (word.bits - 1)),
            final_bit.eq(rest == 0),
            self.words.ready.eq(~busy | (isolate & final_bit)),
        ]
        with m.If(self.words.ready):
            m.d.sync += [busy.eq(self.words.valid), word.eq(self.words.payload)]
        with m.Elif(isolate):
            m.d.sync += word.bits.eq(rest)

        # Number it.
        lowest = Signal(self.words.payload.shape())
        lowest_valid, number = Signal(), Signal()
        m.d.comb += isolate.eq(~lowest_valid | number)
        with m.If(isolate):
            m.d.sync += [
                lowest_valid.eq(busy),
                lowest.eq(word),
                lowest.bits.eq(word.bits & ~rest),
                lowest.double.eq(word.double & final_bit),
                lowest.last.eq(word.last & final_bit),
            ]

        event = self.events.payload
        index = Signal(range(max(2, self.word_bits)))
        m.d.comb += [
            number.eq(~self.events.valid | self.events.ready),
            index.eq(
                Cat(
                    Cat(lowest.bits[i] for i in range(self.word_bits) if i >> b & 1).any()
                    for b in range(len(index))
                )
            ),
        ]
        with m.If(number):
            m.d.sync += [
                self.events.valid.eq(lowest_valid),
                event.row.eq(lowest.row + index),
                event.null.eq(~lowest.bits.any()),
                *(
                    getattr(event, name).eq(getattr(lowest, name))
                    for name in ("memory", "negate", "double", "last")
                ),
            ]
        return m
