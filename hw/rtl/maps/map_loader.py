"""The loader: takes the maps of one source from outside the stage into its buffers."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ...plan.stage_plan import StagePlan
from ...plan.terms import Terms, address_bits
from ...plan.widths import bits_of
from ..memory import write_signature
from .ring import Ring, bases_layout


class Loader(wiring.Component):
    """Fill the buffers of a source in turn, and say where the map lies that is to be read.

    Words come row by row, those of the bit planes of a word one after the other, lowest first. The
    memory is written in the cycle in which a word is taken. Of a source that is seen late, maps of
    earlier steps stay behind the buffers, in a ring with them: a map that is released is
    overwritten as many maps later.

    Members
    -------
    words : In(stream.Signature(unsigned(word_bits)))
    may_write : In(1), the memory's write port is free
    write : Out(write_signature) of the map memory
    available : Out(1), the map at `base` is complete
    base : Out(…), address of the oldest map that was not passed
    advance : In(1), pass the map at `base`; only while `available`
    release : In(1), the oldest map's buffer is free again; only after it was passed, or as the one
        at `base`, which the walker may still pass over without reading, once
    before : Out(ArrayLayout(unsigned, lags)), addresses of the maps of so many steps before `base`,
        for each of `lags`, which are there if there are any
    """

    def __init__(self, plan: StagePlan, name: str) -> None:
        self.plan, self.name = plan, name
        self.map = plan.map(name)
        self.first = plan.map_bases[name]
        self.buffers = plan.buffers[name]
        self.copies = plan.map_buffers(name)
        self.lags = plan.lags[name][1:]
        self.depth = plan.map_words
        addr_bits = address_bits(plan)
        super().__init__(
            {
                "words": In(stream.Signature(unsigned(plan.word_bits))),
                "may_write": In(1),
                "write": Out(write_signature(addr_bits, plan.word_bits)),
                "available": Out(1),
                "base": Out(unsigned(addr_bits), init=self.first),
                "advance": In(1),
                "release": In(1),
            }
            | ({"before": Out(bases_layout(plan, len(self.lags)))} if self.lags else {})
        )

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the terms of the loaders of all sources."""
        terms = {"address": 0, "place": 0, "planes": 0, "buffers": 0, "one": 0}
        for name in plan.external:
            source = plan.map(name)
            terms["address"] += address_bits(plan)
            terms["place"] += bits_of(max(2, source.plane_words))
            terms["planes"] += (source.planes > 1) * bits_of(source.words)
            terms["buffers"] += plan.buffers[name]
            terms["one"] += 1
        return dict(terms)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words, planes = self.map.plane_words, self.map.planes
        last_base = self.first + (self.copies - 1) * self.map.words
        full = Signal(range(self.buffers + 1))  # buffers with a map that is still needed
        unread = Signal(range(self.buffers + 2))  # maps that were not passed
        filling = Signal.like(self.write.addr, init=self.first)
        place, plane = Signal(range(max(2, words))), Signal(range(max(2, planes)))
        offset = Signal(range(max(2, self.map.words)))  # of the plane
        take, complete = Signal(), Signal()
        m.d.comb += [
            self.words.ready.eq(self.may_write & (full != self.buffers)),
            take.eq(self.words.valid & self.words.ready),
            complete.eq(take & (plane == planes - 1) & (place == words - 1)),
            self.write.en.eq(take),
            self.write.addr.eq(filling + place + offset),
            self.write.data.eq(self.words.payload),
            self.available.eq(unread != 0),
        ]
        with m.If(take):
            m.d.sync += [plane.eq(plane + 1), offset.eq(offset + words)]
            with m.If(plane == planes - 1):
                m.d.sync += [
                    plane.eq(0),
                    offset.eq(0),
                    place.eq(Mux(place == words - 1, 0, place + 1)),
                ]
        for base, step in ((filling, complete), (self.base, self.advance)):
            with m.If(step):
                m.d.sync += base.eq(Mux(base == last_base, self.first, base + self.map.words))
        m.d.sync += [
            full.eq(full + complete - self.release),
            unread.eq(unread + complete - self.advance),
        ]
        if self.lags:
            m.submodules.ring = ring = Ring(self.plan, self.name, self.lags)
            m.d.comb += [ring.turns.eq(self.advance), self.before.eq(ring.bases)]
        return m
