"""A bank: all that is there once a weight memory, from words of spikes to sums."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ...plan.stage_plan import StagePlan
from ..memory import write_port
from ..queue import Queue
from .array import Array, WeightMemory, sum_layout
from .fetcher import Sieve, WordLayout, fetched_layout
from .scanner import Scanner


class Bank(wiring.Component):
    """Add up the weight rows of a bank's spikes, position by position.

    All banks get the same words, and each finds its own bits in them. So they run ahead of each
    other by what lies in their queues: a bank with few spikes in one word begins with the next.

    Parameters
    ----------
    plan
        Of the stage.
    number
        Of the bank.
    counts
        It tells when it adds a weight row.

    Members
    -------
    words : In(stream.Signature(WordLayout)), empty ones too
    sums : Out(stream.Signature(sum_layout)), of the bank's share of every position
    load_N : In(write_signature), where weights are loaded, for each width N of them
    adds : Out(1), where it `counts`: high for a cycle for each weight row
    """

    def __init__(self, plan: StagePlan, number: int = 0, *, counts: bool = False) -> None:
        self.plan = plan
        self.number = number
        self.counts = counts
        self.weights = WeightMemory(plan, number)
        self.loads = {
            f"load_{bits}": memory
            for bits, memory in self.weights.memories.items()
            if memory.filled == "load"
        }
        super().__init__(
            {
                "words": In(stream.Signature(fetched_layout(plan))),
                "sums": Out(stream.Signature(sum_layout(plan))),
            }
            | {name: In(write_port(memory)) for name, memory in self.loads.items()}
            | ({"adds": Out(1)} if counts else {})
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self.plan
        m.submodules.sieve = sieve = Sieve(plan, self.number)
        m.submodules.queue = queue = Queue(WordLayout(plan, plan.word_bits // plan.banks), depth=2)
        m.submodules.scanner = scanner = Scanner(plan)
        m.submodules.weights = weights = self.weights
        m.submodules.array = array = Array(plan)
        connect(m, flipped(self.words), sieve.words)
        connect(m, sieve.found, queue.input)
        connect(m, queue.output, scanner.words)
        connect(m, scanner.events, weights.events)
        connect(m, weights.rows, array.rows)
        connect(m, array.sums, flipped(self.sums))
        for name in self.loads:
            connect(m, flipped(getattr(self, name)), getattr(weights, name))
        if self.counts:
            events = scanner.events
            m.d.sync += self.adds.eq(events.valid & events.ready & ~events.payload.null)
        return m
