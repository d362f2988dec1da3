"""A short first-in first-out queue in flip-flops."""

from amaranth.hdl import Module, Mux, ShapeLike, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..plan.stage_plan import StagePlan
from ..plan.terms import Terms, field_bits


class Queue(wiring.Component):
    """Hold up to `depth` payloads, so that a producer can run ahead of its consumer.

    Payloads move towards the output, so the output comes from flip-flops; `input.ready` does not
    depend on `output.ready`. Latency is one cycle when empty, throughput one payload a cycle for a
    depth of 2 and more.

    Members
    -------
    input : In(stream.Signature(shape))
    output : Out(stream.Signature(shape))
    """

    def __init__(self, shape: ShapeLike, depth: int) -> None:
        if depth < 2:
            raise ValueError(f"Queue depth must be 2 or more, not {depth}")
        self.shape = shape
        self.depth = depth
        super().__init__(
            {"input": In(stream.Signature(shape)), "output": Out(stream.Signature(shape))}
        )

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the terms of the queues of words and of pooled maps."""
        fields = plan.word_row_bits + field_bits(plan)
        pooled = plan.update_lanes * plan.count_bits + 2
        return {
            "word": plan.word_bits + plan.banks * fields,
            "pooled": pooled,
            "banks": plan.banks,
            "one": 1,
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        slots = [Signal(self.shape, name=f"slot_{i}") for i in range(self.depth)]
        used = [Signal(name=f"used_{i}") for i in range(self.depth)]
        push = Signal()
        pop = Signal()
        m.d.comb += [
            self.input.ready.eq(~used[-1]),
            self.output.valid.eq(used[0]),
            self.output.payload.eq(slots[0]),
            push.eq(self.input.valid & self.input.ready),
            pop.eq(self.output.valid & self.output.ready),
        ]
        for i in range(self.depth):
            behind = slots[i + 1] if i + 1 < self.depth else self.input.payload
            used_behind = used[i + 1] if i + 1 < self.depth else 0
            with m.If(pop | ~used[i]):
                m.d.sync += slots[i].eq(Mux(used_behind, behind, self.input.payload))
            used_before = used[i - 1] if i else 1
            # After a pop slot i holds what was in i + 1; a push fills the first free slot.
            with m.If(pop):
                m.d.sync += used[i].eq(used_behind | (push & used[i]))
            with m.Elif(push):
                m.d.sync += used[i].eq(used_before)
        return m
