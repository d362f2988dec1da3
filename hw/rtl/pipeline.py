"""A pipeline: the chain of a plan's stages, from input words to answers."""

from typing import Any

from amaranth.hdl import Module, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ..plan.loadable import Target, targets
from ..plan.plan import Plan
from .configurator import write_port
from .fork import Fork
from .join import Join
from .observe import ObserveLayout
from .stage import Stage
from .update.readout import ResultLayout


class Chain:
    """The stages of a plan in somebody's module, and the streams between them.

    Parameters
    ----------
    plan, streams, counts
        As of `Accelerator`.
    outer
        Whose module it is: it has `input`, `output`, and `streaming` where it `streams`.
    observe
        The observation stream of each stage, as an outer one.
    """

    def __init__(
        self, plan: Plan, outer: Any, observe: list[Any], *, streams: bool, counts: bool
    ) -> None:
        self.plan, self._outer, self._observe = plan, outer, observe
        self._streams, self._counts = streams, counts
        names = ["input", *(layer.name for layer in plan.tables.layers)]
        self._readers = {
            name: [index for index, stage in enumerate(plan.stages) if name in stage.external]
            for name in names
        }
        self._producers = {"input": flipped(outer.input)}
        self._joins: dict[str, Join] = {}
        self.stages: list[Stage] = []

    def add(self, m: Module) -> None:
        """Add the stages, with what is the outer module's own."""
        plan, outer = self.plan, self._outer
        for index, stage_plan in enumerate(plan.stages):
            exports = tuple(name for name in stage_plan.names if self._readers[name])
            stage = Stage(
                stage_plan, ObserveLayout(plan), exports, streams=self._streams, counts=self._counts
            )
            m.submodules[f"stage_{index}" if len(plan.stages) > 1 else "stage"] = stage
            connect(m, stage.observe, self._observe[index])
            if plan.tables.readout.layer in stage_plan.names:
                connect(m, stage.results, flipped(outer.output))
            for name in exports:
                self._producers[name] = self._joined(m, stage, name)
            if self._streams:
                m.d.comb += stage.streaming.eq(outer.streaming)
            self.stages.append(stage)

    def _joined(self, m: Module, stage: Stage, name: str) -> Any:
        """Return the words of a stage's map, joined with those of other tiles."""
        words, plan = getattr(stage, f"map_{name}"), stage.plan
        if plan.shape.tiles == 1:
            return words
        if not plan.tile:
            m.submodules[f"join_{name}"] = self._joins[name] = Join(plan)
        connect(m, words, self._joins[name].inputs[plan.tile])
        return self._joins[name].output

    @property
    def loads(self) -> list[Any]:
        """The ports that write each of `memories`."""
        return [
            getattr(s, f"load_{memory.name}") for s in self.stages for memory in targets(s.plan)
        ]

    @property
    def events(self) -> Value:
        """Weight rows that the stages added in a cycle, where it `counts`."""
        return sum((stage.events for stage in self.stages[1:]), self.stages[0].events)

    def join(self, m: Module) -> None:
        """Give each map to the stages that read it."""
        for name, indices in self._readers.items():
            sinks = [getattr(self.stages[index], f"source_{name}") for index in indices]
            if len(sinks) > 1:
                m.submodules[f"fork_{name}"] = fork = Fork(
                    unsigned(self.plan.word_bits), len(sinks)
                )
                connect(m, self._producers[name], fork.input)
                for output, sink in zip(fork.outputs, sinks, strict=True):
                    connect(m, output, sink)
            elif sinks:
                connect(m, self._producers[name], sinks[0])


class Pipeline(wiring.Component):
    """One of a plan's replicas: all of its stages, and a network's samples one after the other.

    Parameters
    ----------
    plan, counts
        As of `Accelerator`.

    Members
    -------
    input, output
        As of `Accelerator`.
    observe_N : Out(stream.Signature(ObserveLayout)), for each stage N
    load_N : In(write_port), for each of `memories`
    events : Out(range(banks + 1)), where it `counts`: weight rows that were added in a cycle
    """

    def __init__(self, plan: Plan, *, counts: bool = False) -> None:
        self.plan, self.counts = plan, counts
        members = {
            "input": In(stream.Signature(unsigned(plan.word_bits))),
            "output": Out(stream.Signature(ResultLayout(plan.stages[0]))),
        }
        for number in range(len(plan.stages)):
            members[f"observe_{number}"] = Out(stream.Signature(ObserveLayout(plan)))
        for number, target in enumerate(memories(plan)):
            members[f"load_{number}"] = In(write_port(target))
        if counts:
            members["events"] = Out(range(sum(stage.banks for stage in plan.stages) + 1))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        observe = [flipped(getattr(self, f"observe_{n}")) for n in range(len(self.plan.stages))]
        chain = Chain(self.plan, self, observe, streams=False, counts=self.counts)
        chain.add(m)
        chain.join(m)
        for number, load in enumerate(chain.loads):
            connect(m, flipped(getattr(self, f"load_{number}")), load)
        if self.counts:
            m.d.sync += self.events.eq(chain.events)
        return m


def memories(plan: Plan) -> list[Target]:
    """Return the memories of all stages that can be loaded, in the order of their numbers."""
    return [target for stage in plan.stages for target in targets(stage)]
