"""The walker: steps through a layer's positions and names the segments of each."""

from typing import Any

import numpy as np
from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from .descriptor import Descriptor, Source
from .stage_plan import StagePlan


def narrowest(values: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the narrowest shape for each member, an integer or a list, of some structures."""
    shapes: dict[str, Any] = {}
    for name, example in values[0].items():
        numbers = [n for value in values for n in np.atleast_1d(value[name]).tolist()]
        low = min(0, *numbers)
        bits = max(max(n, -n - 1 if low < 0 else 0).bit_length() for n in numbers)
        shape = signed(bits + 1) if low < 0 else unsigned(max(1, bits))
        shapes[name] = ArrayLayout(shape, len(example)) if isinstance(example, list) else shape
    return shapes


LOOPS = (
    "kernel_columns", "kernel_rows", "planes",
    "window_columns", "window_rows", "groups", "columns", "rows",
)  # fmt: skip
"""The loops around a segment, innermost first."""


class WalkLayout(StructLayout):
    """A layer's walk as numbers for the walker's counters and adders, from a `Descriptor`.

    Counts of loops are stored less one. Where a source's segment lies is three numbers: its word
    within a plane of the map, its first bit within the map row in units of `plan.grain`, and its
    first weight row in units of `plan.row_grain`. Words and bits are negative before a map.
    `words`, `bits` and `weight_rows` are what to add to each of them when the loop of that number
    in `LOOPS` steps, and those inside it start again.
    """

    def __init__(self, plan: StagePlan) -> None:
        self.layers = [
            self.layer_values(d) | {"source": [self.source_values(plan, d, s) for s in d.sources]}
            for d in plan.descriptors
        ]
        self.sources = max(len(layer["source"]) for layer in self.layers)
        sources = [source for layer in self.layers for source in layer["source"]]
        loops = [{k: v for k, v in layer.items() if k != "source"} for layer in self.layers]
        super().__init__(
            narrowest(loops)
            | {"source": ArrayLayout(StructLayout(narrowest(sources)), self.sources)}
        )

    @staticmethod
    def layer_values(d: Descriptor) -> dict[str, Any]:
        """Return the members of a layer."""
        return {
            "rows": d.rows - 1,
            "columns": d.columns - 1,
            "groups": d.groups - 1,
            "window_rows": d.window[0] - 1,
            "window_columns": d.window[1] - 1,
            "planes": d.planes - 1,
            "sources": len(d.sources) - 1,
        }

    @staticmethod
    def source_values(plan: StagePlan, d: Descriptor, s: Source) -> dict[str, Any]:
        """Return the members of a layer's source."""
        grain, source = plan.grain, s.map
        span, group_rows = s.span // plan.row_grain, s.group_rows // plan.row_grain
        channels = source.channels // grain if s.kernel[1] > 1 else 0
        row, column = s.stride[0] * source.row_words, s.stride[1] * source.channels // grain
        group = s.group_bits // grain
        # Back to the first segment of the position, the first position of the window, and so on.
        word_back, bit_back = -(s.kernel[0] - 1) * source.row_words, -(s.kernel[1] - 1) * channels
        row_back = span - group_rows
        window_rows, window_columns = -(d.window[0] - 1) * row, -(d.window[1] - 1) * column
        groups_back = -(d.groups - 1) * group
        line = -(d.columns * d.window[1] - 1) * column
        layer_back = span - d.groups * group_rows
        return {
            "kernel_rows": s.kernel[0] - 1,
            "kernel_columns": s.kernel[1] - 1,
            "first_word": -s.padding[0] * source.row_words,
            "first_bit": -s.padding[1] * source.channels // grain,
            "weight_base": s.weight_base // plan.row_grain,
            "words": [
                0,
                source.row_words,
                word_back,
                word_back,
                word_back + row,
                word_back + window_rows,
                word_back + window_rows,
                word_back + row,
            ],
            "bits": [
                channels,
                bit_back,
                bit_back,
                bit_back + column,
                bit_back + window_columns,
                bit_back + window_columns + group,
                bit_back + column + groups_back,
                bit_back + line + groups_back,
            ],
            "weight_rows": [
                span,
                span,
                row_back,
                row_back,
                row_back,
                span,
                layer_back,
                layer_back,
            ],
            "plane_words": source.plane_words,
            "segment_bits": s.span // grain,
            "row_bits": source.row_bits // grain,
            "top_plane": source.planes - 1,
            "signed": int(source.activation.signed),
            "recurrent": int(s.recurrent),
            "memory": sorted(plan.weight_depths).index(s.weight_bits),
        }


class SegmentLayout(StructLayout):
    """A clipped segment as words to read.

    `addr` is the address of the first word and `words` the number of words less one; `first` is the
    first bit in the first word and `final` the last bit in the last, in units of the grain. Bit 0
    of the first word belongs to weight row `row` of weight memory `memory`, in units of
    `plan.row_grain` and modulo the width; with `negate` the weights are subtracted. `last` ends the
    position and `double` a bit plane that is not the last; `empty` has no bits.
    """

    def __init__(self, plan: StagePlan) -> None:
        bits = (plan.word_bits // plan.grain - 1).bit_length()
        widest = max(plan.map(name).row_words for name in plan.read_maps)
        super().__init__(
            {
                "addr": unsigned(max(1, (plan.map_words - 1).bit_length())),
                "words": unsigned(max(1, (widest - 1).bit_length())),
                "first": unsigned(bits),
                "final": unsigned(bits),
                "empty": 1,
            }
            | event_fields(plan, plan.word_row_bits)
        )


def event_fields(plan: StagePlan, row_bits: int) -> dict[str, Any]:
    """Return the fields that segments, words and events have in common.

    Fields that the layers of the stage do not need have no bits.
    """
    sources = [source for descriptor in plan.descriptors for source in descriptor.sources]
    return {
        "row": unsigned(row_bits),
        "memory": unsigned((len(plan.weight_depths) - 1).bit_length()),
        "negate": unsigned(int(any(source.map.activation.signed for source in sources))),
        "double": unsigned(int(any(source.map.planes > 1 for source in sources))),
        "last": unsigned(1),
    }


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
    """

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
