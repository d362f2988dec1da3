"""Held currents: the sums of layers whose input is constant, computed in the first step only."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ...plan import memories
from ...plan.stage_plan import StagePlan
from ...plan.terms import Terms
from ...plan.widths import bits_of
from ..memory import RegisteredMemory
from .array import sum_layout


class Currents(wiring.Component):
    """Pass sums on and keep those of the layers in `plan.held`; in later steps send them again.

    Layers are recorded and replayed in the same order, so the address only counts. Replaying takes
    one cycle a chunk, so the update is what limits such a layer.

    Members
    -------
    record, replay : In(1), static while a layer is at work; not both
    starts : In(1), pulses before a layer starts
    chunks : In(…), static: chunks of the layer in a time step, unused ones too
    fresh : In(stream.Signature(sum_layout))
    sums : Out(stream.Signature(sum_layout))
    """

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        self.depth = memories.currents(plan).depth
        signature = stream.Signature(sum_layout(plan))
        super().__init__(
            {
                "record": In(1),
                "replay": In(1),
                "starts": In(1),
                "chunks": In(range(self.depth + 1)),
                "fresh": In(signature),
                "sums": Out(signature),
            }
        )

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the terms of the held currents."""
        return {
            "left": bits_of(plan.held_words),
            "sums": plan.update_lanes * plan.accumulator_bits,
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = RegisteredMemory.of(memories.currents(self.plan))
        sent, move = Signal(), Signal()
        left = Signal(range(self.depth + 1))  # chunks whose read is still to start
        coming = Signal(2)  # reads on their way
        m.d.comb += [
            sent.eq(self.fresh.valid & self.fresh.ready),
            memory.write.en.eq(sent & self.record),
            memory.write.data.eq(self.fresh.payload),
            memory.read.en.eq(move),
            move.eq(~coming[-1] | (self.sums.ready & self.replay)),
            self.fresh.ready.eq(self.sums.ready & ~self.replay),
            self.sums.valid.eq(Mux(self.replay, coming[-1], self.fresh.valid)),
            self.sums.payload.eq(Mux(self.replay, memory.read.data, self.fresh.payload)),
        ]
        with m.If(move):
            m.d.sync += coming.eq(Cat(left != 0, coming[0]))
            with m.If(left != 0):
                m.d.sync += left.eq(left - 1)
        for port, step in ((memory.read, move & (left != 0)), (memory.write, memory.write.en)):
            with m.If(step):
                at_end = port.addr == self.plan.held_words - 1
                m.d.sync += port.addr.eq(Mux(at_end, 0, port.addr + 1))
        with m.If(self.starts & self.replay):
            m.d.sync += left.eq(self.chunks)
        return m
