"""The clipper: cuts off what of a segment lies outside its map."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from ...plan.stage_plan import StagePlan
from .places import PlaceLayout
from .segment import SegmentLayout, event_fields
from .walk_layout import WalkLayout


class UnclippedLayout(StructLayout):
    """A segment as the walk has it, partly or wholly outside its map, or not.

    `source` is what the walk has of its source, `base` the address of the source's map, `plane` its
    bit plane; `plane_ends` and `position_ends` with it.
    """

    def __init__(self, plan: StagePlan, walk: WalkLayout) -> None:
        super().__init__(
            {
                "place": PlaceLayout(walk, plan.word_row_bits),
                "source": walk.source,
                "base": SegmentLayout(plan)["addr"].shape,
                "plane": walk["planes"].shape,
                "plane_ends": 1,
                "position_ends": 1,
            }
        )


class Clipper(wiring.Component):
    """Clip segments to their maps and drop those outside, but for one that ends plane or position.

    First the segment is compared with the map's rows and columns; what is left is `low` to `final`,
    bits of the map's row, behind the word at `addr`. Then these become words to read, the bits in
    the first and in the last of them, and the weight row of the first word. Throughput is one
    segment a cycle, latency two cycles.

    Members
    -------
    first_step : In(1 + waits), static: bit 0, and a bit for each of `plan.waits` that lasts
    unclipped : In(stream.Signature(UnclippedLayout))
    segments : Out(stream.Signature(SegmentLayout))
    """

    def __init__(self, plan: StagePlan, walk: WalkLayout) -> None:
        self.plan = plan
        self.most_planes = max(descriptor.planes for descriptor in plan.descriptors)
        self.grain_bits = plan.grain.bit_length() - 1
        self.row_grain_bits = plan.row_grain.bit_length() - 1
        super().__init__(
            {
                "first_step": In(1 + len(plan.waits)),
                "unclipped": In(stream.Signature(UnclippedLayout(plan, walk))),
                "segments": Out(stream.Signature(SegmentLayout(plan))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        final_bit = self.unclipped.payload.source.final_bit
        clip = Signal(
            StructLayout(
                {
                    "valid": 1,
                    "inside": 1,
                    "ends": 1,
                    "low": final_bit.shape(),
                    "final": final_bit.shape(),
                    "addr": self.unclipped.payload.base.shape(),
                }
                | event_fields(self.plan, len(self.unclipped.payload.place.row))
            )
        )
        # Two registers deep, each moving whenever what lies ahead can move.
        free, wanted = Signal(), Signal()
        m.d.comb += [
            wanted.eq(clip.inside | clip.ends),
            free.eq(~self.segments.valid | self.segments.ready),
            self.unclipped.ready.eq(~clip.valid | free | ~wanted),
        ]
        with m.If(self.unclipped.ready):
            m.d.sync += clip.valid.eq(self.unclipped.valid)
            self._clip(m, clip)
        with m.If(free):
            m.d.sync += self.segments.valid.eq(clip.valid & wanted)
            self._divide(m, clip)
        return m

    def _clip(self, m: Module, clip: Signal) -> None:
        """Compare a segment with its map."""
        given = self.unclipped.payload
        source, plane, bit, word = given.source, given.plane, given.place.bit, given.place.word
        final = Signal((bit + source.beyond).shape())
        empty = source.recurrent & self.first_step  # nothing was written so many steps ago
        if self.plan.waits:
            empty = Cat(Const(0, 1), self.first_step).bit_select(source.recurrent, 1)
        plane_base = Signal.like(clip.addr)
        m.d.comb += final.eq(bit + source.beyond)
        for value in range(1, self.most_planes):
            with m.If(plane == value):
                m.d.comb += plane_base.eq(source.plane_words * value)
        m.d.sync += [
            clip.ends.eq(given.plane_ends),
            clip.last.eq(given.position_ends),
            clip.double.eq(given.plane_ends & (plane != 0)),
            clip.negate.eq(source.signed & (plane == source.top_plane)),
            clip.memory.eq(source.memory),
            clip.inside.eq(
                (word >= 0)
                & (word < source.plane_words)
                & (final >= 0)
                & (bit <= source.final_bit)
                & (plane <= source.top_plane)
                & ~empty
            ),
            clip.low.eq(Mux(bit < 0, 0, bit)),
            clip.final.eq(Mux(bit > source.whole, source.final_bit, final)),
            clip.addr.eq(word + plane_base + given.base),
            clip.row.eq(given.place.row - (bit << (self.grain_bits - self.row_grain_bits))),
        ]

    def _divide(self, m: Module, clip: Signal) -> None:
        """Divide what is inside into words."""
        out = self.segments.payload
        offset_bits = len(out.first)
        low_word = clip.low[offset_bits:]
        shift = offset_bits + self.grain_bits - self.row_grain_bits  # from words to weight rows
        word, row = low_word, clip.row + Cat(Const(0, shift), low_word)
        if self.plan.shape.flags:
            word, row = clip.final[offset_bits:], clip.row - Cat(Const(0, shift), clip.addr)
        m.d.sync += [
            out.addr.eq(clip.addr + word),
            out.words.eq(Mux(clip.inside, clip.final[offset_bits:] - low_word, 0)),
            out.first.eq(clip.low[:offset_bits]),
            out.final.eq(clip.final[:offset_bits]),
            out.row.eq(row),
            out.empty.eq(~clip.inside),
            *(getattr(out, f).eq(getattr(clip, f)) for f in ("last", "double", "negate")),
            out.memory.eq(clip.memory),
        ]
