"""The packer: puts chunks of spikes side by side into the words of a map."""

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from ...plan.stage_plan import StagePlan
from ...plan.terms import Terms
from ...plan.widths import bits_of
from .pool import PooledLayout


class Joiner(wiring.Component):
    """Close the gaps that chunks with unused lanes leave, so that channels follow each other.

    A chunk with `tail` holds `tail_lanes` counts, every other one as many as there are lanes. What
    does not fill a chunk waits for the next, or for the end of the row. A tail may hold more
    channels than one chunk: a map padded for banks; the rest of them are 0. No latency but that.

    Members
    -------
    tail_lanes : In(…), static, 1…update_lanes
    padding : In(…), static, channels of 0 behind the tail
    gapped : In(stream.Signature(PooledLayout))
    joined : Out(stream.Signature(PooledLayout)), whose `tail` has no meaning
    idle : Out(1), nothing waits to be sent
    """

    def __init__(self, plan: StagePlan) -> None:
        self.width = plan.update_lanes
        self.bits = plan.count_bits
        self.pad = plan.pad
        layout = PooledLayout(plan)
        super().__init__(
            {
                "tail_lanes": In(range(self.width + 1)),
                "padding": In(range(max(2, self.pad))),
                "gapped": In(stream.Signature(layout)),
                "joined": Out(stream.Signature(layout)),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width, bits = self.width, self.bits
        joined = self.joined.payload
        waiting = Signal(width * bits)
        count = Signal(range(width))
        rest = Signal()  # the row ends with what waits

        # What arrives goes behind what waits: together they may fill a chunk, and leave some over.
        arriving = Signal(
            StructLayout({"valid": 1, "ends": 1, "counts": width * bits, "added": range(width + 1)})
        )
        take = Signal()
        total = Signal(range(2 * width + 1))
        fills, fits, complete = Signal(), Signal(), Signal()
        joint = Signal(2 * width * bits)
        self._arrive(m, arriving, take, rest)
        m.d.comb += [
            total.eq(count + arriving.added),
            fills.eq(total >= width),
            fits.eq(total <= width),
            complete.eq(fills | arriving.ends),
        ]
        for slot in range(width):
            with m.If(count == slot):
                m.d.comb += joint.eq(waiting | (arriving.counts << (slot * bits)))
        with m.If(rest):
            m.d.comb += [
                joined.counts.eq(waiting),
                joined.row_end.eq(1),
                self.joined.valid.eq(1),
            ]
            with m.If(self.joined.ready):
                m.d.sync += [rest.eq(0), waiting.eq(0), count.eq(0)]
        with m.Else():
            m.d.comb += [
                joined.counts.eq(joint[: width * bits]),
                joined.row_end.eq(arriving.ends & fits),
                self.joined.valid.eq(arriving.valid & complete),
                take.eq(arriving.valid & (self.joined.ready | ~complete)),
            ]
            with m.If(take):
                m.d.sync += [
                    waiting.eq(Mux(fills, joint[width * bits :], joint[: width * bits])),
                    count.eq(Mux(fills, total - width, total)),
                    rest.eq(arriving.ends & ~fits),
                ]
                with m.If(arriving.ends & fits):
                    m.d.sync += [waiting.eq(0), count.eq(0)]
        return m

    def _arrive(self, m: Module, arriving: Signal, take: Signal, rest: Signal) -> None:
        """Show what comes next: a chunk, or zeros while channels of padding are *owed*."""
        gapped = self.gapped.payload
        owed = Signal(range(max(2, self.pad)))
        row_end = Signal()  # behind what is owed
        m.d.comb += self.idle.eq(~rest & (owed == 0))
        with m.If(owed != 0):
            m.d.comb += [
                arriving.valid.eq(1),
                arriving.added.eq(Mux(owed > self.width, self.width, owed)),
                arriving.ends.eq(row_end & (owed <= self.width)),
            ]
            with m.If(take):
                m.d.sync += owed.eq(owed - arriving.added)
        with m.Else():
            m.d.comb += [
                arriving.valid.eq(self.gapped.valid & ~rest),
                self.gapped.ready.eq(take),
                arriving.counts.eq(gapped.counts),
                arriving.added.eq(Mux(gapped.tail, self.tail_lanes, self.width)),
                arriving.ends.eq(gapped.row_end & (self.padding == 0)),
            ]
            with m.If(take & gapped.tail):
                m.d.sync += [owed.eq(self.padding), row_end.eq(gapped.row_end)]


class PackedLayout(StructLayout):
    """A word of a map, and the word's place in the map."""

    def __init__(self, plan: StagePlan) -> None:
        words = max(plan.map(name).words for name in plan.names)
        super().__init__({"data": unsigned(plan.word_bits), "place": unsigned(bits_of(words))})


class Packer(wiring.Component):
    """Fill words with chunks and send them; of counts, one word for each bit plane.

    A row of the map starts with a new word, and a map ends with `restart`. A word is sent in the
    cycle after its last chunk. The planes of a word follow each other, lowest first; meanwhile
    nothing is taken in.

    Members
    -------
    planes : In(…), static, of the map, less one
    plane_words : In(…), static, words of a plane
    restart : In(1), the next word is the first of a map; only while `idle`
    pooled : In(stream.Signature(PooledLayout))
    words : Out(stream.Signature(PackedLayout))
    idle : Out(1), nothing waits to be sent
    """

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        self.bits = plan.count_bits
        words = max(plan.map(name).plane_words for name in plan.names)
        super().__init__(
            {
                "planes": In(range(max(2, self.bits))),
                "plane_words": In(range(words + 1)),
                "restart": In(1),
                "pooled": In(stream.Signature(PooledLayout(plan))),
                "words": Out(stream.Signature(PackedLayout(plan))),
                "idle": Out(1),
            }
        )

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the bits or counts of gates that the packer's cells grow with, by term."""
        counts, width = plan.count_bits, plan.update_lanes
        mapped = [plan.map(name) for name in plan.names]
        gaps = any(plan.has_gaps(name) for name in plan.names)
        words = max(m.words for m in mapped)
        return {
            "filling": plan.word_bits * counts,
            "slots": bits_of(plan.word_bits // width),
            "place": bits_of(words),
            "join": width * counts * gaps,
            "shift": width * counts * gaps * (width - 1).bit_length(),
            "joiner": gaps,
            "pad": gaps * plan.pad.bit_length() * (plan.pad > 1),
            "one": 1,
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pooled = self.pooled.payload
        width, bits = self.plan.update_lanes, self.bits
        slots = self.plan.word_bits // width
        slot = Signal(range(slots))
        filling = [Signal(self.plan.word_bits, name=f"filling_{i}") for i in range(bits)]
        full = [Signal(self.plan.word_bits, name=f"full_{i}") for i in range(bits)]
        left = Signal(range(bits + 1))  # words to be sent
        place = Signal.like(self.words.payload.place)
        offset = Signal.like(place)  # of the plane
        m.d.comb += [
            self.words.valid.eq(left != 0),
            self.words.payload.data.eq(full[0]),
            self.words.payload.place.eq(place + offset),
            self.idle.eq(left == 0),
        ]
        with m.If(self.words.valid & self.words.ready):
            m.d.sync += left.eq(left - 1)
            m.d.sync += [full[i].eq(full[i + 1]) for i in range(bits - 1)]
            m.d.sync += offset.eq(offset + self.plane_words)
            with m.If(left == 1):
                m.d.sync += [offset.eq(0), place.eq(place + 1)]
        with m.If(self.restart):
            m.d.sync += place.eq(0)

        complete, send = Signal(), Signal()
        m.d.comb += [
            complete.eq((slot == slots - 1) | pooled.row_end),
            self.pooled.ready.eq((left == 0) | ((left == 1) & self.words.ready) | ~complete),
            send.eq(self.pooled.valid & self.pooled.ready),
        ]
        with m.If(send):
            m.d.sync += slot.eq(Mux(complete, 0, slot + 1))
            with m.If(complete):
                m.d.sync += left.eq(self.planes + 1)
        for plane in range(bits):
            plane_bits = Cat(pooled.counts[lane][plane] for lane in range(width))
            merged = Signal(self.plan.word_bits, name=f"merged_{plane}")
            m.d.comb += merged.eq(filling[plane])
            for i in range(slots):
                with m.If(slot == i):
                    m.d.comb += merged.word_select(i, width).eq(plane_bits)
                    with m.If(send):
                        m.d.sync += filling[plane].word_select(i, width).eq(plane_bits)
            with m.If(send & complete):
                m.d.sync += [full[plane].eq(merged), filling[plane].eq(0)]
        return m
