"""What is loaded at run time beside the tables: pruned lane groups, and how many time steps."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import PureInterface

from ...plan.stage_plan import StagePlan
from ..gather.walker import Walker
from ..sequencer import Sequencer
from ..update.update import Update


def skip(
    m: Module,
    plan: StagePlan,
    load: PureInterface,
    *,
    sequencer: Sequencer,
    walker: Walker,
    update: Update,
) -> None:
    """Keep one bit a lane group, from the port `load`: the group is pruned, so skipped.

    And the number of time steps, behind them. A reset keeps both, as it keeps what memories hold.
    """
    count = sum(descriptor.groups for descriptor in plan.descriptors)
    pruned = Signal(count, reset_less=True)
    final_step = Signal.like(sequencer.final_step, reset_less=True)
    m.d.comb += sequencer.final_step.eq(final_step)
    with m.If(load.en):
        for index in range(count):
            with m.If(load.addr == index // len(load.data)):
                m.d.sync += pruned[index].eq(load.data[index % len(load.data)])
        with m.If(load.addr == -(-count // len(load.data))):
            m.d.sync += final_step.eq(load.data)
    for index, skips in (
        (sequencer.walk_index, walker.skips),
        (sequencer.index, update.skips),
    ):
        first = 0
        with m.Switch(index):
            for number, descriptor in enumerate(plan.descriptors):
                with m.Case(number):
                    m.d.comb += skips.eq(pruned[first : first + descriptor.groups])
                first += descriptor.groups
