"""A stage: one array with its memories, executing a list of layers."""

from typing import Any

from amaranth.hdl import Cat, Module, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out, PureInterface, connect, flipped

from ..plan.loadable import targets
from ..plan.stage_plan import StagePlan
from ..plan.terms import Terms, address_bits
from .configurator import write_port
from .fork import Fork
from .gather.array import BankSum
from .gather.bank import Bank
from .gather.fetcher import Fetcher
from .gather.finder import Finder
from .gather.held_sums import Currents
from .gather.walker import Walker
from .maps.map_maker import MapMaker
from .maps.map_memory import MapMemory
from .maps.skips import Skips
from .sequencer import Sequencer
from .update.readout import Readout, ResultLayout
from .update.update import Update
from .update.update_layout import ChunkLayout


class Stage(wiring.Component):
    """Execute the layers of a plan one after the other, time step after time step.

    Parameters
    ----------
    plan
        What it executes.
    observation
        Layout of `observe`.
    exports
        Layers whose maps others read.
    streams, counts
        As of `Sequencer`, and as of `Bank`.

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
    streaming : In(1), where it `streams`, as of `Sequencer`
    events : Out(range(banks + 1)), where it `counts`: weight rows that were added in a cycle
    """

    def __init__(
        self,
        plan: StagePlan,
        observation: StructLayout,
        exports: tuple[str, ...] = (),
        *,
        streams: bool = False,
        counts: bool = False,
    ) -> None:
        self.plan, self.streams, self.counts = plan, streams, counts
        self.exports = exports
        words = stream.Signature(unsigned(plan.word_bits))
        members = {f"source_{name}": In(words) for name in plan.external}
        members |= {f"map_{name}": Out(words) for name in exports}
        if plan.tables.readout.layer in plan.names:
            members["results"] = Out(stream.Signature(ResultLayout(plan)))
        members["observe"] = Out(stream.Signature(observation))
        members |= {f"load_{target.name}": In(write_port(target)) for target in targets(plan)}
        members |= {"streaming": In(1)} if streams else {}
        members |= {"events": Out(range(plan.banks + 1))} if counts else {}
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
        m = Module()
        plan = self.plan
        m.submodules.sequencer = sequencer = Sequencer(plan, streams=self.streams)
        m.submodules.maps = maps = MapMemory(plan, self.exports)
        m.submodules.walker = walker = Walker(plan)
        m.submodules.fetcher = fetcher = Fetcher(plan)
        m.submodules.update = update = Update(plan)

        # Maps come from outside, or from the stage's own layers: the sequencer starts walker and
        # update on a layer each, and tells the map memory which, and so which maps they are at.
        for name in plan.external:
            connect(m, flipped(getattr(self, f"source_{name}")), getattr(maps, f"source_{name}"))
        m.d.comb += [
            sequencer.available.eq(maps.available),
            maps.advance.eq(sequencer.advance),
            maps.release.eq(sequencer.release),
            maps.walk_index.eq(sequencer.walk_index),
            maps.walk_odd_step.eq(sequencer.walk_odd_step),
            maps.index.eq(sequencer.index),
            maps.odd_step.eq(sequencer.odd_step),
        ]
        if plan.rings:
            m.d.comb += [maps.walk_turns.eq(sequencer.walk_turns), maps.turns.eq(sequencer.turns)]

        if self.streams:
            m.d.comb += sequencer.streaming.eq(self.streaming)

        # From the walk of a layer to its sums: segments, words of spikes, and in each bank weights.
        connect(m, sequencer.walks, walker.layers)
        m.d.comb += [
            walker.first_step.eq(sequencer.walk_first_step),
            walker.bases.eq(maps.bases),
        ]
        if plan.shape.flags:
            m.submodules.finder = finder = Finder(plan)
            connect(m, walker.segments, finder.segments)
            connect(m, finder.words, fetcher.segments)
            connect(m, finder.read, maps.read_flags)
        else:
            connect(m, walker.segments, fetcher.segments)
        connect(m, fetcher.read, maps.read)
        sums = self._add(m, fetcher.words)
        if plan.held:
            sums = self._hold(m, sequencer, sums)

        # From the sums to new potentials and spikes.
        connect(m, sums, update.sums)
        connect(m, sequencer.updates, update.layers)
        m.d.comb += update.first_step.eq(sequencer.first_step)
        if plan.loadable:
            self._skip(m, sequencer, walker, update)
            connect(m, flipped(self.load_parameters), update.load)
        self._send(m, sequencer, update.chunks, maps)
        return m

    def _observed_spikes(self, spikes: Any) -> list[Any]:
        """Show the spikes to the observer, whose counts may be those of a wider stage."""
        shown = self.observe.payload.spikes
        if isinstance(shown, Value):
            return [shown.eq(spikes)]
        return [one.eq(seen) for one, seen in zip(shown, spikes, strict=False)]

    def _add(self, m: Module, words: PureInterface) -> PureInterface:
        """Give the words to all banks, and return their sums added up."""
        plan = self.plan
        banks = [Bank(plan, number, counts=self.counts) for number in range(plan.banks)]
        if self.counts:
            m.d.sync += self.events.eq(sum((bank.adds for bank in banks[1:]), banks[0].adds))
        for number, bank in enumerate(banks):
            m.submodules[f"bank_{number}" if plan.banks > 1 else "bank"] = bank
            for name, memory in bank.loads.items():
                connect(m, flipped(getattr(self, f"load_{memory.name}")), getattr(bank, name))
        if plan.banks == 1:
            connect(m, words, banks[0].words)
            return banks[0].sums
        m.submodules.words_fork = fork = Fork(words.payload.shape(), plan.banks)
        m.submodules.bank_sum = bank_sum = BankSum(plan)
        connect(m, words, fork.input)
        for bank, some, sums in zip(banks, fork.outputs, bank_sum.banks, strict=True):
            connect(m, some, bank.words)
            connect(m, bank.sums, sums)
        return bank_sum.sums

    def _hold(self, m: Module, sequencer: Sequencer, fresh: PureInterface) -> PureInterface:
        """Keep the sums of layers whose input is constant; return the sums, fresh or kept."""
        m.submodules.currents = currents = Currents(self.plan)
        connect(m, fresh, currents.fresh)
        m.d.comb += [
            currents.record.eq(sequencer.record),
            currents.replay.eq(sequencer.replay),
            currents.starts.eq(sequencer.starts),
        ]
        with m.Switch(sequencer.index):
            for number, descriptor in enumerate(self.plan.descriptors):
                with m.Case(number):
                    m.d.comb += currents.chunks.eq(descriptor.sum_chunks)
        return currents.sums

    def _skip(self, m: Module, sequencer: Sequencer, walker: Walker, update: Update) -> None:
        """Tell walker and update which lane groups are pruned, and the sequencer the last step."""
        m.submodules.skips = skips = Skips(self.plan)
        connect(m, flipped(self.load_groups), skips.load)
        m.d.comb += [
            skips.index.eq(sequencer.index),
            skips.walk_index.eq(sequencer.walk_index),
            walker.skips.eq(skips.walk_skips),
            update.skips.eq(skips.update_skips),
            sequencer.final_step.eq(skips.final_step),
        ]

    def _send(
        self, m: Module, sequencer: Sequencer, chunks: PureInterface, maps: MapMemory
    ) -> None:
        """Send what was updated to the maps, the readout and the observer, each what it wants."""
        plan = self.plan
        mapped = tuple(n for n in plan.names if n in plan.read_maps or n in self.exports)
        m.submodules.chunks_fork = fork = Fork(ChunkLayout(plan), 3)
        connect(m, chunks, fork.input)
        stored, read_out, observed = fork.outputs
        with m.Switch(sequencer.index):
            for number, descriptor in enumerate(plan.descriptors):
                with m.Case(number):
                    reads = descriptor.name == plan.tables.readout.layer
                    m.d.comb += [
                        fork.wanted.eq(Cat(descriptor.name in mapped, reads, 1)),
                        self.observe.payload.layer.eq(descriptor.number),
                    ]
        m.d.comb += sequencer.written.eq(1)
        if mapped:
            m.submodules.map_maker = maker = MapMaker(plan, mapped)
            connect(m, stored, maker.chunks)
            connect(m, maker.words, maps.packed)
            m.d.comb += [
                maker.index.eq(sequencer.index),
                maker.restart.eq(sequencer.starts),
                sequencer.written.eq(maker.written),
            ]
        for name in self.exports:
            connect(m, getattr(maps, f"map_{name}"), flipped(getattr(self, f"map_{name}")))
        if plan.tables.readout.layer in plan.names:
            m.submodules.readout = readout = Readout(plan)
            connect(m, read_out, readout.chunks)
            connect(m, readout.results, flipped(self.results))
            m.d.comb += [
                readout.first_step.eq(sequencer.begins),
                readout.last_step.eq(sequencer.last_step),
            ]
        observe = self.observe.payload
        m.d.comb += [
            self.observe.valid.eq(observed.valid),
            observed.ready.eq(self.observe.ready),
            observe.index.eq(observed.payload.index),
            *self._observed_spikes(observed.payload.spikes),
        ]
        for potential, seen in zip(observe.potentials, observed.payload.potentials, strict=False):
            m.d.comb += potential.eq(seen)
