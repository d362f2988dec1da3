"""From the chunks of a layer to the words of its map."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ...plan.stage_plan import StagePlan
from ..queue import Queue
from ..update.update_layout import ChunkLayout
from .packer import Joiner, PackedLayout, Packer
from .pool import Pool, PooledLayout


class MapMaker(wiring.Component):
    """Pool the chunks of a layer, close the gaps between them, and pack them into words.

    Behind the pool is a queue, so that the update goes on while a word of several planes is sent.
    The joiner is left out where no map has gaps.

    Parameters
    ----------
    mapped
        The layers whose chunks come.

    Members
    -------
    index : In(…), of the layer, in the stage
    restart : In(1), the next word is the first of a map; only while `written`
    chunks : In(stream.Signature(ChunkLayout))
    words : Out(stream.Signature(PackedLayout))
    written : Out(1), nothing waits to be sent
    """

    def __init__(self, plan: StagePlan, mapped: tuple[str, ...]) -> None:
        self.plan = plan
        self.mapped = mapped
        super().__init__(
            {
                "index": In(range(max(2, plan.count))),
                "restart": In(1),
                "chunks": In(stream.Signature(ChunkLayout(plan))),
                "words": Out(stream.Signature(PackedLayout(plan))),
                "written": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self.plan
        m.submodules.pool = pool = Pool(plan)
        m.submodules.queue = queue = Queue(PooledLayout(plan), depth=2)
        m.submodules.packer = packer = Packer(plan)
        joiner = Joiner(plan) if any(plan.has_gaps(name) for name in self.mapped) else None
        connect(m, flipped(self.chunks), pool.chunks)
        connect(m, pool.pooled, queue.input)
        if joiner:
            m.submodules.joiner = joiner
            connect(m, queue.output, joiner.gapped)
            connect(m, joiner.joined, packer.pooled)
        else:
            connect(m, queue.output, packer.pooled)
        connect(m, packer.words, flipped(self.words))
        m.d.comb += [
            packer.restart.eq(self.restart),
            self.written.eq(~queue.output.valid & packer.idle & (joiner.idle if joiner else 1)),
        ]

        with m.Switch(self.index):
            for number, descriptor in enumerate(plan.descriptors):
                target = plan.map(descriptor.name)
                with m.Case(number):
                    m.d.comb += [
                        pool.adds.eq(descriptor.counts),
                        packer.planes.eq(target.planes - 1),
                        packer.plane_words.eq(target.plane_words),
                    ]
                    if joiner:
                        m.d.comb += [
                            joiner.tail_lanes.eq((descriptor.channels - 1) % plan.update_lanes + 1),
                            joiner.padding.eq(target.channels - descriptor.channels),
                        ]
        return m
