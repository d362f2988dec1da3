"""The sequencer: which layer of which time step is at work."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .stage_plan import StagePlan
from .update import UpdateLayout
from .walker import WalkLayout


class Sequencer(wiring.Component):
    """Start walker and update on one layer after the other, time step after time step.

    A layer starts when the one before has written its map, and all sources from outside that it
    reads are available. The layers' numbers are constants, so most of them cost no logic.

    Members
    -------
    available : In(external sources), which of them are there
    release : Out(external sources), pulses when a source's map has been read for the last time
    walks : Out(stream.Signature(WalkLayout))
    updates : Out(stream.Signature(UpdateLayout))
    written : In(1), the maps of all chunks sent are in the memory
    starts : Out(1), pulses before a layer starts
    index : Out(…), of the layer at work, in the stage
    record, replay : Out(1), the layer's sums are to be kept, or were kept and are sent again
    first_step, last_step : Out(1)
    odd_step : Out(1), alternates
    """

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        self.walk_layout = WalkLayout(plan)
        self.update_layout = UpdateLayout(plan)
        external = len(plan.external)
        super().__init__(
            {
                "available": In(external),
                "release": Out(external),
                "walks": Out(stream.Signature(self.walk_layout)),
                "updates": Out(stream.Signature(self.update_layout)),
                "written": In(1),
                "starts": Out(1),
                "index": Out(range(max(2, plan.count))),
                "record": Out(1),
                "replay": Out(1),
                "first_step": Out(1),
                "last_step": Out(1),
                "odd_step": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the sequencer."""
        m = Module()
        plan = self.plan
        steps = plan.tables.steps
        final = plan.count - 1
        step = Signal(range(max(2, steps)))
        ready = Signal(init=1)  # every source from outside is there
        with m.Switch(self.index):
            for number, descriptor in enumerate(plan.descriptors):
                with m.Case(number) if number < final else m.Default():
                    m.d.comb += [
                        self.walks.payload.eq(
                            self.walk_layout.const(self.walk_layout.layers[number])
                        ),
                        self.updates.payload.eq(
                            self.update_layout.const(self.update_layout.layers[number])
                        ),
                    ]
                    names = {source.name for source in descriptor.sources}
                    needed = sum(1 << i for i, name in enumerate(plan.external) if name in names)
                    m.d.comb += ready.eq((self.available & needed) == needed)
                    if descriptor.name in plan.held:
                        m.d.comb += [
                            self.record.eq(self.first_step),
                            self.replay.eq(~self.first_step),
                        ]

        m.d.comb += [
            self.first_step.eq(step == 0),
            self.last_step.eq(step == steps - 1),
        ]
        started, walked, updated = Signal(), Signal(), Signal()
        m.d.comb += [
            self.starts.eq(~started & ready),
            self.walks.valid.eq(started & ~walked),
            self.updates.valid.eq(started & ~updated),
        ]
        with m.If(self.starts):
            m.d.sync += [started.eq(1), walked.eq(self.replay)]
        with m.If(self.walks.valid & self.walks.ready):
            m.d.sync += walked.eq(1)
        with m.If(self.updates.valid & self.updates.ready):
            m.d.sync += updated.eq(1)
        with m.If(walked & updated & self.written):
            m.d.sync += [
                started.eq(0),
                walked.eq(0),
                updated.eq(0),
                self.index.eq(self.index + 1),
            ]
            with m.If(self.index == final):
                m.d.sync += [self.index.eq(0), step.eq(step + 1), self.odd_step.eq(~self.odd_step)]
                with m.If(self.last_step):
                    m.d.sync += step.eq(0)
                for number, name in enumerate(plan.external):
                    once = name == "input" and plan.tables.input.constant
                    m.d.comb += self.release[number].eq(self.last_step if once else 1)
        return m
