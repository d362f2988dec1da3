"""The sequencer: which layer of which time step is at work."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..plan.stage_plan import StagePlan
from ..plan.terms import Terms
from ..plan.widths import bits_of
from .gather.walk_layout import WalkLayout
from .update.update_layout import UpdateLayout


def distance(plan: StagePlan, index: int) -> int:
    """Return how many layers the walker may have started before, and the update not finished.

    A layer that reads its predecessor waits for it. One that reads no map of the stage, or one of
    long before, waits for nothing, and as many are at work as the stage's shape says.
    """
    names, descriptor = plan.names, plan.descriptors[index]
    found = [plan.shape.ahead]
    for source in descriptor.sources:
        if source.name in names:
            found.append(index - names.index(source.name) + source.lag * plan.count)
    return min(found)


class Sequencer(wiring.Component):
    """Start walker and update on one layer after the other, time step after time step.

    Each goes through all layers in order, the walker ahead of the update: it starts a layer as soon
    as the maps that it reads are complete, while the update still finishes the one before. How far
    it may be ahead is a constant of the layer, `distance`. The layers' numbers are constants, so
    most of them cost no logic. A layer is offered `latency` cycles after it was started.

    Parameters
    ----------
    plan
        Of the stage.
    streams
        It can be told to let time steps follow each other without end.

    Members
    -------
    streaming : In(1), where it `streams`: every step is an inference of its own, which finds what
        the one before has left; static but in a reset
    final_step : In(…), the number of the last time step, where it can be loaded; or it is the
        tables' own
    available : In(external sources), which of them have a map that the walker has not passed
    advance : Out(external sources), pulses when the walker has passed a source's map
    release : Out(external sources), pulses when nobody needs a source's oldest map any more
    walks : Out(stream.Signature(WalkLayout))
    walk_index : Out(…), of the layer that the walker is at, in the stage
    walk_first_step : Out(1 + waits), of the walker: bit 0, and a bit for each of `plan.waits`, of
        so many first steps
    walk_odd_step : Out(1), of the walker
    updates : Out(stream.Signature(UpdateLayout))
    written : In(1), the maps of all chunks sent are in the memory
    starts : Out(1), pulses before the update starts a layer
    index : Out(…), of the layer that the update is at, in the stage
    first_step, last_step, odd_step : Out(1), of the update; `odd_step` alternates
    begins : Out(1), of the update: the step is the first of an inference
    record, replay : Out(1), the update's sums are to be kept, or were kept and are sent again
    walk_turns, turns : Out(1), pulse when walker or update ends a time step, where `plan.rings`
    """

    latency = 1

    def __init__(self, plan: StagePlan, *, streams: bool = False) -> None:
        self.plan, self.streams = plan, streams
        self.walk_layout = WalkLayout(plan)
        self.update_layout = UpdateLayout(plan)
        external = len(plan.external)
        index = range(max(2, plan.count))
        super().__init__(
            {
                "final_step": In(range(max(2, plan.tables.steps)), init=plan.tables.steps - 1),
                "available": In(external),
                "advance": Out(external),
                "release": Out(external),
                "walks": Out(stream.Signature(self.walk_layout)),
                "walk_index": Out(index),
                "walk_first_step": Out(1 + len(plan.waits), init=-1),
                "walk_odd_step": Out(1),
                "updates": Out(stream.Signature(self.update_layout)),
                "written": In(1),
                "starts": Out(1),
                "index": Out(index),
                "first_step": Out(1, init=1),
                "last_step": Out(1),
                "begins": Out(1),
                "odd_step": Out(1),
                "record": Out(1),
                "replay": Out(1),
            }
            | (dict.fromkeys(("walk_turns", "turns"), Out(1)) if plan.rings else {})
            | ({"streaming": In(1)} if streams else {})
        )

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the bits or counts of gates that the sequencer's cells grow with, by term."""
        terms: Terms = {
            "steps": bits_of(max(2, plan.tables.steps)),
            "index": (plan.count - 1).bit_length(),
            "external": len(plan.external),
            "layers": plan.count,
            "walk": WalkLayout(plan).varying,
        }
        return terms | ({"waits": len(plan.waits)} if plan.waits else {})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Layers that the walker has started and the update not finished.
        lead = Signal(range(self.plan.shape.ahead + 1))
        walk_starts, finished = Signal(), Signal()
        m.d.sync += lead.eq(lead + walk_starts - finished)
        self._walk(m, lead, walk_starts)
        self._update(m, lead, finished)
        return m

    def _turn(
        self, m: Module, index: Signal, step: Signal, first: Signal, odd: Signal, pulses: Signal
    ) -> None:
        """Go to the next layer, and at the last one to the next time step, with a pulse.

        `first` are flip-flops: one stands before the longest path of the update.
        """
        m.d.sync += index.eq(index + 1)
        with m.If(index == self.plan.count - 1):
            m.d.sync += [index.eq(0), step.eq(step + 1), first[0].eq(0), odd.eq(~odd)]
            for bit, wait in zip(first[1:], self.plan.waits, strict=False):
                with m.If(step == wait - 1):
                    m.d.sync += bit.eq(0)
            ends: Value = step == self.final_step
            with m.If(ends & ~self.streaming if self.streams else ends):
                m.d.sync += [step.eq(0), first.eq(-1)]
            for number, name in enumerate(self.plan.external):
                once = name == "input" and self.plan.tables.input.constant
                m.d.comb += pulses[number].eq(self._or_streaming(ends) if once else 1)

    def _or_streaming(self, value: Value) -> Value:
        """Return a value that is also 1 where every step is an inference of its own."""
        return value | self.streaming if self.streams else value

    def _step(self, name: str) -> Signal:
        """Return a counter of time steps, which in a stream goes on over the `waits`."""
        most = max(self.plan.waits, default=0) + 1 if self.streams else 0
        return Signal(range(max(2, self.plan.tables.steps, most)), name=name)

    def _walk(self, m: Module, lead: Signal, starts: Signal) -> None:
        """Take the walker from layer to layer, when the maps are there."""
        plan = self.plan
        step = self._step("walk_step")
        started, may, skipped, done = Signal(), Signal(), Signal(), Signal()
        # Flip-flops, which what layers have in common needs none of: long paths start here.
        walk = Signal(self.walk_layout, init=self.walk_layout.layers[0])
        chosen = Signal(self.walk_layout)
        with m.Switch(self.walk_index):
            for number, descriptor in enumerate(plan.descriptors):
                with m.Case(number) if number < plan.count - 1 else m.Default():
                    names = {source.name for source in descriptor.sources}
                    needed = sum(1 << i for i, name in enumerate(plan.external) if name in names)
                    m.d.comb += [
                        chosen.eq(self.walk_layout.const(self.walk_layout.layers[number])),
                        may.eq(
                            ((self.available & needed) == needed) & (lead < distance(plan, number))
                        ),
                    ]
                    if descriptor.name in plan.held:
                        m.d.comb += skipped.eq(~self._or_streaming(self.walk_first_step[0]))
        m.d.comb += [
            starts.eq(~started & may),
            self.walks.payload.eq(walk),
            self.walks.valid.eq(started & ~skipped),
            done.eq(started & (self.walks.ready | skipped)),
        ]
        with m.If(starts):
            m.d.sync += started.eq(1)
        with m.If(~started):
            m.d.sync += walk.eq(chosen)
        with m.If(done):
            m.d.sync += started.eq(0)
            self._turn(
                m, self.walk_index, step, self.walk_first_step, self.walk_odd_step, self.advance
            )
            if plan.rings:
                m.d.comb += self.walk_turns.eq(self.walk_index == plan.count - 1)

    def _update(self, m: Module, lead: Signal, finished: Signal) -> None:
        """Take the update from layer to layer, when the one before has written its map.

        It waits for the walker to start the layer, so it reads nothing ahead between inferences,
        when parameters may be loaded.
        """
        plan = self.plan
        step = self._step("update_step")
        started, updated = Signal(), Signal()
        with m.Switch(self.index):
            for number, descriptor in enumerate(plan.descriptors):
                with m.Case(number) if number < plan.count - 1 else m.Default():
                    m.d.comb += self.updates.payload.eq(
                        self.update_layout.const(self.update_layout.layers[number])
                    )
                    holds = descriptor.name in plan.held
                    m.d.comb += [
                        self.record.eq(self.begins & holds),
                        self.replay.eq(~self.begins & holds),
                    ]
        m.d.comb += [
            self.last_step.eq(self._or_streaming(step == self.final_step)),
            self.begins.eq(self._or_streaming(self.first_step)),
            self.starts.eq(~started & (lead != 0)),
            self.updates.valid.eq(started & ~updated),
            finished.eq(updated & self.written),
        ]
        with m.If(self.starts):
            m.d.sync += started.eq(1)
        with m.If(self.updates.valid & self.updates.ready):
            m.d.sync += updated.eq(1)
        with m.If(finished):
            m.d.sync += [started.eq(0), updated.eq(0)]
            self._turn(m, self.index, step, self.first_step, self.odd_step, self.release)
            if plan.rings:
                m.d.comb += self.turns.eq(self.index == plan.count - 1)
