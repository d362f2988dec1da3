"""A stage: one array with its memories, executing a list of layers."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out, connect, flipped

from ..plan import memories
from ..plan.loadable import targets
from ..plan.stage_plan import StagePlan
from ..plan.terms import Terms, address_bits
from .configurator import write_port
from .fork import Fork
from .gather.array import Array, BankSum, WeightMemory
from .gather.fetcher import Fetcher, Sieve, WordLayout
from .gather.held_sums import Currents
from .gather.scanner import Scanner
from .gather.walker import Walker
from .maps import map_memory
from .maps.packer import Joiner, Packer
from .maps.pool import Pool, PooledLayout
from .maps.skips import skip
from .memory import RegisteredMemory
from .queue import Queue
from .sequencer import Sequencer
from .update.readout import Readout, ResultLayout
from .update.update import Update
from .update.update_layout import ChunkLayout


class Stage(wiring.Component):
    """Execute the layers of a plan one after the other, time step after time step.

    Members
    -------
    source_NAME : In(stream.Signature(unsigned(word_bits))), for each NAME in `plan.external`
        The words of the maps that come from outside, one map a time step. Some maps are buffered:
        the next time step is taken in while one is at work.
    map_NAME : Out(stream.Signature(unsigned(word_bits))), for each NAME in `exports`
        The words of the maps of those layers.
    results : Out(stream.Signature(ResultLayout)), where the stage has the readout layer
        One a class after the last time step.
    observe : Out(stream.Signature(ObserveLayout))
        Every update of every layer, in the order of `Plan.updates`.
    load_NAME : In(write_port), for each NAME of `loadable.targets`
    """

    def __init__(
        self, plan: StagePlan, observation: StructLayout, exports: tuple[str, ...] = ()
    ) -> None:
        self.plan = plan
        self.exports = exports
        words = stream.Signature(unsigned(plan.word_bits))
        members = {f"source_{name}": In(words) for name in plan.external}
        members |= {f"map_{name}": Out(words) for name in exports}
        if plan.tables.readout.layer in plan.names:
            members["results"] = Out(stream.Signature(ResultLayout(plan)))
        members["observe"] = Out(stream.Signature(observation))
        members |= {f"load_{target.name}": In(write_port(target)) for target in targets(plan)}
        super().__init__(members)

    @staticmethod
    def terms(plan: StagePlan, exports: int) -> Terms:
        """Return the terms of what lies between the blocks; `exports` maps are sent on."""
        own = sum(name in plan.read_maps for name in plan.names)
        sources = len(plan.external) + (own > 0)
        groups = sum(d.groups for d in plan.descriptors)
        return {
            "writes": (sources - 1) * plan.word_bits,
            "addresses": (sources - 1) * address_bits(plan),
            "bases": len(plan.map_bases) - 1,
            "exports": exports,
            "groups": groups if plan.loadable else 0,
            "one": 1,
        }

    def elaborate(self, platform: object) -> Module:
        """Build the stage."""
        m = Module()
        plan = self.plan
        m.submodules.sequencer = sequencer = Sequencer(plan)
        m.submodules.maps = maps = RegisteredMemory.of(memories.maps(plan))
        self._gather(m, sequencer, maps)
        return m

    def _gather(self, m: Module, sequencer: Sequencer, maps: RegisteredMemory) -> None:
        """Walk, fetch, scan, add and update; each bank sifts, scans and adds by itself."""
        plan = self.plan
        m.submodules.walker = walker = Walker(plan)
        m.submodules.fetcher = fetcher = Fetcher(plan)
        m.submodules.update = update = Update(plan)
        connect(m, sequencer.walks, walker.layers)
        connect(m, walker.segments, fetcher.segments)
        connect(m, fetcher.read, maps.read)
        words = [fetcher.words]
        if plan.banks > 1:
            m.submodules.spread = spread = Fork(fetcher.words.payload.shape(), plan.banks)
            connect(m, fetcher.words, spread.input)
            words = list(spread.outputs)
        sums = []
        for bank in range(plan.banks):
            sieve, scanner = Sieve(plan, bank), Scanner(plan)
            weights, array = WeightMemory(plan, bank), Array(plan)
            queue = Queue(WordLayout(plan, plan.word_bits // plan.banks), depth=2)
            connect(m, words[bank], sieve.words)
            connect(m, sieve.found, queue.input)
            connect(m, queue.output, scanner.words)
            connect(m, scanner.events, weights.events)
            connect(m, weights.rows, array.rows)
            sums.append(array.sums)
            for bits, memory in weights.memories.items() if plan.weights_load else ():
                load = getattr(self, f"load_{memory.name}")
                connect(m, flipped(load), getattr(weights, f"load_{bits}"))
            parts = {"sieve": sieve, "words": queue, "scanner": scanner, "weights": weights}
            for name, part in (parts | {"array": array}).items():
                m.submodules[f"{name}_{bank}" if plan.banks > 1 else name] = part
        if plan.banks > 1:
            m.submodules.bank_sum = bank_sum = BankSum(plan)
            for array_sums, bank_sums in zip(sums, bank_sum.banks, strict=True):
                connect(m, array_sums, bank_sums)
            sums = [bank_sum.sums]
        if plan.held:
            m.submodules.currents = currents = Currents(plan)
            connect(m, sums[0], currents.fresh)
            sums = [currents.sums]
            m.d.comb += [
                currents.record.eq(sequencer.record),
                currents.replay.eq(sequencer.replay),
                currents.starts.eq(sequencer.starts),
            ]
            with m.Switch(sequencer.index):
                for number, descriptor in enumerate(plan.descriptors):
                    with m.Case(number):
                        m.d.comb += currents.chunks.eq(plan.sum_chunks(descriptor))
        connect(m, sums[0], update.sums)
        connect(m, sequencer.updates, update.layers)
        m.d.comb += [
            update.first_step.eq(sequencer.first_step),
            walker.first_step.eq(sequencer.walk_first_step),
        ]
        if plan.loadable:
            connect(m, flipped(self.load_parameters), update.load)
            skip(m, plan, self.load_groups, sequencer=sequencer, walker=walker, update=update)
        stored = self._send(m, sequencer, update, maps)
        sources = {name: getattr(self, f"source_{name}") for name in plan.external}
        bases = map_memory.load(m, plan, maps, sources, sequencer=sequencer, stored=stored)
        with m.Switch(sequencer.walk_index):
            for number, descriptor in enumerate(plan.descriptors):
                with m.Case(number):
                    for index, source in enumerate(descriptor.sources):
                        m.d.comb += walker.bases[index].eq(bases[source.name, source.recurrent])

    def _send(
        self, m: Module, sequencer: Sequencer, update: Update, maps: RegisteredMemory
    ) -> Signal:
        """Send what was updated to the maps, the readout and the observer.

        Return whether the packer writes to the map memory in this cycle.
        """
        plan = self.plan
        stores, reads_out = Signal(), Signal()
        mapped = [name for name in plan.names if name in plan.read_maps or name in self.exports]
        m.submodules.fork = fork = Fork(ChunkLayout(plan), 3)
        connect(m, update.chunks, fork.input)
        seen = fork.outputs[2]
        m.d.comb += [
            self.observe.valid.eq(seen.valid),
            seen.ready.eq(self.observe.ready),
            self.observe.payload.index.eq(seen.payload.index),
            self.observe.payload.spikes.eq(seen.payload.spikes),
            *(
                self.observe.payload.potentials[lane].eq(seen.payload.potentials[lane])
                for lane in range(plan.update_lanes)
            ),
        ]
        routes = []
        packed = Signal()
        m.d.comb += sequencer.written.eq(1)
        if mapped:
            m.submodules.pool = pool = Pool(plan)
            joiner = Joiner(plan) if any(plan.has_gaps(name) for name in mapped) else None
            m.submodules.packer = packer = Packer(plan)
            m.submodules.pooled = pooled = Queue(PooledLayout(plan), depth=2)
            connect(m, pool.pooled, pooled.input)
            joined = pooled.output
            if joiner:
                m.submodules.joiner = joiner
                connect(m, pooled.output, joiner.gapped)
                joined = joiner.joined
            connect(m, joined, packer.pooled)
            m.d.comb += [
                sequencer.written.eq(
                    ~pooled.output.valid & packer.idle & (joiner.idle if joiner else 1)
                ),
                packer.restart.eq(sequencer.starts),
            ]
            routes.append((fork.outputs[0], pool.chunks, stores))
            exports = {name: getattr(self, f"map_{name}") for name in self.exports}
            stored = map_memory.store(m, plan, maps, exports, sequencer=sequencer, packer=packer)
            m.d.comb += packed.eq(stored)
        else:
            m.d.comb += fork.outputs[0].ready.eq(1)
        if plan.tables.readout.layer in plan.names:
            m.submodules.readout = readout = Readout(plan)
            connect(m, readout.results, flipped(self.results))
            m.d.comb += [
                readout.first_step.eq(sequencer.first_step),
                readout.last_step.eq(sequencer.last_step),
            ]
            routes.append((fork.outputs[1], readout.chunks, reads_out))
        else:
            m.d.comb += fork.outputs[1].ready.eq(1)
        for source, sink, wanted in routes:
            m.d.comb += [
                sink.payload.eq(source.payload),
                sink.valid.eq(source.valid & wanted),
                source.ready.eq(sink.ready | ~wanted),
            ]
        with m.Switch(sequencer.index):
            for number, descriptor in enumerate(plan.descriptors):
                target = plan.map(descriptor.name)
                with m.Case(number):
                    m.d.comb += [
                        self.observe.payload.layer.eq(descriptor.number),
                        stores.eq(descriptor.name in mapped),
                        reads_out.eq(descriptor.name == plan.tables.readout.layer),
                    ]
                    if mapped:
                        m.d.comb += [
                            pool.adds.eq(descriptor.counts),
                            packer.planes.eq(target.planes - 1),
                            packer.plane_words.eq(target.plane_words),
                        ]
                    if mapped and joiner:
                        m.d.comb += [
                            joiner.tail_lanes.eq((descriptor.channels - 1) % plan.update_lanes + 1),
                            joiner.padding.eq(target.channels - descriptor.channels),
                        ]
        return packed
