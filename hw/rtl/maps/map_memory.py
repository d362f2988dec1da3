"""The map memory of a stage: what writes to it, and where each map lies."""

from collections.abc import Mapping

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import PureInterface, connect, flipped

from ...plan.stage_plan import StagePlan
from ..fork import Fork
from ..memory import RegisteredMemory
from ..sequencer import Sequencer
from .map_loader import Loader
from .packer import PackedLayout, Packer


def store(
    m: Module,
    plan: StagePlan,
    maps: RegisteredMemory,
    exports: Mapping[str, PureInterface],
    *,
    sequencer: Sequencer,
    packer: Packer,
) -> Signal:
    """Write the packer's words to the memory, and to the streams of the layers in `exports`.

    Return whether the memory is written in this cycle.
    """
    m.submodules.words_fork = fork = Fork(PackedLayout(plan), 1 + len(exports))
    connect(m, packer.words, fork.input)
    words = fork.outputs[0]
    inside = Signal()
    base = Signal.like(maps.write.addr)
    with m.Switch(sequencer.index):
        for number, name in enumerate(plan.names):
            with m.Case(number):
                m.d.comb += inside.eq(name in plan.read_maps)
                if name in plan.read_maps:
                    first = plan.map_bases[name]
                    m.d.comb += base.eq(first)
                    if name in plan.recurrent:
                        with m.If(sequencer.odd_step):
                            m.d.comb += base.eq(first + plan.map(name).words)
    writes = Signal()
    m.d.comb += [words.ready.eq(1), writes.eq(words.valid & inside)]
    with m.If(writes):
        m.d.comb += [
            maps.write.en.eq(1),
            maps.write.addr.eq(base + words.payload.place),
            maps.write.data.eq(words.payload.data),
        ]
    for (name, out), source in zip(exports.items(), fork.outputs[1:], strict=True):
        mine = sequencer.index == plan.names.index(name)
        m.d.comb += [
            out.payload.eq(source.payload.data),
            out.valid.eq(source.valid & mine),
            source.ready.eq(out.ready | ~mine),
        ]
    return writes


def load(
    m: Module,
    plan: StagePlan,
    maps: RegisteredMemory,
    sources: Mapping[str, PureInterface],
    *,
    sequencer: Sequencer,
    stored: Signal,
) -> dict[tuple[str, bool], object]:
    """Write the maps from outside to the memory, in cycles in which `store` doesn't: `stored`.

    Return where each map lies, by its name and whether its own layer reads it, so that of the step
    before.
    """
    bases: dict[tuple[str, bool], object] = {}
    for name, base in plan.map_bases.items():
        bases[name, False] = base
        if name in plan.recurrent:
            other = base + plan.map(name).words
            bases[name, False] = Mux(sequencer.walk_odd_step, other, base)
            bases[name, True] = Mux(sequencer.walk_odd_step, base, other)
    busy = stored
    for number, (name, words) in enumerate(sources.items()):
        loader = m.submodules[f"load_{name}"] = Loader(plan, name)
        connect(m, flipped(words), loader.words)
        m.d.comb += [
            loader.may_write.eq(~busy),
            loader.advance.eq(sequencer.advance[number]),
            loader.release.eq(sequencer.release[number]),
            sequencer.available[number].eq(loader.available),
        ]
        with m.If(loader.write.en):
            m.d.comb += [
                maps.write.en.eq(1),
                maps.write.addr.eq(loader.write.addr),
                maps.write.data.eq(loader.write.data),
            ]
        busy = busy | loader.write.en
        bases[name, False] = loader.base
    return bases
