"""Joins the rows of a map that several tiles of a layer make."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ..plan.stage_plan import StagePlan
from ..plan.terms import Terms
from ..plan.widths import bits_of
from .queue import Queue


def queue_depth(plan: StagePlan) -> int:
    """Return the words that each tile can be ahead: a row of the map, with all of its planes."""
    target = plan.map(plan.names[0])
    return max(2, target.row_words * target.planes)


class Join(wiring.Component):
    """Take a row of words of each tile in turn, from the first one on with each map.

    Each tile has a queue for a row, so that it goes on while the others' rows are sent. Latency is
    one cycle, throughput a word a cycle.

    Parameters
    ----------
    plan
        Of any of the tiles.

    Members
    -------
    inputs : In(stream.Signature(unsigned(word_bits))).array(tiles)
    output : Out(stream.Signature(unsigned(word_bits)))
    """

    latency = 1

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        words = stream.Signature(unsigned(plan.word_bits))
        super().__init__({"inputs": In(words).array(plan.shape.tiles), "output": Out(words)})

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the bits or counts of gates that the join's cells grow with, by term."""
        target, tiles = plan.map(plan.names[0]), plan.shape.tiles
        bits, depth = tiles * plan.word_bits, queue_depth(plan)
        return {
            "queued": depth * bits,
            "moved": (depth - 1) * bits,
            "turns": tiles * (1 + depth),
            "counters": bits_of(target.row_words * target.planes) + bits_of(target.rows),
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        target, tiles = self.plan.map(self.plan.names[0]), self.plan.shape.tiles
        each = target.row_words * target.planes
        word, row = Signal(range(max(2, each))), Signal(range(max(2, target.rows)))
        turn = Signal(tiles, init=1)
        queues = []
        for number, words in enumerate(self.inputs):
            m.submodules[f"queue_{number}"] = queue = Queue(
                unsigned(self.plan.word_bits), queue_depth(self.plan)
            )
            connect(m, flipped(words), queue.input)
            m.d.comb += queue.output.ready.eq(self.output.ready & turn[number])
            queues.append(queue)
        shown: Value | int = 0
        for number, queue in enumerate(queues):
            shown = shown | Mux(turn[number], queue.output.payload, 0)
        valid = Cat(queue.output.valid for queue in queues) & turn
        m.d.comb += [self.output.valid.eq(valid.any()), self.output.payload.eq(shown)]
        with m.If(self.output.valid & self.output.ready):
            m.d.sync += word.eq(word + 1)
            with m.If(word == each - 1):
                m.d.sync += [word.eq(0), row.eq(row + 1), turn.eq(turn.rotate_left(1))]
                with m.If(row == target.rows - 1):
                    m.d.sync += [row.eq(0), turn.eq(1)]
        return m
