"""The walker: steps through a layer's positions and names the segments of each."""

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from .descriptor import Descriptor, Source
from .stage_plan import StagePlan


def narrowest(values: list[dict[str, int]]) -> dict[str, Any]:
    """Return the narrowest shape for each member of some structures of integers."""
    shapes = {}
    for name in values[0]:
        low = min(0, *(value[name] for value in values))
        bits = max(max(v[name], -v[name] - 1 if low < 0 else 0).bit_length() for v in values)
        shapes[name] = signed(bits + 1) if low < 0 else unsigned(max(1, bits))
    return shapes


class WalkLayout(StructLayout):
    """A layer's walk as numbers for the walker's counters and adders, from a `Descriptor`.

    Counts of loops are stored less one. Words count within a plane of a map, bits within a map row
    and in units of `plan.grain`; `span` and rows count weight rows. Words and bits are negative
    before a map.
    """

    def __init__(self, plan: StagePlan) -> None:
        layers = [self.layer_values(descriptor) for descriptor in plan.descriptors]
        sources = [
            self.source_values(plan, source)
            for descriptor in plan.descriptors
            for source in descriptor.sources
        ]
        self.sources = max(len(descriptor.sources) for descriptor in plan.descriptors)
        self.layers = [
            self.layer_values(d) | {"source": [self.source_values(plan, s) for s in d.sources]}
            for d in plan.descriptors
        ]
        super().__init__(
            narrowest(layers)
            | {"source": ArrayLayout(StructLayout(narrowest(sources)), self.sources)}
        )

    @staticmethod
    def layer_values(d: Descriptor) -> dict[str, int]:
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
    def source_values(plan: StagePlan, s: Source) -> dict[str, int]:
        """Return the members of a source."""
        descriptor = next(d for d in plan.descriptors if s in d.sources)
        source = s.map
        grain = plan.grain
        step = s.stride[1] * source.channels // grain
        return {
            "kernel_rows": s.kernel[0] - 1,
            "kernel_columns": s.kernel[1] - 1,
            "first_word": -s.padding[0] * source.row_words,
            "plane_words": source.plane_words,
            "row_words": source.row_words,
            "position_words": s.stride[0] * source.row_words,
            "pooled_words": descriptor.window[0] * s.stride[0] * source.row_words,
            "first_bit": -s.padding[1] * source.channels // grain,
            "position_bits": step,
            "pooled_bits": descriptor.window[1] * step,
            "column_bits": source.channels // grain if s.kernel[1] > 1 else 0,
            "group_bits": s.group_bits // grain,
            "segment_bits": s.span // grain,
            "span": s.span,
            "row_bits": source.row_bits // grain,
            "weight_base": s.weight_base,
            "group_rows": s.group_rows,
            "top_plane": source.planes - 1,
            "signed": int(source.activation.signed),
            "recurrent": int(s.recurrent),
            "memory": sorted(plan.weights).index(s.weight_bits),
        }


class SegmentLayout(StructLayout):
    """A clipped segment as words to read.

    `addr` is the address of the first word and `words` the number of words less one; `first` is the
    first bit in the first word and `final` the last bit in the last, in units of the grain. Bit 0
    of the first word belongs to weight row `row`, modulo the width, of weight memory `memory`; with
    `negate` the weights are subtracted. `last` ends the position and `double` a bit plane that is
    not the last; `empty` has no bits.
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
            | event_fields(plan, plan.weight_row_bits)
        )


def event_fields(plan: StagePlan, row_bits: int) -> dict[str, Any]:
    """Return the fields that segments, words and events have in common.

    Fields that the layers of the stage do not need have no bits.
    """
    sources = [source for descriptor in plan.descriptors for source in descriptor.sources]
    return {
        "row": unsigned(row_bits),
        "memory": unsigned((len(plan.weights) - 1).bit_length()),
        "negate": unsigned(int(any(source.map.activation.signed for source in sources))),
        "double": unsigned(int(any(source.map.planes > 1 for source in sources))),
        "last": unsigned(1),
    }


class Walker(wiring.Component):
    """Walk the layer at `layers` and send the segments of all its positions.

    Pooled positions row by row; in each the lane groups; in each of those the positions of the
    pooling window; in each position the bit planes, highest first; in each plane the sources; in
    each source the kernel's segments. Every value is kept by adding, with one register for each
    loop that it restarts from, so there is no multiplier. Segments outside the map are dropped, but
    for one that ends its plane or position.

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
        count = self.walk_layout.sources
        source_layout = self.walk_layout["source"].shape.elem_shape
        sources = [walk.source[i] for i in range(count)]

        def bits(*names: str) -> int:
            return max(source_layout[name].shape.width for name in names)

        grain_bits = self.plan.grain.bit_length() - 1
        word_shape = signed(bits("plane_words", "first_word", "pooled_words") + 2)
        bit_shape = signed(bits("row_bits", "first_bit", "segment_bits", "pooled_bits") + 3)
        row_shape = unsigned(self.plan.weight_row_bits)

        # Where the walk is: by source for the loops over positions, then the segment at hand.
        position = [
            {
                name: Signal(shape, name=f"{name}_{i}")
                for name, shape in (
                    ("word", word_shape),  # of the position's first row
                    ("word_pooled", word_shape),  # of the pooled position's first row
                    ("bit", bit_shape),  # of the position, at the lane group's channels
                    ("bit_group", bit_shape),  # of the pooled position, likewise
                    ("bit_pooled", bit_shape),  # of the pooled position, at channel 0
                    ("row", row_shape),  # of the lane group
                )
            }
            for i in range(count)
        ]
        if not any(s.group_bits for d in self.plan.descriptors for s in d.sources):
            for at in position:
                at["bit_group"] = at["bit_pooled"]
        word, bit, row = Signal(word_shape), Signal(bit_shape), Signal(row_shape)
        bit_row = Signal(bit_shape)  # of the kernel row, where `bit` restarts
        number = Signal(range(max(2, count)))  # of the source
        at_hand = Array(sources)[number] if count > 1 else sources[0]
        plane = Signal.like(walk.planes)

        counts: dict[str, Signal] = {}
        at_end: dict[str, Value] = {}
        for name, limit in (
            ("kernel_columns", at_hand.kernel_columns),
            ("kernel_rows", at_hand.kernel_rows),
            ("window_columns", walk.window_columns),
            ("window_rows", walk.window_rows),
            ("groups", walk.groups),
            ("columns", walk.columns),
            ("rows", walk.rows),
        ):
            counts[name] = Signal(limit.shape(), name=f"{name}_count")
            at_end[name] = counts[name] == limit
        source_ends = at_end["kernel_columns"] & at_end["kernel_rows"]
        plane_ends = source_ends & (number == walk.sources)
        skip = Signal()
        m.d.comb += skip.eq(self.skips.bit_select(counts["groups"], 1))
        position_ends = (plane_ends & (plane == 0)) | skip
        walk_ends = position_ends
        for name in ("window_columns", "window_rows", "groups", "columns", "rows"):
            walk_ends = walk_ends & at_end[name]

        busy, ending, step = Signal(), Signal(), Signal()
        following = self._next_positions(m, position, counts, at_end, step & position_ends)
        with m.If(~busy & ~ending):
            for source, at in zip(sources, position, strict=True):
                m.d.sync += [
                    at["word"].eq(source.first_word),
                    at["word_pooled"].eq(source.first_word),
                    *(at[name].eq(source.first_bit) for name in ("bit", "bit_group", "bit_pooled")),
                    at["row"].eq(source.weight_base),
                ]
            m.d.sync += [
                word.eq(sources[0].first_word),
                bit.eq(sources[0].first_bit),
                bit_row.eq(sources[0].first_bit),
                row.eq(sources[0].weight_base),
                plane.eq(walk.planes),
                busy.eq(self.layers.valid),
            ]
        with m.Elif(step):
            m.d.sync += [row.eq(row + at_hand.span)]
            with m.If(~at_end["kernel_columns"] & ~skip):
                m.d.sync += [
                    counts["kernel_columns"].eq(counts["kernel_columns"] + 1),
                    bit.eq(bit + at_hand.column_bits),
                ]
            with m.Else():
                m.d.sync += counts["kernel_columns"].eq(0)
                with m.If(~at_end["kernel_rows"] & ~skip):
                    m.d.sync += [
                        counts["kernel_rows"].eq(counts["kernel_rows"] + 1),
                        word.eq(word + at_hand.row_words),
                        bit.eq(bit_row),
                    ]
                with m.Else():
                    m.d.sync += counts["kernel_rows"].eq(0)
                    self._next_source(
                        m, position, following, walk, plane, number, skip, word, bit, bit_row, row
                    )
        with m.If(step & walk_ends):
            m.d.sync += [busy.eq(0), ending.eq(1)]
        with m.If(self.layers.ready):
            m.d.sync += ending.eq(0)

        # Clip to the map: two registers deep, moving whenever what lies ahead can move.
        clip = Signal(
            StructLayout(
                {
                    "valid": 1,
                    "inside": 1,
                    "ends": 1,
                    "low": unsigned(bit_shape.width),
                    "final": unsigned(bit_shape.width),
                    "addr": self.segment_layout["addr"].shape,
                }
                | event_fields(self.plan, row_shape.width)
            )
        )
        out_free, clip_free = Signal(), Signal()
        end = Signal(bit_shape)
        base = Array(self.bases)[number] if count > 1 else self.bases[0]
        plane_base = Signal.like(clip.addr)
        for value in range(1, max(d.planes for d in self.plan.descriptors)):
            with m.If(plane == value):
                m.d.comb += plane_base.eq(at_hand.plane_words * value)
        m.d.comb += [
            out_free.eq(~self.segments.valid | self.segments.ready),
            clip_free.eq(~clip.valid | out_free | ~(clip.inside | clip.ends)),
            step.eq(busy & clip_free),
            end.eq(bit + at_hand.segment_bits),
        ]
        with m.If(clip_free):
            m.d.sync += [
                clip.valid.eq(busy & ~skip),
                clip.ends.eq(plane_ends),
                clip.last.eq(position_ends),
                clip.double.eq(plane_ends & (plane != 0)),
                clip.negate.eq(at_hand.signed & (plane == at_hand.top_plane)),
                clip.memory.eq(at_hand.memory),
                clip.inside.eq(
                    (word >= 0)
                    & (word < at_hand.plane_words)
                    & (end > 0)
                    & (bit < at_hand.row_bits)
                    & (plane <= at_hand.top_plane)
                    & ~(at_hand.recurrent & self.first_step)
                ),
                clip.low.eq(Mux(bit < 0, 0, bit)),
                clip.final.eq(Mux(end > at_hand.row_bits, at_hand.row_bits, end) - 1),
                clip.addr.eq(word + plane_base + base),
                clip.row.eq(row - (bit << grain_bits)),
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
                out.row.eq(clip.row + Cat(Const(0, offset_bits + grain_bits), low_word)),
                out.empty.eq(~clip.inside),
                *(getattr(out, f).eq(getattr(clip, f)) for f in ("last", "double", "negate")),
                out.memory.eq(clip.memory),
            ]
        m.d.comb += self.layers.ready.eq(ending & clip_free)
        return m

    def _next_source(
        self,
        m: Module,
        position: list[Mapping[str, Signal]],
        following: list[Mapping[str, Value]],
        walk: Any,
        plane: Signal,
        number: Signal,
        skip: Signal,
        word: Signal,
        bit: Signal,
        bit_row: Signal,
        row: Signal,
    ) -> None:
        """Go to the next source, the first one of the next plane, or the next position."""

        def start(at: Mapping[str, Value]) -> list[Any]:
            return [
                word.eq(at["word"]),
                bit.eq(at["bit"]),
                bit_row.eq(at["bit"]),
                row.eq(at["row"]),
            ]

        with m.If((number != walk.sources) & ~skip):
            m.d.sync += number.eq(number + 1)
            for index in range(1, len(position)):
                with m.If(number == index - 1):
                    m.d.sync += start(position[index])
        with m.Else():
            m.d.sync += number.eq(0)
            with m.If((plane != 0) & ~skip):
                m.d.sync += [plane.eq(plane - 1), *start(position[0])]
            with m.Else():
                m.d.sync += [plane.eq(walk.planes), *start(following[0])]

    def _next_positions(
        self,
        m: Module,
        position: list[dict[str, Signal]],
        counts: dict[str, Signal],
        at_end: dict[str, Value],
        step: Value,
    ) -> list[dict[str, Signal]]:
        """Return each source's next position, and go there when `step`.

        The innermost loop that is not at its end steps, and those inside it restart.
        """
        walk = self.layers.payload
        following: list[dict[str, Signal]] = []
        for i, at in enumerate(position):
            names = {id(signal): name for name, signal in at.items()}
            to = {name: Signal.like(at[name], name=f"next_{name}_{i}") for name in names.values()}
            following.append({name: to[names[id(at[name])]] for name in at})
        loops = ["window_columns", "window_rows", "groups", "columns", "rows"]
        for index, (at, to) in enumerate(zip(position, following, strict=True)):
            source = walk.source[index]
            m.d.comb += [to[name].eq(at[name]) for name in at]
            with m.If(~at_end["window_columns"]):
                m.d.comb += to["bit"].eq(at["bit"] + source.position_bits)
            with m.Elif(~at_end["window_rows"]):
                m.d.comb += [
                    to["word"].eq(at["word"] + source.position_words),
                    to["bit"].eq(at["bit_group"]),
                ]
            with m.Elif(~at_end["groups"]):
                bit_group = at["bit_group"] + source.group_bits
                m.d.comb += [
                    to["word"].eq(at["word_pooled"]),
                    to["bit"].eq(bit_group),
                    to["bit_group"].eq(bit_group),
                    to["row"].eq(at["row"] + source.group_rows),
                ]
            with m.Else():
                with m.If(~at_end["columns"]):
                    m.d.comb += [
                        to["word"].eq(at["word_pooled"]),
                        to["bit_pooled"].eq(at["bit_pooled"] + source.pooled_bits),
                    ]
                with m.Else():
                    word = at["word_pooled"] + source.pooled_words
                    m.d.comb += [
                        to["word"].eq(word),
                        to["word_pooled"].eq(word),
                        to["bit_pooled"].eq(source.first_bit),
                    ]
                m.d.comb += [to["bit"].eq(to["bit_pooled"]), to["row"].eq(source.weight_base)]
                if to["bit_group"] is not to["bit_pooled"]:
                    m.d.comb += to["bit_group"].eq(to["bit_pooled"])
        with m.If(step):
            for at, to in zip(position, following, strict=True):
                m.d.sync += [at[name].eq(to[name]) for name in at]
            taken = Const(0)
            for depth, name in enumerate(loops):
                with m.If(~taken & ~at_end[name]):
                    m.d.sync += counts[name].eq(counts[name] + 1)
                    m.d.sync += [counts[inner].eq(0) for inner in loops[:depth]]
                taken = taken | ~at_end[name]
            with m.If(~taken):
                m.d.sync += [counts[name].eq(0) for name in loops]
        return following
