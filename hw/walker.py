"""The walker: steps through a layer's positions and names the segments of each."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from .descriptor import Descriptor
from .plan import Plan


class WalkLayout(StructLayout):
    """A layer's walk as numbers for the walker's counters and adders, from a `Descriptor`.

    Counts are stored less one. Words are addresses in the map memory, bits lie within a map row,
    rows are addresses in the weight memory; all may be negative before they are clipped.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        walks = [self.values(d, buffer) for d in plan.descriptors for buffer in (0, 1)]
        members = {}
        for name in walks[0]:
            most = max(walk[name] for walk in walks)
            least = min(walk[name] for walk in walks)
            bits = max(1, int(most).bit_length(), int(-least).bit_length())
            members[name] = signed(bits + 1) if least < 0 else unsigned(bits)
        super().__init__(members)

    @staticmethod
    def values(descriptor: Descriptor, buffer: int) -> dict[str, int]:
        """Return each member's value; `buffer` chooses the input's buffer."""
        source, d = descriptor.map, descriptor
        low = source.base + (buffer * source.words if d.source == "input" else 0)
        step = d.stride[1] * source.channels
        return {
            "rows": d.rows - 1,
            "columns": d.columns - 1,
            "groups": d.groups - 1,
            "window_rows": d.window[0] - 1,
            "window_columns": d.window[1] - 1,
            "kernel_rows": d.kernel[0] - 1,
            "first_word": low - d.padding[0] * source.row_words,
            "low_word": low,
            "high_word": low + source.words,
            "row_words": source.row_words,
            "position_words": d.stride[0] * source.row_words,
            "pooled_words": d.window[0] * d.stride[0] * source.row_words,
            "first_bit": -d.padding[1] * source.channels,
            "position_bits": step,
            "pooled_bits": d.window[1] * step,
            "segment_bits": d.segment_bits,
            "row_bits": source.row_bits,
            "weight_base": d.weight_base,
            "group_rows": d.group_rows,
        }


class SegmentLayout(StructLayout):
    """A clipped segment as words to read.

    `addr` is the address of the first word and `words` the number of words less one; `first` is the
    first bit in the first word and `final` the last bit in the last. Bit 0 of the first word
    belongs to weight row `row`, modulo the width. `last` ends the position, `empty` has no bits.
    """

    def __init__(self, plan: Plan) -> None:
        bits = (plan.word_bits - 1).bit_length()
        widest = max(source.row_words for source in plan.maps.values())
        super().__init__(
            {
                "addr": unsigned(max(1, (plan.map_words - 1).bit_length())),
                "words": unsigned(max(1, (widest - 1).bit_length())),
                "first": unsigned(bits),
                "final": unsigned(bits),
                "row": unsigned(row_bits(plan)),
                "empty": 1,
                "last": 1,
            }
        )  # fmt: skip


def row_bits(plan: Plan) -> int:
    """Return the width of a weight row's address."""
    return max(1, (len(plan.weights) - 1).bit_length())


class Walker(wiring.Component):
    """Walk the layer at `layers` and send the segments of all its positions.

    Pooled positions row by row; in each the lane groups; in each of those the positions of the
    pooling window; in each position the kernel rows. Every value is kept by adding, with one
    register for each loop that it restarts from, so there is no multiplier. Segments outside the
    map are dropped, but for one that ends its position.

    A layer's payload must hold still while `layers.valid`: it is taken when the walk is over.
    Throughput is one segment a cycle; the first comes 3 cycles after `layers.valid`.

    Members
    -------
    layers : In(stream.Signature(WalkLayout))
    segments : Out(stream.Signature(SegmentLayout))
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.walk_layout = WalkLayout(plan)
        self.segment_layout = SegmentLayout(plan)
        super().__init__(
            {
                "layers": In(stream.Signature(self.walk_layout)),
                "segments": Out(stream.Signature(self.segment_layout)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the walker."""
        m = Module()
        walk = self.layers.payload
        shapes = self.walk_layout
        width = max(shapes[name].shape.width for name in ("high_word", "first_word")) + 1
        word_shape = signed(width + 1)
        bit_shape = signed(
            max(shapes[n].shape.width for n in ("row_bits", "first_bit", "segment_bits")) + 2
        )
        row_shape = unsigned(row_bits(self.plan))

        # The loops, innermost first. Each is its count and what a step, or a restart, does.
        busy = Signal()
        ending = Signal()
        step = Signal()
        loops = ["kernel_rows", "window_columns", "window_rows", "groups", "columns", "rows"]
        counts = {name: Signal(shapes[name].shape, name=f"{name}_count") for name in loops}
        at_end = {name: counts[name] == walk[name] for name in loops}

        word = Signal(word_shape)  # of the segment's row
        word_position = Signal(word_shape)  # of the position's first row
        word_pooled = Signal(word_shape)  # of the pooled position's first row
        bit = Signal(bit_shape)  # of the position
        bit_pooled = Signal(bit_shape)  # of the pooled position
        row = Signal(row_shape)  # of the segment's first bit
        row_group = Signal(row_shape)  # of the lane group

        with m.If(~busy & ~ending):
            m.d.sync += [
                word.eq(walk.first_word),
                word_position.eq(walk.first_word),
                word_pooled.eq(walk.first_word),
                bit.eq(walk.first_bit),
                bit_pooled.eq(walk.first_bit),
                row.eq(walk.weight_base),
                row_group.eq(walk.weight_base),
                busy.eq(self.layers.valid),
            ]
        with m.Elif(step):
            m.d.sync += counts["kernel_rows"].eq(counts["kernel_rows"] + 1)
            with m.If(~at_end["kernel_rows"]):
                m.d.sync += [
                    word.eq(word + walk.row_words),
                    row.eq(row + walk.segment_bits),
                ]
            with m.Else():
                m.d.sync += counts["kernel_rows"].eq(0)
                self._next_position(
                    m, counts, at_end,
                    word=word, word_position=word_position, word_pooled=word_pooled,
                    bit=bit, bit_pooled=bit_pooled, row=row, row_group=row_group,
                )  # fmt: skip
        walk_ends = Const(1)
        for name in loops:
            walk_ends = walk_ends & at_end[name]
        with m.If(step & walk_ends):
            m.d.sync += [busy.eq(0), ending.eq(1)]
        with m.If(self.layers.ready):
            m.d.sync += ending.eq(0)

        # Clip to the map: two registers deep, moving whenever what lies ahead can move.
        clip_valid = Signal()
        clip_last = Signal()
        clip_inside = Signal()
        clip_low = Signal(unsigned(len(bit)))
        clip_final = Signal(unsigned(len(bit)))
        clip_word = Signal(word_shape)
        clip_row = Signal(row_shape)
        out_free = Signal()
        clip_free = Signal()
        end = Signal(bit_shape)
        m.d.comb += [
            out_free.eq(~self.segments.valid | self.segments.ready),
            clip_free.eq(~clip_valid | out_free | ~(clip_inside | clip_last)),
            step.eq(busy & clip_free),
            end.eq(bit + walk.segment_bits),
        ]
        with m.If(clip_free):
            m.d.sync += [
                clip_valid.eq(busy),
                clip_last.eq(at_end["kernel_rows"]),
                clip_inside.eq(
                    (word >= walk.low_word)
                    & (word < walk.high_word)
                    & (end > 0)
                    & (bit < walk.row_bits)
                ),
                clip_low.eq(Mux(bit < 0, 0, bit)),
                clip_final.eq(Mux(end > walk.row_bits, walk.row_bits, end) - 1),
                clip_word.eq(word),
                clip_row.eq(row - bit),
            ]

        out = self.segments.payload
        offset_bits = len(out.first)
        low_word = clip_low[offset_bits:]
        with m.If(out_free):
            m.d.sync += [
                self.segments.valid.eq(clip_valid & (clip_inside | clip_last)),
                out.addr.eq(clip_word + low_word),
                out.words.eq(Mux(clip_inside, clip_final[offset_bits:] - low_word, 0)),
                out.first.eq(clip_low[:offset_bits]),
                out.final.eq(clip_final[:offset_bits]),
                out.row.eq(clip_row + Cat(Const(0, offset_bits), low_word)),
                out.empty.eq(~clip_inside),
                out.last.eq(clip_last),
            ]
        m.d.comb += self.layers.ready.eq(ending & clip_free)
        return m

    def _next_position(
        self,
        m: Module,
        counts: dict[str, Signal],
        at_end: dict[str, Value],
        *,
        word: Signal,
        word_position: Signal,
        word_pooled: Signal,
        bit: Signal,
        bit_pooled: Signal,
        row: Signal,
        row_group: Signal,
    ) -> None:
        """Step the innermost loop of positions that is not at its end, and restart those inside."""
        walk = self.layers.payload

        def place(word_to: object, bit_to: object, row_to: object) -> list[object]:
            return [word.eq(word_to), word_position.eq(word_to), bit.eq(bit_to), row.eq(row_to)]

        def advance(name: str, inside: list[str]) -> None:
            m.d.sync += counts[name].eq(counts[name] + 1)
            m.d.sync += [counts[inner].eq(0) for inner in inside]

        with m.If(~at_end["window_columns"]):
            advance("window_columns", [])
            m.d.sync += place(word_position, bit + walk.position_bits, row_group)
        with m.Elif(~at_end["window_rows"]):
            advance("window_rows", ["window_columns"])
            m.d.sync += place(word_position + walk.position_words, bit_pooled, row_group)
        with m.Elif(~at_end["groups"]):
            advance("groups", ["window_columns", "window_rows"])
            next_group = row_group + walk.group_rows
            m.d.sync += place(word_pooled, bit_pooled, next_group)
            m.d.sync += row_group.eq(next_group)
        with m.Elif(~at_end["columns"]):
            advance("columns", ["window_columns", "window_rows", "groups"])
            next_bit = bit_pooled + walk.pooled_bits
            m.d.sync += place(word_pooled, next_bit, walk.weight_base)
            m.d.sync += [bit_pooled.eq(next_bit), row_group.eq(walk.weight_base)]
        with m.Elif(~at_end["rows"]):
            advance("rows", ["window_columns", "window_rows", "groups", "columns"])
            next_word = word_pooled + walk.pooled_words
            m.d.sync += place(next_word, walk.first_bit, walk.weight_base)
            m.d.sync += [
                word_pooled.eq(next_word),
                bit_pooled.eq(walk.first_bit),
                row_group.eq(walk.weight_base),
            ]
        with m.Else():
            m.d.sync += [count.eq(0) for count in counts.values()]
