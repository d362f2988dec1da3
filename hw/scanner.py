"""The scanner: turns a word of spikes into weight rows, lowest bit first, one a cycle."""

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from .fetcher import WordLayout
from .plan import Plan
from .walker import row_bits


class EventLayout(StructLayout):
    """One spike of a receptive field: add weight row `row`; `last` ends the position.

    A `null` event adds nothing: it ends a position without a spike.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__({"row": unsigned(row_bits(plan)), "null": 1, "last": 1})


class Scanner(wiring.Component):
    """Send one event a cycle for each set bit of each word.

    The lowest set bit is isolated in one cycle and numbered in the next, so that neither is in the
    way of the clock. Latency is `latency` cycles; a word with n bits takes max(n, 1) cycles.

    Members
    -------
    words : In(stream.Signature(WordLayout))
    events : Out(stream.Signature(EventLayout))
    """

    latency = 3

    def __init__(self, plan: Plan) -> None:
        self.word_bits = plan.word_bits
        super().__init__(
            {
                "words": In(stream.Signature(WordLayout(plan))),
                "events": Out(stream.Signature(EventLayout(plan))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the scanner."""
        m = Module()
        word = self.words.payload

        # Isolate the lowest set bit of the word at hand.
        bits = Signal(self.word_bits)
        row = Signal.like(word.row)
        last = Signal()
        busy = Signal()
        rest = Signal(self.word_bits)
        final_bit = Signal()
        isolate = Signal()
        m.d.comb += [
            rest.eq(bits & (bits - 1)),
            final_bit.eq(rest == 0),
            self.words.ready.eq(~busy | (isolate & final_bit)),
        ]
        with m.If(self.words.ready):
            m.d.sync += [
                busy.eq(self.words.valid),
                bits.eq(word.bits),
                row.eq(word.row),
                last.eq(word.last),
            ]
        with m.Elif(isolate):
            m.d.sync += bits.eq(rest)

        # Number it.
        lowest = Signal(self.word_bits)
        lowest_row = Signal.like(row)
        lowest_last = Signal()
        lowest_valid = Signal()
        number = Signal()
        m.d.comb += isolate.eq(~lowest_valid | number)
        with m.If(isolate):
            m.d.sync += [
                lowest_valid.eq(busy),
                lowest.eq(bits & ~rest),
                lowest_row.eq(row),
                lowest_last.eq(last & final_bit),
            ]

        event = self.events.payload
        index = Signal(range(self.word_bits))
        m.d.comb += [
            number.eq(~self.events.valid | self.events.ready),
            index.eq(
                Cat(
                    Cat(lowest[i] for i in range(self.word_bits) if i >> b & 1).any()
                    for b in range(len(index))
                )
            ),
        ]
        with m.If(number):
            m.d.sync += [
                self.events.valid.eq(lowest_valid),
                event.row.eq(lowest_row + index),
                event.null.eq(~lowest.any()),
                event.last.eq(lowest_last),
            ]
        return m
