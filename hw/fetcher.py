"""The fetcher: reads the words of a segment and drops those without a spike."""

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from .memory import read_signature
from .plan import Plan
from .walker import SegmentLayout, row_bits


class WordLayout(StructLayout):
    """A word of spikes inside the receptive field.

    Bit i of `bits` belongs to weight row `row + i`. `last` ends the position; a word without a bit
    is only sent with it, when the position has no spike in the word before.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(
            {"bits": unsigned(plan.word_bits), "row": unsigned(row_bits(plan)), "last": 1}
        )


class Fetcher(wiring.Component):
    """Read one word a cycle, mask what lies outside the segment, and send what holds spikes.

    Empty words are dropped without a bubble. The end of a position often lies in an empty word; so
    the latest word with spikes is held back until the next one, or the end, is known, and takes the
    end over. Latency from a segment to its first word is `latency` cycles, and one more for each
    empty word between it and the next one of its position.

    Members
    -------
    segments : In(stream.Signature(SegmentLayout))
    read : Out(read_signature) of the map memory, `data` two enabled cycles after `addr`
    words : Out(stream.Signature(WordLayout))
    """

    latency = 5

    def __init__(self, plan: Plan) -> None:
        self.word_bits = plan.word_bits
        self.row_bits = row_bits(plan)
        segment = SegmentLayout(plan)
        addr_bits = segment["addr"].shape.width
        super().__init__(
            {
                "segments": In(stream.Signature(segment)),
                "read": Out(read_signature(addr_bits, plan.word_bits)),
                "words": Out(stream.Signature(WordLayout(plan))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the fetcher."""
        m = Module()
        move = Signal()  # everything up to the held-back word moves together

        # Step through the words of a segment.
        segment = self.segments.payload
        busy = Signal()
        addr = Signal.like(segment.addr)
        row = Signal.like(segment.row)
        left = Signal.like(segment.words)
        first = Signal.like(segment.first)
        final = Signal.like(segment.final)
        empty = Signal()
        last = Signal()
        final_word = Signal()
        m.d.comb += [
            final_word.eq(left == 0),
            self.segments.ready.eq(move & (final_word | ~busy)),
            self.read.en.eq(move),
            self.read.addr.eq(addr),
        ]
        with m.If(move):
            with m.If(final_word | ~busy):
                m.d.sync += [
                    busy.eq(self.segments.valid),
                    addr.eq(segment.addr),
                    row.eq(segment.row),
                    left.eq(segment.words),
                    first.eq(segment.first),
                    final.eq(segment.final),
                    empty.eq(segment.empty),
                    last.eq(segment.last),
                ]
            with m.Else():
                m.d.sync += [
                    addr.eq(addr + 1),
                    row.eq(row + self.word_bits),
                    left.eq(left - 1),
                    first.eq(0),
                ]

        # Beside the read of the memory, which takes two cycles, goes what will mask its data.
        full = self.word_bits - 1
        sides = [
            Signal(
                StructLayout(
                    {
                        "first": first.shape(),
                        "final": final.shape(),
                        "row": row.shape(),
                        "valid": 1,
                        "empty": 1,
                        "last": 1,
                    }
                ),
                name=f"side_{i}",
            )
            for i in range(2)
        ]
        with m.If(move):
            m.d.sync += [
                sides[0].first.eq(first),
                sides[0].final.eq(Mux(final_word, final, full)),
                sides[0].row.eq(row),
                sides[0].valid.eq(busy),
                sides[0].empty.eq(empty),
                sides[0].last.eq(last & final_word),
                sides[1].eq(sides[0]),
            ]
        side = sides[1]
        mask = Signal(self.word_bits)
        masked = Signal(self.word_bits)
        masked_row = Signal.like(row)
        masked_valid = Signal()
        masked_last = Signal()
        m.d.comb += mask.eq(
            Cat((side.first <= i) & (side.final >= i) & ~side.empty for i in range(self.word_bits))
        )
        with m.If(move):
            m.d.sync += [
                masked.eq(self.read.data & mask),
                masked_row.eq(side.row),
                masked_valid.eq(side.valid),
                masked_last.eq(side.last),
            ]

        # Hold the latest word with spikes back, until the next or the position's end is known.
        held = self.words.payload
        held_valid = Signal()
        found = Signal()
        send = Signal()
        joins = Signal()
        m.d.comb += [
            found.eq(masked_valid & masked.any()),
            joins.eq(masked_valid & ~masked.any() & masked_last & held_valid & ~held.last),
            # A held word goes once it ends its position or another one of the position follows.
            self.words.valid.eq(held_valid & (held.last | found)),
            send.eq(self.words.valid & self.words.ready),
            move.eq(~held_valid | send | ~masked_valid | (~held.last & ~found)),
        ]
        with m.If(send):
            m.d.sync += held_valid.eq(0)
        with m.If(move):
            with m.If(joins):
                m.d.sync += held.last.eq(1)
            with m.Elif(found | (masked_valid & masked_last)):
                m.d.sync += [
                    held_valid.eq(1),
                    held.bits.eq(masked),
                    held.row.eq(masked_row),
                    held.last.eq(masked_last),
                ]
        return m
