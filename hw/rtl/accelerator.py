"""The accelerator: what a board, a bench or a user's own design instantiates."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ..plan.identity import shape_sha256
from ..plan.loadable import IDENTITY, WORD_BITS
from ..plan.plan import Plan
from ..plan.support import UnsupportedError, unstreamable
from .configurator import Configurator
from .dealing import Broadcast, Collector, Dealer
from .memory import RegisteredMemory, read_signature
from .observe import ObserveLayout
from .pipeline import Chain, Pipeline, memories
from .update.readout import ResultLayout


class Accelerator(wiring.Component):
    """A network on hardware: input maps in, one value a class and the class out.

    After reset it waits for the first input; inferences follow each other without a gap. Every
    stream may be stalled at any time. A potential or a count starts anew with each inference, so
    nothing has to be cleared. Stages work on different time steps at the same time, and replicas of
    the whole chain on different samples: they are dealt out in turn, and answered in their order.

    Parameters
    ----------
    plan
        How the network lies on it.
    streams
        It can let time steps follow each other without end, each with an answer of its own.
    counts
        It tells how many weight rows are added.

    Members
    -------
    input : In(stream.Signature(unsigned(plan.word_bits)))
        Words of the input map, as `Plan.pack_input` gives them.
    output : Out(stream.Signature(ResultLayout))
        One transfer a class in ascending order; at `last`, `prediction` is the network's answer.
    observe : Out(stream.Signature(ObserveLayout))
        Every update of every layer, for benches; where it is unconnected tie `ready` to 1 and
        synthesis removes it. A plan with several stages or replicas has one for each; see
        `Plan.observers`.
    config : In(stream.Signature(unsigned(32)))
        Where the plan is configurable: other weights, parameters and masks, as `loading.words`
        gives them. Only between inferences. This and the following are only there then.
    config_refused, config_finished : Out(1)
        As `refused` and `finished` of `Configurator`.
    identity : In(read_signature(6, 8))
        32 bytes of `identity.shape_sha256`, and 32 of the tables that were loaded last, at first
        those of the plan. As of `RegisteredMemory`.
    streaming : In(1)
        Where it `streams`: every time step is an inference of its own, of one map, which finds
        potentials and earlier maps as the one before has left them. Static but in a reset.
    events : Out(range(banks + 1))
        Where it `counts`: weight rows that all banks of all stages and replicas added in a cycle,
        some later.

    Raises
    ------
    UnsupportedError
        Where it shall stream, and a layer sees a source further back than an inference is long: so
        many maps aren't kept; or the plan has several replicas.
    """

    def __init__(self, plan: Plan, *, streams: bool = False, counts: bool = False) -> None:
        self.plan, self.streams, self.counts = plan, streams, counts
        if streams:
            if found := unstreamable(plan.tables, plan.replicas):
                raise UnsupportedError(found)
        members = {
            "input": In(stream.Signature(unsigned(plan.word_bits))),
            "output": Out(stream.Signature(ResultLayout(plan.stages[0]))),
        }
        members |= {name: Out(stream.Signature(ObserveLayout(plan))) for name in plan.observers}
        if plan.configurable:
            members["config"] = In(stream.Signature(unsigned(WORD_BITS)))
            members |= {"config_refused": Out(1), "config_finished": Out(1)}
            members["identity"] = In(read_signature(6, 8))
        if streams:
            members["streaming"] = In(1)
        if counts:
            banks = sum(stage.banks for stage in plan.stages)
            members["events"] = Out(range(plan.replicas * banks + 1))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self.plan
        observe = [flipped(getattr(self, name)) for name in plan.observers]
        if plan.replicas > 1:
            self._deal(m, observe)
            return m
        chain = Chain(plan, self, observe, streams=self.streams, counts=self.counts)
        chain.add(m)
        if plan.configurable:
            self._configure(m, chain.loads)
        if self.counts:
            m.d.sync += self.events.eq(chain.events)
        chain.join(m)
        return m

    def _deal(self, m: Module, observe: Sequence[Any]) -> None:
        """Build the replicas, and what deals the samples out and collects the answers."""
        plan, stages = self.plan, len(self.plan.stages)
        m.submodules.dealer = dealer = Dealer(plan)
        m.submodules.collector = collector = Collector(plan)
        connect(m, flipped(self.input), dealer.input)
        connect(m, collector.output, flipped(self.output))
        replicas = []
        for number in range(plan.replicas):
            replica = m.submodules[f"replica_{number}"] = Pipeline(plan, counts=self.counts)
            connect(m, dealer.outputs[number], replica.input)
            connect(m, replica.output, collector.inputs[number])
            for stage, seen in enumerate(observe[number * stages : (number + 1) * stages]):
                connect(m, getattr(replica, f"observe_{stage}"), seen)
            replicas.append(replica)
        if plan.configurable:
            m.submodules.broadcast = broadcast = Broadcast(plan, memories(plan))
            writes = range(len(broadcast.memories))
            self._configure(m, [getattr(broadcast, f"write_{number}") for number in writes])
            for number in writes:
                for load, replica in zip(
                    getattr(broadcast, f"loads_{number}"), replicas, strict=True
                ):
                    connect(m, load, getattr(replica, f"load_{number}"))
            m.d.comb += [
                dealer.final_step.eq(broadcast.final_step),
                collector.final_step.eq(broadcast.final_step),
            ]
        if self.counts:
            m.d.comb += self.events.eq(_added(m, [replica.events for replica in replicas]))

    def _configure(self, m: Module, loads: Sequence[Any]) -> None:
        """Load the memories of all stages, and that of the identity, which synthesis fills."""
        known = shape_sha256(self.plan) + self.plan.tables.sha256
        m.submodules.identity = identity = RegisteredMemory(
            width=IDENTITY.width, depth=2 * IDENTITY.depth, init=list(bytes.fromhex(known))
        )
        m.submodules.configurator = config = Configurator([*memories(self.plan), IDENTITY])
        connect(m, flipped(self.config), config.config)
        for number, load in enumerate(loads):
            connect(m, getattr(config, f"write_{number}"), load)
        loaded = getattr(config, f"write_{len(loads)}")
        connect(m, flipped(self.identity), identity.read)
        m.d.comb += [
            identity.write.en.eq(loaded.en),
            identity.write.addr.eq(Cat(loaded.addr, 1)),
            identity.write.data.eq(loaded.data),
            self.config_refused.eq(config.refused),
            self.config_finished.eq(config.finished),
        ]


def _added(m: Module, counts: Sequence[Value]) -> Value:
    """Return the sum of some counts, later by a cycle for each level of a tree of adders."""
    level = list(counts)
    while len(level) > 1:
        sums = []
        for first, *others in (level[i : i + 2] for i in range(0, len(level), 2)):
            total = sum(others, first)
            held = Signal.like(total)
            m.d.sync += held.eq(total)
            sums.append(held)
        level = sums
    return level[0]
