"""The combiner: one sum of those of a window, for a pool before the neurons."""

from amaranth.hdl import Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from ...plan.stage_plan import StagePlan
from ...plan.terms import Terms
from ...plan.widths import bits_of
from ..gather.array import sum_layout


class Combiner(wiring.Component):
    """Take the largest of a window's sums, or add them up, while its positions pass one by one.

    Positions come window by window, so one sum a lane is all the memory. Of a layer without a pool
    of sums they pass as they are. No latency.

    Members
    -------
    combines : In(1), static: the layer has a pool of sums
    adds : In(1), static: it adds them up
    chunk : In(…), number of the chunk in its lane group
    opens : In(1), with the sums of a window's first position
    take : In(1), the sums are taken
    sums : In(sum_layout)
    combined : Out(ArrayLayout(signed(sum_bits), update_lanes)), of the window up to here
    """

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        super().__init__(
            {
                "combines": In(1),
                "adds": In(1),
                "chunk": In(unsigned(bits_of(plan.lanes // plan.update_lanes))),
                "opens": In(1),
                "take": In(1),
                "sums": In(sum_layout(plan)),
                "combined": Out(ArrayLayout(signed(plan.bounds.sum_bits), plan.update_lanes)),
            }
        )

    @staticmethod
    def needed(plan: StagePlan) -> bool:
        """Return whether a layer of the stage has a pool of sums."""
        return any(descriptor.combines for descriptor in plan.descriptors)

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return its terms: a sum of each lane is kept and chosen, each form adds or compares."""
        forms = {descriptor.combines for descriptor in plan.descriptors} - {""}
        kept = plan.lanes * bool(forms)
        return {"leak": plan.bounds.sum_bits * (kept + 2 * len(forms) * plan.update_lanes)}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits, width = self.plan.bounds.sum_bits, self.plan.update_lanes
        forms = {descriptor.combines for descriptor in self.plan.descriptors}
        so_far = Signal(ArrayLayout(unsigned(bits * width), self.plan.lanes // width))
        before = so_far[self.chunk]
        for lane in range(width):
            now, past = self.sums[lane], before.word_select(lane, bits).as_signed()
            both: Value = Mux(now > past, now, past)
            if "sum" in forms:
                both = Mux(self.adds, now + past, both) if "max" in forms else now + past
            m.d.comb += self.combined[lane].eq(Mux(self.combines & ~self.opens, both, now))
        with m.If(self.take):
            m.d.sync += so_far[self.chunk].eq(self.combined)
        return m
