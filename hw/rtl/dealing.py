"""What lies around several pipelines: samples are dealt out in turn, and answers collected so.

Sample i is that of replica i mod replicas, and answers leave in the order of the samples. Between
here and each replica is a queue of two: the replicas are spread over the chip, and so no path
crosses it together with a replica's own logic.
"""

from collections.abc import Iterable

from amaranth.hdl import Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ..plan.loadable import WORD_BITS, Target, groups_target
from ..plan.plan import Plan
from ..plan.terms import Terms
from ..plan.widths import bits_of
from .configurator import write_port
from .queue import Queue
from .update.readout import ResultLayout


class Dealer(wiring.Component):
    """Give the words of one sample after the other to the replicas in turn.

    A word waits only where its replica has no room for it. Latency is one cycle, throughput a word
    a cycle.

    Members
    -------
    final_step : In(…), the number of the last time step; static while samples are under way
    input : In(stream.Signature(unsigned(word_bits)))
    outputs : Out(stream.Signature(unsigned(word_bits))).array(replicas)
    """

    latency = 1

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        words = stream.Signature(unsigned(plan.word_bits))
        super().__init__(
            {
                "final_step": In(range(max(2, plan.tables.steps)), init=plan.tables.steps - 1),
                "input": In(words),
                "outputs": Out(words).array(plan.replicas),
            }
        )

    @staticmethod
    def terms(plan: Plan) -> Terms:
        """Return the bits or counts of gates that the dealer's cells grow with, by term."""
        return {
            "words": plan.replicas * plan.word_bits,
            "turns": plan.replicas,
            "counters": bits_of(plan.input_words) + bits_of(plan.input_maps),
            "one": 1,
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self.plan
        word, step = Signal(range(max(2, plan.input_words))), Signal.like(self.final_step, init=0)
        take, ends = Signal(), Signal()
        last_map: Value | int = 1 if plan.tables.input.constant else step == self.final_step
        m.d.comb += [
            take.eq(self.input.valid & self.input.ready),
            ends.eq(take & (word == plan.input_words - 1)),
        ]
        with m.If(take):
            m.d.sync += word.eq(Mux(ends, 0, word + 1))
        with m.If(ends):
            m.d.sync += step.eq(Mux(last_map, 0, step + 1))
        turn = _turn(m, plan.replicas, ends & last_map)
        queues = []
        for number, output in enumerate(self.outputs):
            m.submodules[f"queue_{number}"] = queue = Queue(self.input.payload.shape(), 2)
            m.d.comb += [
                queue.input.payload.eq(self.input.payload),
                queue.input.valid.eq(self.input.valid & turn[number]),
            ]
            connect(m, queue.output, flipped(output))
            queues.append(queue)
        m.d.comb += self.input.ready.eq(
            _any(turn[number] & queue.input.ready for number, queue in enumerate(queues))
        )
        return m


class Collector(wiring.Component):
    """Take the answers of one sample after the other from the replicas in turn.

    Latency is one cycle, throughput a result a cycle.

    Members
    -------
    final_step : In(…), as of `Dealer`
    inputs : In(stream.Signature(ResultLayout)).array(replicas)
    output : Out(stream.Signature(ResultLayout))
    """

    latency = 1

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        results = stream.Signature(ResultLayout(plan.stages[0]))
        super().__init__(
            {
                "final_step": In(range(max(2, plan.tables.steps)), init=plan.tables.steps - 1),
                "inputs": In(results).array(plan.replicas),
                "output": Out(results),
            }
        )

    @staticmethod
    def terms(plan: Plan) -> Terms:
        """Return the bits or counts of gates that the collector's cells grow with, by term."""
        return {
            "results": plan.replicas * ResultLayout(plan.stages[0]).size,
            "turns": plan.replicas,
            "counters": bits_of(plan.tables.answers) if plan.tables.answers > 1 else 0,
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan, output = self.plan, self.output
        answer = Signal.like(self.final_step, init=0)
        last: Value | int = answer == self.final_step if plan.tables.answers > 1 else 1
        ends = Signal()
        m.d.comb += ends.eq(output.valid & output.ready & output.payload.last)
        with m.If(ends):
            m.d.sync += answer.eq(Mux(last, 0, answer + 1))
        turn = _turn(m, plan.replicas, ends & last)
        queues = []
        for number, results in enumerate(self.inputs):
            m.submodules[f"queue_{number}"] = queue = Queue(output.payload.shape(), 2)
            connect(m, flipped(results), queue.input)
            m.d.comb += queue.output.ready.eq(output.ready & turn[number])
            queues.append(queue)
        shown = [
            Mux(turn[number], Value.cast(queue.output.payload), 0)
            for number, queue in enumerate(queues)
        ]
        m.d.comb += [
            output.valid.eq(
                _any(turn[number] & queue.output.valid for number, queue in enumerate(queues))
            ),
            Value.cast(output.payload).eq(_any(shown)),
        ]
        return m


class Broadcast(wiring.Component):
    """Hand what is written into memories on to all replicas, a cycle later.

    Members
    -------
    write_N : In(write_port), for each of the memories N
    loads_N : Out(write_port).array(replicas), for each
    final_step : Out(…), the number of the last time step, where it can be loaded; or it is the
        tables' own. A reset keeps it, as it keeps what memories hold.
    """

    def __init__(self, plan: Plan, memories: list[Target]) -> None:
        self.plan, self.memories = plan, memories
        steps = plan.tables.steps
        members = {"final_step": Out(range(max(2, steps)), init=steps - 1)}
        for number, target in enumerate(memories):
            members[f"write_{number}"] = In(write_port(target))
            members[f"loads_{number}"] = Out(write_port(target)).array(plan.replicas)
        super().__init__(members)

    @staticmethod
    def terms(plan: Plan, memories: list[Target]) -> Terms:
        """Return the bits or counts of gates that the broadcast's cells grow with, by term."""
        return {
            "bits": min(WORD_BITS, max(target.width for target in memories))
            + max(target.address_bits for target in memories)
            + sum(target.words for target in memories),
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        final_step = Signal.like(self.final_step, reset_less=True)
        m.d.comb += self.final_step.eq(final_step)
        groups = groups_target(self.plan.stages[0])
        for number, target in enumerate(self.memories):
            write = getattr(self, f"write_{number}")
            held = write_port(target).create(path=(f"held_{number}",))
            for name in ("en", "addr", "data"):
                m.d.sync += getattr(held, name).eq(getattr(write, name))
                for load in getattr(self, f"loads_{number}"):
                    m.d.comb += getattr(load, name).eq(getattr(held, name))
            if target == groups and self.plan.loadable:
                with m.If(held.en & (held.addr == groups.depth - 1)):
                    m.d.sync += final_step.eq(held.data)
        return m


def _turn(m: Module, replicas: int, ends: Value) -> Signal:
    """Return whose turn it is, a bit each; the next one's when it `ends`."""
    turn = Signal(replicas, init=1)
    with m.If(ends):
        m.d.sync += turn.eq(turn.rotate_left(1))
    return turn


def _any(values: Iterable[Value]) -> Value:
    """Return the bitwise or of some values, in as few levels as can be."""
    found = list(values)
    while len(found) > 1:
        pairs = [a | b for a, b in zip(found[::2], found[1::2], strict=False)]
        found = pairs + found[2 * len(pairs) :]
    return found[0]
