"""What is loaded at run time beside the tables: pruned lane groups, and how many time steps."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...plan.loadable import WORD_BITS, groups_target
from ...plan.stage_plan import StagePlan
from ..configurator import write_port


class Skips(wiring.Component):
    """Keep one bit a lane group, whether it is pruned and so skipped, and the last time step.

    The bits of all layers follow each other, so those of the layer at work are a slice that its
    number chooses. A reset keeps everything, as it keeps what memories hold.

    Members
    -------
    load : In(write_port), as the target 'groups' of `loadable.targets`
    index, walk_index : In(…), of the layers that update and walker are at, in the stage
    update_skips, walk_skips : Out(…), the bits of those layers
    final_step : Out(…), the number of the last time step
    """

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        index = range(max(2, plan.count))
        super().__init__(
            {
                "load": In(write_port(groups_target(plan))),
                "index": In(index),
                "walk_index": In(index),
                "update_skips": Out(unsigned(plan.most_groups)),
                "walk_skips": Out(unsigned(plan.most_groups)),
                "final_step": Out(range(max(2, plan.tables.steps)), init=plan.tables.steps - 1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        groups = [descriptor.groups for descriptor in self.plan.descriptors]
        pruned = Signal(sum(groups), reset_less=True)
        final_step = Signal.like(self.final_step, reset_less=True)
        m.d.comb += self.final_step.eq(final_step)
        with m.If(self.load.en):
            for index, bit in enumerate(pruned):
                with m.If(self.load.addr == index // WORD_BITS):
                    m.d.sync += bit.eq(self.load.data[index % WORD_BITS])
            with m.If(self.load.addr == groups_target(self.plan).depth - 1):
                m.d.sync += final_step.eq(self.load.data)
        for index, skips in (
            (self.index, self.update_skips),
            (self.walk_index, self.walk_skips),
        ):
            first = 0
            with m.Switch(index):
                for number, count in enumerate(groups):
                    with m.Case(number):
                        m.d.comb += skips.eq(pruned[first : first + count])
                    first += count
        return m
