"""The accelerator: what a board, a bench or a user's own design instantiates."""

from amaranth.hdl import Cat, Module, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ..plan.identity import shape_sha256
from ..plan.loadable import IDENTITY, WORD_BITS, targets
from ..plan.plan import Plan
from ..plan.support import UnsupportedError, unstreamable
from .configurator import Configurator
from .fork import Fork
from .memory import RegisteredMemory, read_signature
from .observe import ObserveLayout
from .stage import Stage
from .update.readout import ResultLayout


class Accelerator(wiring.Component):
    """A network on hardware: input maps in, one value a class and the class out.

    After reset it waits for the first input; inferences follow each other without a gap. Every
    stream may be stalled at any time. A potential or a count starts anew with each inference, so
    nothing has to be cleared. Stages work on different time steps at the same time.

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
        synthesis removes it. A plan with several stages has one for each: `observe_0` and so on.
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
        Where it `counts`: weight rows that all banks of all stages added in a cycle, some later.

    Raises
    ------
    UnsupportedError
        Where it shall stream, and a layer sees a source further back than an inference is long: so
        many maps aren't kept.
    """

    def __init__(self, plan: Plan, *, streams: bool = False, counts: bool = False) -> None:
        self.plan, self.streams, self.counts = plan, streams, counts
        if streams:
            if found := unstreamable(plan.tables):
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
            members["events"] = Out(range(sum(stage.banks for stage in plan.stages) + 1))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self.plan
        producers = {"input": flipped(self.input)}
        readers = {
            name: [index for index, stage in enumerate(plan.stages) if name in stage.external]
            for name in ["input", *(layer.name for layer in plan.tables.layers)]
        }
        stages = []
        for index, stage_plan in enumerate(plan.stages):
            exports = tuple(name for name in stage_plan.names if readers[name])
            stage = Stage(
                stage_plan, ObserveLayout(plan), exports, streams=self.streams, counts=self.counts
            )
            m.submodules[f"stage_{index}" if len(plan.stages) > 1 else "stage"] = stage
            connect(m, stage.observe, flipped(getattr(self, plan.observers[index])))
            if plan.tables.readout.layer in stage_plan.names:
                connect(m, stage.results, flipped(self.output))
            producers |= {name: getattr(stage, f"map_{name}") for name in exports}
            if self.streams:
                m.d.comb += stage.streaming.eq(self.streaming)
            stages.append(stage)
        if plan.configurable:
            self._configure(m, stages)
        if self.counts:
            m.d.sync += self.events.eq(sum((s.events for s in stages[1:]), stages[0].events))
        for name, indices in readers.items():
            sinks = [getattr(stages[index], f"source_{name}") for index in indices]
            if len(sinks) > 1:
                m.submodules[f"fork_{name}"] = fork = Fork(unsigned(plan.word_bits), len(sinks))
                connect(m, producers[name], fork.input)
                for output, sink in zip(fork.outputs, sinks, strict=True):
                    connect(m, output, sink)
            elif sinks:
                connect(m, producers[name], sinks[0])
        return m

    def _configure(self, m: Module, stages: list[Stage]) -> None:
        """Load the memories of all stages, and that of the identity, which synthesis fills."""
        known = shape_sha256(self.plan) + self.plan.tables.sha256
        m.submodules.identity = identity = RegisteredMemory(
            width=IDENTITY.width, depth=2 * IDENTITY.depth, init=list(bytes.fromhex(known))
        )
        memories = [(stage, target) for stage in stages for target in targets(stage.plan)]
        m.submodules.configurator = config = Configurator(
            [*(target for _, target in memories), IDENTITY]
        )
        connect(m, flipped(self.config), config.config)
        for number, (stage, target) in enumerate(memories):
            connect(m, getattr(config, f"write_{number}"), getattr(stage, f"load_{target.name}"))
        loaded = getattr(config, f"write_{len(memories)}")
        connect(m, flipped(self.identity), identity.read)
        m.d.comb += [
            identity.write.en.eq(loaded.en),
            identity.write.addr.eq(Cat(loaded.addr, 1)),
            identity.write.data.eq(loaded.data),
            self.config_refused.eq(config.refused),
            self.config_finished.eq(config.finished),
        ]
