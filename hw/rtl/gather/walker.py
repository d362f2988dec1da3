"""The walker: steps through a layer's positions and names the segments of each."""

from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from ...plan.stage_plan import StagePlan
from ...plan.terms import Terms, address_bits, bits_of, most_planes, varying
from .segment import SegmentLayout, event_fields
from .walk_layout import LOOPS, WalkLayout


class Walker(wiring.Component):
    """Walk the layer at `layers` and send the segments of all its positions.

    Pooled positions row by row; in each the lane groups; in each of those the positions of the
    pooling window; in each position the bit planes, highest first; in each plane the sources; in
    each source the kernel's segments. From one segment to the next it only adds, a constant for
    each loop, so there is no multiplier. Segments outside the map are dropped, but for one that
    ends its plane or position.

    A layer's payload must hold still while `layers.valid`: it is taken when the walk is over.
    Throughput is one segment a cycle; the first comes 3 cycles after `layers.valid`.

    Members
    -------
    layers : In(stream.Signature(WalkLayout))
    bases : In(ArrayLayout(unsigned, sources)), static: address of each source's map
    first_step : In(1), static
    skips : In(…), static, one bit a lane group: its positions have no segments
    segments : Out(stream.Signature(SegmentLayout))

    Attributes
    ----------
    latency
        Cycles from the one in which a layer is offered to the first step of its loops; the
        segment of a step is offered two cycles later.
    """

    latency = 1

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        self.walk_layout = WalkLayout(plan)
        self.segment_layout = SegmentLayout(plan)
        addr = self.segment_layout["addr"].shape
        super().__init__(
            {
                "layers": In(stream.Signature(self.walk_layout)),
                "bases": In(ArrayLayout(addr, self.walk_layout.sources)),
                "first_step": In(1),
                "skips": In(plan.most_groups),
                "segments": Out(stream.Signature(self.segment_layout)),
            }
        )

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the terms of the walker."""
        layers = [WalkLayout.layer_values(d) for d in plan.descriptors]
        sources = [
            [WalkLayout.source_values(plan, d, s) for s in d.sources] for d in plan.descriptors
        ]
        flat = [source for some in sources for source in some]
        word = max(max(abs(s["first_word"]), s["plane_words"]) for s in flat).bit_length() + 3
        bit = max(max(abs(s["first_bit"]), s["row_bits"], s["segment_bits"]) for s in flat)
        widths = {"words": word, "bits": bit.bit_length() + 3, "weight_rows": plan.word_row_bits}
        counts = [max(layer[name] for layer in layers) for name in LOOPS[3:]]
        counts += [max(s[name] for s in flat) for name in LOOPS[:2]]
        active = 0
        steps = 0
        for name, width in widths.items():
            values = set()
            for layer, some in zip(layers, sources, strict=True):
                for s in some:
                    limits = {
                        "kernel_columns": s["kernel_columns"],
                        "kernel_rows": s["kernel_rows"],
                    }
                    limits |= {"planes": layer["planes"], **{n: layer[n] for n in LOOPS[3:]}}
                    values |= {s[name][i] for i, n in enumerate(LOOPS) if limits[n] or i == 7}
            steps += width * (len(values) - 1)
            active = max(active, len(values))
        most = max(len(some) for some in sources)
        place = sum(widths.values())
        return {
            "place": place,
            "address": address_bits(plan),
            "bit": widths["bits"],
            "word": word,
            "row": plan.word_row_bits,
            "counts": sum(count.bit_length() for count in counts),
            "steps": steps,
            "varying": varying(layers) + sum(
                varying(some[i] for some in sources if i < len(some)) for i in range(most)
            ),
            "sources": (most - 1) * place,
            "planes": bits_of(most_planes(plan)) if most_planes(plan) > 1 else 0,
            "skips": plan.most_groups if plan.loadable else 0,
            "one": 1,
        }  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the walker."""
        m = Module()
        walk = self.layers.payload
        sources = [walk.source[i] for i in range(self.walk_layout.sources)]
        number = Signal(range(max(2, len(sources))))  # of the source at hand
        source = Array(sources)[number] if len(sources) > 1 else sources[0]
        plane = Signal.like(walk.planes)
        busy, ending, step, skip = Signal(), Signal(), Signal(), Signal()

        # Which loop steps after this segment.
        limits = {"kernel_columns": source.kernel_columns, "kernel_rows": source.kernel_rows}
        limits |= {name: getattr(walk, name) for name in LOOPS[3:]}
        counts = {name: Signal(limit.shape(), name=name) for name, limit in limits.items()}
        at_end = {name: counts[name] == limit for name, limit in limits.items()}
        at_end["planes"] = plane == 0
        source_ends = at_end["kernel_columns"] & at_end["kernel_rows"]
        plane_ends = source_ends & (number == walk.sources)
        position_ends = plane_ends & at_end["planes"]
        loop = Signal(range(len(LOOPS)), init=len(LOOPS) - 1)
        for index, name in reversed(list(enumerate(LOOPS[:-1]))):
            with m.If(~at_end[name]):
                m.d.comb += loop.eq(index)
        walk_ends = position_ends & (loop == len(LOOPS) - 1) & at_end["rows"]
        with m.If(step):
            self._count(m, counts, at_end, plane, number, source_ends, plane_ends, position_ends)
        with m.If(~busy & ~ending):
            m.d.sync += [plane.eq(walk.planes), busy.eq(self.layers.valid)]
        with m.Elif(step & walk_ends):
            m.d.sync += [busy.eq(0), ending.eq(1)]
        with m.If(self.layers.ready):
            m.d.sync += ending.eq(0)
        m.d.comb += skip.eq(self.skips.bit_select(counts["groups"], 1))

        # Where the segment lies: each source has its place, and steps when it was at hand.
        word, bit, row = self._place(m, sources, number, source, loop, busy | ending, step)

        # Clip to the map: two registers deep, moving whenever what lies ahead can move.
        grain_bits = self.plan.grain.bit_length() - 1
        row_grain_bits = self.plan.row_grain.bit_length() - 1
        clip = Signal(
            StructLayout(
                {
                    "valid": 1,
                    "inside": 1,
                    "ends": 1,
                    "low": unsigned(len(bit)),
                    "final": unsigned(len(bit)),
                    "addr": self.segment_layout["addr"].shape,
                }
                | event_fields(self.plan, len(row))
            )
        )
        out_free, clip_free = Signal(), Signal()
        end = Signal(bit.shape())
        base = Array(self.bases)[number] if len(sources) > 1 else self.bases[0]
        plane_base = Signal.like(clip.addr)
        for value in range(1, max(d.planes for d in self.plan.descriptors)):
            with m.If(plane == value):
                m.d.comb += plane_base.eq(source.plane_words * value)
        m.d.comb += [
            out_free.eq(~self.segments.valid | self.segments.ready),
            clip_free.eq(~clip.valid | out_free | ~(clip.inside | clip.ends)),
            step.eq(busy & clip_free),
            end.eq(bit + source.segment_bits),
        ]
        with m.If(clip_free):
            m.d.sync += [
                clip.valid.eq(busy & ~skip),
                clip.ends.eq(plane_ends),
                clip.last.eq(position_ends),
                clip.double.eq(plane_ends & (plane != 0)),
                clip.negate.eq(source.signed & (plane == source.top_plane)),
                clip.memory.eq(source.memory),
                clip.inside.eq(
                    (word >= 0)
                    & (word < source.plane_words)
                    & (end > 0)
                    & (bit < source.row_bits)
                    & (plane <= source.top_plane)
                    & ~(source.recurrent & self.first_step)
                ),
                clip.low.eq(Mux(bit < 0, 0, bit)),
                clip.final.eq(Mux(end > source.row_bits, source.row_bits, end) - 1),
                clip.addr.eq(word + plane_base + base),
                clip.row.eq(row - (bit << (grain_bits - row_grain_bits))),
            ]

        out = self.segments.payload
        offset_bits = len(out.first)
        low_word = clip.low[offset_bits:]
        with m.If(out_free):
            m.d.sync += [
                self.segments.valid.eq(clip.valid & (clip.inside | clip.ends)),
                out.addr.eq(clip.addr + low_word),
                out.words.eq(Mux(clip.inside, clip.final[offset_bits:] - low_word, 0)),
                out.first.eq(clip.low[:offset_bits]),
                out.final.eq(clip.final[:offset_bits]),
                out.row.eq(
                    clip.row + Cat(Const(0, offset_bits + grain_bits - row_grain_bits), low_word)
                ),
                out.empty.eq(~clip.inside),
                *(getattr(out, f).eq(getattr(clip, f)) for f in ("last", "double", "negate")),
                out.memory.eq(clip.memory),
            ]
        m.d.comb += self.layers.ready.eq(ending & clip_free)
        return m

    def _count(
        self,
        m: Module,
        counts: dict[str, Signal],
        at_end: dict[str, Value],
        plane: Signal,
        number: Signal,
        source_ends: Value,
        plane_ends: Value,
        position_ends: Value,
    ) -> None:
        """Count the loops: the kernel of a source, the sources, the planes, the positions."""
        walk = self.layers.payload
        for name, inside in zip(LOOPS[:2], (Const(1), at_end[LOOPS[0]]), strict=True):
            with m.If(inside):
                m.d.sync += counts[name].eq(Mux(at_end[name], 0, counts[name] + 1))
        with m.If(source_ends):
            m.d.sync += number.eq(Mux(number == walk.sources, 0, number + 1))
        with m.If(plane_ends):
            m.d.sync += plane.eq(Mux(plane == 0, walk.planes, plane - 1))
        inside = position_ends
        for name in LOOPS[3:]:
            with m.If(inside):
                m.d.sync += counts[name].eq(Mux(at_end[name], 0, counts[name] + 1))
            inside = inside & at_end[name]

    def _place(
        self,
        m: Module,
        sources: list[Any],
        number: Signal,
        source: Any,
        loop: Signal,
        walking: Value,
        step: Signal,
    ) -> tuple[Value, Value, Value]:
        """Keep word, bit and weight row of each source; return those of the one at hand."""
        layout = self.walk_layout["source"].shape.elem_shape
        width = {name: max(layout[n].shape.width for n in names) for name, names in (
            ("word", ("plane_words", "first_word")), ("bit", ("row_bits", "first_bit")),
        )}  # fmt: skip
        spans = layout["segment_bits"].shape.width
        shapes = {
            "word": signed(width["word"] + 3),
            "bit": signed(max(width["bit"], spans) + 3),
            "row": unsigned(self.plan.word_row_bits),
        }
        starts = {"word": "first_word", "bit": "first_bit", "row": "weight_base"}
        steps = {"word": "words", "bit": "bits", "row": "weight_rows"}
        at_hand = []
        for name, shape in shapes.items():
            kept = [Signal(shape, name=f"{name}_{i}") for i in range(len(sources))]
            here = Array(kept)[number] if len(kept) > 1 else kept[0]
            following = Signal(shape, name=f"next_{name}")
            m.d.comb += following.eq(here + getattr(source, steps[name])[loop])
            for index, (signal, start) in enumerate(zip(kept, sources, strict=True)):
                with m.If(~walking):
                    m.d.sync += signal.eq(getattr(start, starts[name]))
                with m.Elif(step & (number == index)):
                    m.d.sync += signal.eq(following)
            at_hand.append(here)
        return at_hand[0], at_hand[1], at_hand[2]
