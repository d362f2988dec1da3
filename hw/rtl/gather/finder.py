"""The finder: of each segment, the words that hold a spike."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from ...plan.stage_plan import StagePlan
from ...plan.terms import Terms, address_bits, field_bits
from ...plan.widths import bits_of
from ..memory import read_signature
from .array import hands_early
from .segment import SegmentLayout, event_fields


class Finder(wiring.Component):
    """Look at the flags of a segment's words, and send on those that hold a spike.

    A *look* is a row of the memory of flags: as many words of the segment as the stage has flags
    for at a time, the last ones first. One look is made a cycle. Its words with a spike are sent
    one a cycle, the last first; a look without any takes no longer than itself, and is gone unless
    it ends a plane or position: then one `empty` word has the end. A word whose spikes all lie
    beside its segment is sent too, and is empty once it is masked.

    Latency from a segment to its first word is `latency` cycles.

    Members
    -------
    segments : In(stream.Signature(SegmentLayout))
    read : Out(read_signature) of the flags, `data` two enabled cycles after `addr`
    words : Out(stream.Signature(SegmentLayout, single)), each a word by itself
    """

    latency = 5

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        self.flags = plan.shape.flags
        super().__init__(
            {
                "segments": In(stream.Signature(SegmentLayout(plan))),
                "read": Out(read_signature(address_bits(plan), self.flags)),
                "words": Out(stream.Signature(SegmentLayout(plan, single=True))),
            }
        )

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the terms of the finder and of what writes flags, less what the fetcher saves."""
        flags, bits = plan.shape.flags, (plan.word_bits // plan.grain - 1).bit_length()
        own = any(name in plan.read_maps for name in plan.names)
        writers = sum(plan.map(name).planes for name in plan.external) + own * plan.count_bits
        return {
            "flags": flags,
            "address": address_bits(plan),
            "fields": plan.word_row_bits + field_bits(plan) + 2 * bits,
            "before": (flags - 1) * writers,
            "kept": hands_early(plan) * plan.banks * plan.update_lanes * plan.accumulator_bits,
            "one": 1,
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan, flags = self.plan, self.flags
        whole = plan.word_bits // plan.grain - 1  # the last bit of a word that is inside as a whole

        # Step through the looks of a segment, from its last word back.
        segment = self.segments.payload
        at = Signal(segment.shape())
        busy, final_look, move = Signal(), Signal(), Signal()
        m.d.comb += [
            final_look.eq(at.words < flags),
            self.segments.ready.eq(move & (final_look | ~busy)),
            self.read.en.eq(move),
            self.read.addr.eq(at.addr),
        ]
        with m.If(move):
            with m.If(final_look | ~busy):
                m.d.sync += [busy.eq(self.segments.valid), at.eq(segment)]
            with m.Else():
                m.d.sync += [
                    at.addr.eq(at.addr - flags),
                    at.words.eq(at.words - flags),
                    at.final.eq(whole),
                ]

        # Beside the read of the flags, which takes two cycles, goes what belongs to the look: which
        # of the words are the segment's, and what it ends.
        common = event_fields(plan, plan.word_row_bits)
        look = StructLayout(
            {"inside": flags, "addr": at.addr.shape(), "first": at.first.shape(),
             "final": at.final.shape()} | common
        )  # fmt: skip
        sides = [Signal(look, name=f"side_{i}") for i in range(2)]
        with m.If(move):
            m.d.sync += [
                # An empty segment has one word.
                sides[0].inside.eq(
                    Cat(busy & ~at.empty, *(busy & (at.words >= i) for i in range(1, flags)))
                ),
                *(
                    getattr(sides[0], name).eq(getattr(at, name))
                    for name in ("addr", "final", "row", "memory", "negate")
                ),
                sides[0].first.eq(Mux(final_look, at.first, 0)),
                sides[0].double.eq(busy & at.double & final_look),
                sides[0].last.eq(busy & at.last & final_look),
                sides[1].eq(sides[0]),
            ]

        # Which words hold a spike, and whether the look is wanted, is known before it may be kept:
        # what the consumer says goes through as few gates as can be.
        seen, hits = Signal(look), Signal(flags)
        found, wanted = Signal(flags), Signal()
        m.d.comb += found.eq(self.read.data & sides[1].inside)
        with m.If(move):
            m.d.sync += [
                seen.eq(sides[1]),
                hits.eq(found),
                wanted.eq(found.any() | sides[1].last | sides[1].double),
            ]

        # Keep a look while its words are sent.
        held = Signal(look)
        pending, rest = Signal(flags), Signal(flags)
        take, valid, final_word = Signal(), Signal(), Signal()
        m.d.comb += [
            rest.eq(pending & (pending - 1)),
            final_word.eq(rest == 0),
            take.eq(~valid | (self.words.ready & final_word)),
            move.eq(~wanted | take),
        ]
        with m.If(take):
            m.d.sync += [held.eq(seen), valid.eq(wanted), pending.eq(hits)]
        with m.Elif(self.words.ready):
            m.d.sync += pending.eq(rest)

        word = self.words.payload
        chosen = pending & ~rest
        back = Cat(
            Cat(chosen[i] for i in range(flags) if i >> b & 1).any() for b in range(bits_of(flags))
        )
        lowest = (chosen & ~(held.inside >> 1)).any()
        m.d.comb += [
            self.words.valid.eq(valid),
            word.addr.eq(held.addr - back),
            word.row.eq(held.row),
            word.first.eq(Mux(lowest, held.first, 0)),
            word.final.eq(Mux(chosen[0], held.final, whole)),
            word.empty.eq(pending == 0),
            word.memory.eq(held.memory),
            word.negate.eq(held.negate),
            word.double.eq(held.double & final_word),
            word.last.eq(held.last & final_word),
        ]
        return m
