"""Max pooling: the OR of the spikes of a window, while its positions pass one after the other."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from .plan import Plan
from .update import ChunkLayout


class PooledLayout(StructLayout):
    """Pooled spikes of a chunk; `tail` and `row_end` as in `ChunkLayout`."""

    def __init__(self, plan: Plan) -> None:
        super().__init__({"spikes": unsigned(plan.update_lanes), "tail": 1, "row_end": 1})


class Pool(wiring.Component):
    """OR the chunks of a pooling window, and send one chunk for each when the window is complete.

    Positions come window by window, so one bit a lane is all the memory. No latency.

    Members
    -------
    chunks : In(stream.Signature(ChunkLayout))
    pooled : Out(stream.Signature(PooledLayout))
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        super().__init__(
            {
                "chunks": In(stream.Signature(ChunkLayout(plan))),
                "pooled": Out(stream.Signature(PooledLayout(plan))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the pool."""
        m = Module()
        chunk, pooled = self.chunks.payload, self.pooled.payload
        width = self.plan.update_lanes
        so_far = Signal(ArrayLayout(unsigned(width), self.plan.lanes // width))
        merged = Signal(width)
        m.d.comb += [
            merged.eq(chunk.spikes | Mux(chunk.first, 0, so_far[chunk.chunk])),
            pooled.spikes.eq(merged),
            pooled.tail.eq(chunk.tail),
            pooled.row_end.eq(chunk.row_end),
            self.pooled.valid.eq(self.chunks.valid & chunk.final),
            self.chunks.ready.eq(self.pooled.ready | ~chunk.final),
        ]
        with m.If(self.chunks.valid & ~chunk.final):
            m.d.sync += so_far[chunk.chunk].eq(merged)
        return m
