"""What an accelerator reads of its memories, seen at the ports of its blocks."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from amaranth.hdl import Value
from amaranth.sim import Simulator
from somagate.hw.plan.loading import words
from somagate.hw.plan.plan import Plan
from somagate.hw.rtl.accelerator import Accelerator
from somagate.hw.rtl.gather.array import WeightMemory
from somagate.hw.rtl.gather.fetcher import Fetcher
from somagate.hw.rtl.gather.finder import Finder
from somagate.hw.rtl.gather.held_sums import Currents
from somagate.hw.rtl.sequencer import Sequencer
from somagate.hw.rtl.update.chunk_walk import ChunkWalk
from somagate.hw.rtl.update.update import Update
from somagate.sim.bench import amaranth_engine
from somagate.sim.bench.engines import default_deadline, scenario
from somagate.sim.bench.ports import Ports

BLOCKS = (Fetcher, Finder, WeightMemory, Currents, Sequencer, ChunkWalk, Update)


def reads(plan: Plan, x: Any) -> Counter[tuple[int, str, str]]:
    """Return the words that are read and looked at, by stage, memory and layer.

    The layer is '' of maps and weights, which are read ahead of the layer that is updated.
    """
    ports = Ports.of(plan)
    config = words(plan, plan.tables) if plan.must_load else []
    played = scenario(plan, ports, x, config=config, go={}, deadline=default_deadline(plan, 0))
    found: Counter[tuple[int, str, str]] = Counter()
    with _built() as blocks:

        class Tapped(Simulator):
            def run(self) -> None:
                taps = list(_taps(plan, blocks))

                async def tap(context: Any) -> None:
                    signals = [signal for signals, _ in taps for signal in signals]
                    async for _, _, *values in context.tick().sample(*signals):
                        seen = iter(values)
                        for signals, count in taps:
                            count(found, *(next(seen) for _ in signals))

                self.add_process(tap)
                super().run()

        with mock.patch.object(amaranth_engine, "Simulator", Tapped):
            record = amaranth_engine.run(Accelerator(plan), ports, played)
    assert len(record.times["output"]) == played.due["output"]
    return found


@contextmanager
def _built() -> Iterator[list[Any]]:
    """Collect the blocks that are elaborated."""
    blocks: list[Any] = []

    def noting(elaborate: Callable[..., Any]) -> Callable[..., Any]:
        def noted(self: Any, platform: object) -> Any:
            blocks.append(self)
            return elaborate(self, platform)

        return noted

    with ExitStack() as patches:
        for block in BLOCKS:
            patched = mock.patch.object(block, "elaborate", noting(block.elaborate))
            patches.enter_context(patched)
        yield blocks


def _taps(plan: Plan, blocks: list[Any]) -> Iterator[tuple[list[Value], Callable[..., None]]]:
    """Yield signals and who counts by them, cycle by cycle."""
    for number, stage in enumerate(plan.stages):
        mine = {kind: [b for b in blocks if type(b) is kind and b.plan is stage] for kind in BLOCKS}
        (fetcher,), (sequencer,), (walk,), (update,) = (
            mine[kind] for kind in (Fetcher, Sequencer, ChunkWalk, Update)
        )
        yield _segments(number, fetcher)
        for finder in mine[Finder]:
            yield _looks(number, finder)
        for memory in mine[WeightMemory]:
            yield _events(number, memory)
        yield _chunks(number, sequencer, walk, update)
        for currents in mine[Currents]:
            yield _currents(number, sequencer, currents)


def _segments(stage: int, fetcher: Any) -> tuple[list[Value], Callable[..., None]]:
    segments = fetcher.segments

    def count(found: Any, valid: int, ready: int, empty: int, words: int) -> None:
        found[stage, "maps", ""] += valid & ready & ~empty and words + 1

    payload = segments.payload
    return [segments.valid, segments.ready, payload.empty, payload.words], count


def _looks(stage: int, finder: Any) -> tuple[list[Value], Callable[..., None]]:
    segments = finder.segments

    def count(found: Any, valid: int, ready: int, empty: int, words: int) -> None:
        found[stage, "flags", ""] += valid & ready & ~empty and words // finder.flags + 1

    payload = segments.payload
    return [segments.valid, segments.ready, payload.empty, payload.words], count


def _events(stage: int, memory: Any) -> tuple[list[Value], Callable[..., None]]:
    names = [stored.name for stored in memory.memories.values()]
    events = memory.events

    def count(found: Any, valid: int, ready: int, null: int, number: int) -> None:
        if valid & ready & ~null:
            found[stage, names[number], ""] += 1

    payload = events.payload
    return [events.valid, events.ready, payload.null, payload.memory], count


def _chunks(stage: int, sequencer: Any, walk: Any, update: Any) -> Any:
    tables = walk.plan.tables
    neurons = [tables.layers[number].neuron for number in walk.plan.layers]

    def count(found: Any, valid: int, ready: int, used: int, index: int, first: int) -> None:
        if valid & ready & used:
            name, neuron = walk.plan.names[index], neurons[index]
            found[stage, "parameters", name] += 1
            found[stage, f"potentials_{neuron.state_bits}", name] += not first
            if neuron.current is not None:
                found[stage, f"synaptic_{neuron.current.store.bits}", name] += not first

    chunks = walk.chunks
    signals = [chunks.valid, chunks.ready, chunks.payload.used, sequencer.index, update.first_step]
    return signals, count


def _currents(stage: int, sequencer: Any, currents: Any) -> Any:
    def count(found: Any, replay: int, valid: int, ready: int, index: int) -> None:
        if replay & valid & ready:
            found[stage, "currents", currents.plan.names[index]] += 1

    sums = currents.sums
    return [currents.replay, sums.valid, sums.ready, sequencer.index], count
