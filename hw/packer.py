"""The packer: puts chunks of spikes side by side into the words of a map."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .memory import write_signature
from .plan import Plan
from .pool import PooledLayout


class Joiner(wiring.Component):
    """Close the gaps that chunks with unused lanes leave, so that channels follow each other.

    A chunk with `tail` holds `tail_lanes` spikes, every other one as many as there are lanes. What
    does not fill a chunk waits for the next, or for the end of the row. No latency but that.

    Members
    -------
    tail_lanes : In(…), static, 1…update_lanes
    gapped : In(stream.Signature(PooledLayout))
    joined : Out(stream.Signature(PooledLayout)), whose `tail` has no meaning
    idle : Out(1), nothing waits to be sent
    """

    def __init__(self, plan: Plan) -> None:
        self.width = plan.update_lanes
        layout = PooledLayout(plan)
        super().__init__(
            {
                "tail_lanes": In(range(self.width + 1)),
                "gapped": In(stream.Signature(layout)),
                "joined": Out(stream.Signature(layout)),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the joiner."""
        m = Module()
        width = self.width
        gapped, joined = self.gapped.payload, self.joined.payload
        waiting = Signal(width)
        count = Signal(range(width))
        rest = Signal()  # the row ends with what waits
        total = Signal(range(2 * width + 1))
        spikes = Signal(2 * width)
        m.d.comb += [
            self.idle.eq(~rest),
            total.eq(count + Mux(gapped.tail, self.tail_lanes, width)),
            spikes.eq(waiting | (gapped.spikes << count)),
        ]
        with m.If(rest):
            m.d.comb += [
                joined.spikes.eq(waiting),
                joined.row_end.eq(1),
                self.joined.valid.eq(1),
            ]
            with m.If(self.joined.ready):
                m.d.sync += [rest.eq(0), waiting.eq(0), count.eq(0)]
        with m.Else():
            fills = total >= width
            m.d.comb += [
                joined.spikes.eq(spikes[:width]),
                joined.row_end.eq(gapped.row_end & (total <= width)),
                self.joined.valid.eq(self.gapped.valid & (fills | gapped.row_end)),
                self.gapped.ready.eq(self.joined.ready | ~(fills | gapped.row_end)),
            ]
            with m.If(self.gapped.valid & self.gapped.ready):
                m.d.sync += [
                    waiting.eq(Mux(fills, spikes[width:], spikes[:width])),
                    count.eq(Mux(fills, total - width, total)),
                    rest.eq(gapped.row_end & (total > width)),
                ]
                with m.If(gapped.row_end & (total <= width)):
                    m.d.sync += [waiting.eq(0), count.eq(0)]
        return m


class Packer(wiring.Component):
    """Fill words with chunks and write them, map after map.

    A row of the map starts with a new word. Maps are written in the order in which they lie in the
    memory, so the address only counts: from the first map behind the input's buffers to the last.
    A word is written in the cycle after its last chunk; `idle` says that none is on its way.

    Members
    -------
    pooled : In(stream.Signature(PooledLayout))
    write : Out(write_signature) of the map memory
    idle : Out(1)
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        # Where there is no map behind the input's buffers, nothing is ever written.
        self.first_word = 2 * plan.input_words % plan.map_words
        super().__init__(
            {
                "pooled": In(stream.Signature(PooledLayout(plan))),
                "write": Out(
                    write_signature(max(1, (plan.map_words - 1).bit_length()), plan.word_bits)
                ),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the packer."""
        m = Module()
        pooled = self.pooled.payload
        width = self.plan.update_lanes
        slots = self.plan.word_bits // width
        word = Signal(self.plan.word_bits)
        slot = Signal(range(slots))
        merged = Signal.like(word)
        addr = Signal.like(self.write.addr, init=self.first_word)
        m.d.comb += [
            self.pooled.ready.eq(1),
            merged.eq(word | Cat(Mux(slot == i, pooled.spikes, 0) for i in range(slots))),
            self.write.addr.eq(addr),
            self.idle.eq(~self.write.en),
        ]
        m.d.sync += self.write.en.eq(0)
        with m.If(self.pooled.valid):
            with m.If((slot == slots - 1) | pooled.row_end):
                m.d.sync += [
                    self.write.en.eq(1),
                    self.write.data.eq(merged),
                    word.eq(0),
                    slot.eq(0),
                ]
            with m.Else():
                m.d.sync += [word.eq(merged), slot.eq(slot + 1)]
        with m.If(self.write.en):
            at_end = addr == self.plan.map_words - 1
            m.d.sync += addr.eq(Mux(at_end, self.first_word, addr + 1))
        return m
