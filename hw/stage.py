"""A stage: one array with its memories, executing a list of layers."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out, connect

from .array import Array, WeightMemory
from .fetcher import Fetcher, WordLayout
from .fork import Fork
from .memory import RegisteredMemory
from .packer import Joiner, Packer
from .plan import Plan
from .pool import Pool
from .queue import Queue
from .readout import Readout, ResultLayout
from .scanner import Scanner
from .sequencer import Sequencer
from .update import ChunkLayout, Update
from .walker import Walker


class ObserveLayout(StructLayout):
    """What one update did: `index` counts the chunks of the layer in a time step."""

    def __init__(self, plan: Plan) -> None:
        chunk = ChunkLayout(plan)
        super().__init__(
            {
                "layer": unsigned(max(1, (len(plan.descriptors) - 1).bit_length())),
                "index": chunk["index"].shape,
                "spikes": chunk["spikes"].shape,
                "potentials": chunk["potentials"].shape,
            }
        )


class Stage(wiring.Component):
    """Execute all layers of a plan, one after the other, for one inference after the other.

    Members
    -------
    input : In(stream.Signature(unsigned(word_bits)))
        Words of the input map, `plan.input_words` a time step, as `plan.pack_input` gives them. Two
        maps are buffered: the next time step is taken in while one is at work.
    output : Out(stream.Signature(ResultLayout))
        One result a class after the last time step.
    observe : Out(stream.Signature(ObserveLayout))
        Every update of every layer, in the order of `plan.updates`.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        super().__init__(
            {
                "input": In(stream.Signature(unsigned(plan.word_bits))),
                "output": Out(stream.Signature(ResultLayout(plan))),
                "observe": Out(stream.Signature(ObserveLayout(plan))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the stage."""
        m = Module()
        plan = self.plan
        m.submodules.sequencer = sequencer = Sequencer(plan)
        m.submodules.maps = maps = RegisteredMemory(
            width=plan.word_bits, depth=max(2, plan.map_words)
        )

        # Walk, fetch, scan, add, update.
        m.submodules.walker = walker = Walker(plan)
        m.submodules.fetcher = fetcher = Fetcher(plan)
        m.submodules.words = words = Queue(WordLayout(plan), depth=4)
        m.submodules.scanner = scanner = Scanner(plan)
        m.submodules.weights = weights = WeightMemory(plan)
        m.submodules.array = array = Array(plan)
        m.submodules.update = update = Update(plan)
        connect(m, sequencer.walks, walker.layers)
        connect(m, walker.segments, fetcher.segments)
        connect(m, fetcher.read, maps.read)
        connect(m, fetcher.words, words.input)
        connect(m, words.output, scanner.words)
        connect(m, scanner.events, weights.events)
        connect(m, weights.rows, array.rows)
        connect(m, array.sums, update.sums)
        connect(m, sequencer.updates, update.layers)
        m.d.comb += update.first_step.eq(sequencer.first_step)

        # What was updated goes to the map that the next layers read, the readout and the observer.
        m.submodules.fork = fork = Fork(ChunkLayout(plan), 3)
        m.submodules.pool = pool = Pool(plan)
        m.submodules.joiner = joiner = Joiner(plan)
        m.submodules.packer = packer = Packer(plan)
        m.submodules.readout = readout = Readout(plan)
        connect(m, update.chunks, fork.input)
        stores, reads_out = Signal(), Signal()
        with m.Switch(sequencer.layer):
            for number, descriptor in enumerate(plan.descriptors):
                with m.Case(number):
                    m.d.comb += [
                        stores.eq(descriptor.name in plan.read_maps),
                        reads_out.eq(descriptor.name == plan.tables.readout.layer),
                        joiner.tail_lanes.eq((descriptor.channels - 1) % plan.update_lanes + 1),
                    ]
        for source, sink, wanted in (
            (fork.outputs[0], pool.chunks, stores),
            (fork.outputs[1], readout.chunks, reads_out),
        ):
            m.d.comb += [
                sink.payload.eq(source.payload),
                sink.valid.eq(source.valid & wanted),
                source.ready.eq(sink.ready | ~wanted),
            ]
        connect(m, pool.pooled, joiner.gapped)
        connect(m, joiner.joined, packer.pooled)
        seen = fork.outputs[2]
        m.d.comb += [
            sequencer.written.eq(joiner.idle & packer.idle),
            readout.first_step.eq(sequencer.first_step),
            readout.last_step.eq(sequencer.last_step),
            self.observe.valid.eq(seen.valid),
            seen.ready.eq(self.observe.ready),
            self.observe.payload.layer.eq(sequencer.layer),
            self.observe.payload.index.eq(seen.payload.index),
            self.observe.payload.spikes.eq(seen.payload.spikes),
            self.observe.payload.potentials.eq(seen.payload.potentials),
            self.output.valid.eq(readout.results.valid),
            self.output.payload.eq(readout.results.payload),
            readout.results.ready.eq(self.output.ready),
        ]

        # The input goes to the buffer that is free; the packer's words go first.
        filling = Signal()
        count = Signal(range(max(2, plan.input_words)))
        full = Signal(2)
        addr = Signal.like(maps.write.addr)
        m.d.sync += full.eq(full & ~sequencer.release)
        m.d.comb += [
            sequencer.full.eq(full),
            self.input.ready.eq(~full.bit_select(filling, 1) & ~packer.write.en),
            maps.write.en.eq(packer.write.en | (self.input.valid & self.input.ready)),
            maps.write.addr.eq(addr),
            maps.write.data.eq(self.input.payload),
        ]
        m.d.comb += addr.eq(count)
        with m.If(filling):
            m.d.comb += addr.eq(count + plan.input_words)
        with m.If(packer.write.en):
            m.d.comb += [
                maps.write.addr.eq(packer.write.addr),
                maps.write.data.eq(packer.write.data),
            ]
        with m.If(self.input.valid & self.input.ready):
            m.d.sync += count.eq(count + 1)
            with m.If(count == plan.input_words - 1):
                m.d.sync += [count.eq(0), filling.eq(~filling)]
                m.d.sync += full.bit_select(filling, 1).eq(1)
        return m
