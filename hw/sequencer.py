"""The sequencer: which layer of which time step is at work."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from .plan import Plan
from .update import UpdateLayout
from .walker import WalkLayout


def constant(layout: StructLayout, values: dict[str, int]) -> Value:
    """Return a layout's value as a constant."""
    return layout.const(values).as_value()


class Sequencer(wiring.Component):
    """Start walker and update on one layer after the other, time step after time step.

    A layer starts when the one before has written its map, and the first layer that reads the input
    when a buffer is full. The layers' numbers are constants, so most of them cost no logic.

    Members
    -------
    full : In(2), which input buffers hold a map
    release : Out(2), pulses when a buffer has been read for the last time
    walks : Out(stream.Signature(WalkLayout))
    updates : Out(stream.Signature(UpdateLayout))
    written : In(1), all maps of the chunks sent are in the memory
    layer : Out(range(layers)), at work
    first_step, last_step : Out(1)
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.walk_layout = WalkLayout(plan)
        self.update_layout = UpdateLayout(plan)
        super().__init__(
            {
                "full": In(2),
                "release": Out(2),
                "walks": Out(stream.Signature(self.walk_layout)),
                "updates": Out(stream.Signature(self.update_layout)),
                "written": In(1),
                "layer": Out(range(max(2, len(plan.descriptors)))),
                "first_step": Out(1),
                "last_step": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the sequencer."""
        m = Module()
        plan = self.plan
        steps = plan.tables.steps
        final = len(plan.descriptors) - 1
        step = Signal(range(max(2, steps)))
        buffer = Signal()
        started = Signal()
        waits = Signal()  # the layer reads the input, which is not there yet
        with m.Switch(self.layer):
            for number, descriptor in enumerate(plan.descriptors):
                with m.Case(number) if number < final else m.Default():
                    m.d.comb += self.updates.payload.as_value().eq(
                        constant(self.update_layout, UpdateLayout.values(plan, number))
                    )
                    for side in (0, 1):
                        with m.If(buffer == side):
                            m.d.comb += self.walks.payload.as_value().eq(
                                constant(self.walk_layout, WalkLayout.values(descriptor, side))
                            )
                    if descriptor.source == "input":
                        m.d.comb += waits.eq(~self.full.bit_select(buffer, 1))

        m.d.comb += [
            self.first_step.eq(step == 0),
            self.last_step.eq(step == steps - 1),
        ]
        walked = Signal()
        updated = Signal()
        with m.If(~started):
            m.d.sync += started.eq(~waits)
        m.d.comb += [
            self.walks.valid.eq(started & ~walked),
            self.updates.valid.eq(started & ~updated),
        ]
        with m.If(self.walks.valid & self.walks.ready):
            m.d.sync += walked.eq(1)
        with m.If(self.updates.valid & self.updates.ready):
            m.d.sync += updated.eq(1)
        with m.If(walked & updated & self.written):
            m.d.sync += [
                started.eq(0),
                walked.eq(0),
                updated.eq(0),
                self.layer.eq(self.layer + 1),
            ]
            with m.If(self.layer == final):
                m.d.sync += [self.layer.eq(0), step.eq(step + 1), buffer.eq(~buffer)]
                m.d.comb += self.release.bit_select(buffer, 1).eq(1)
                with m.If(self.last_step):
                    m.d.sync += step.eq(0)
        return m
