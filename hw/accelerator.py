"""The accelerator: what a board, a bench or a user's own design instantiates."""

from amaranth.hdl import Module, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from .config import WORD_BITS, Configurator, targets
from .fork import Fork
from .observe import ObserveLayout
from .plan import Plan
from .readout import ResultLayout
from .stage import Stage


class Accelerator(wiring.Component):
    """A network on hardware: input maps in, one value a class and the class out.

    After reset it waits for the first input; inferences follow each other without a gap. Every
    stream may be stalled at any time. A potential or a count starts anew with each inference, so
    nothing has to be cleared. Stages work on different time steps at the same time.

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
        Where the plan is loadable: other weights, parameters and masks, as `loading.words` gives
        them. Only between inferences.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        members = {
            "input": In(stream.Signature(unsigned(plan.word_bits))),
            "output": Out(stream.Signature(ResultLayout(plan.stages[0]))),
        }
        members |= {name: Out(stream.Signature(ObserveLayout(plan))) for name in self.observers}
        if plan.loadable:
            members["config"] = In(stream.Signature(unsigned(WORD_BITS)))
        super().__init__(members)

    @property
    def observers(self) -> tuple[str, ...]:
        """Names of the observation streams, one a stage."""
        count = len(self.plan.stages)
        return ("observe",) if count == 1 else tuple(f"observe_{i}" for i in range(count))

    def elaborate(self, platform: object) -> Module:
        """Build the accelerator."""
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
            stage = Stage(stage_plan, ObserveLayout(plan), exports)
            m.submodules[f"stage_{index}" if len(plan.stages) > 1 else "stage"] = stage
            connect(m, stage.observe, flipped(getattr(self, self.observers[index])))
            if plan.tables.readout.layer in stage_plan.names:
                connect(m, stage.results, flipped(self.output))
            producers |= {name: getattr(stage, f"map_{name}") for name in exports}
            stages.append(stage)
        if plan.loadable:
            memories = [(stage, target) for stage in stages for target in targets(stage.plan)]
            m.submodules.configurator = config = Configurator([target for _, target in memories])
            connect(m, flipped(self.config), config.config)
            for number, (stage, target) in enumerate(memories):
                connect(
                    m, getattr(config, f"write_{number}"), getattr(stage, f"load_{target.name}")
                )
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
