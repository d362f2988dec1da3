"""Pooling: the most or the sum of a window's spikes, while its positions pass one by one."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from ...plan.stage_plan import StagePlan
from ...plan.terms import Terms
from ..update.update_layout import ChunkLayout, spike_bits


class PooledLayout(StructLayout):
    """Pooled spikes or counts of a chunk; `tail` and `row_end` as in `ChunkLayout`."""

    def __init__(self, plan: StagePlan) -> None:
        counts = ArrayLayout(unsigned(plan.count_bits), plan.update_lanes)
        super().__init__({"counts": counts, "tail": 1, "row_end": 1})


class Pool(wiring.Component):
    """Join the chunks of a pooling window, and send one chunk for each when it is complete.

    Positions come window by window, so one count a lane is all the memory. No latency.

    Members
    -------
    adds : In(1), static: count the spikes, otherwise take the most: the OR of single ones
    chunks : In(stream.Signature(ChunkLayout))
    pooled : Out(stream.Signature(PooledLayout))
    """

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        super().__init__(
            {
                "adds": In(1),
                "chunks": In(stream.Signature(ChunkLayout(plan))),
                "pooled": Out(stream.Signature(PooledLayout(plan))),
            }
        )

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the bits or counts of gates that the pool's cells grow with, by term."""
        windows = any(d.window != (1, 1) and not d.combines for d in plan.descriptors)
        counts = plan.count_bits
        adds = any(d.counts for d in plan.descriptors)
        return {
            "so_far": plan.lanes * counts * windows,
            "lanes": plan.update_lanes,
            "adds": plan.update_lanes * counts * adds,
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        chunk, pooled = self.chunks.payload, self.pooled.payload
        bits, width = self.plan.count_bits, self.plan.update_lanes
        several = spike_bits(self.plan)
        so_far = Signal(ArrayLayout(unsigned(bits * width), self.plan.lanes // width))
        before = so_far[chunk.chunk]
        for lane in range(width):
            count = Mux(chunk.first, 0, before.word_select(lane, bits))
            spike = chunk.spikes[lane]
            with m.If(self.adds):
                m.d.comb += pooled.counts[lane].eq(count + spike)
            with m.Else():
                most = count | spike if several == 1 else Mux(spike > count, spike, count)
                m.d.comb += pooled.counts[lane].eq(most)
        m.d.comb += [
            pooled.tail.eq(chunk.tail),
            pooled.row_end.eq(chunk.row_end),
            self.pooled.valid.eq(self.chunks.valid & chunk.final),
            self.chunks.ready.eq(self.pooled.ready | ~chunk.final),
        ]
        with m.If(self.chunks.valid & ~chunk.final):
            m.d.sync += so_far[chunk.chunk].eq(pooled.counts)
        return m
