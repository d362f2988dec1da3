"""The map memory of a stage: what writes to it, and where each map lies."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, PureInterface, connect, flipped

from ...plan import memories
from ...plan.stage_plan import StagePlan
from ...plan.terms import address_bits
from ..fork import Fork
from ..memory import RegisteredMemory, read_signature, write_signature
from .map_loader import Loader
from .packer import PackedLayout
from .ring import Ring, bases_layout


class MapMemory(wiring.Component):
    """Hold the maps that the stage reads, and send on those that others read.

    The memory has one write port. The stage's own words, `packed`, take it whenever they come; of
    those from outside each source takes it when no earlier one does, so a source waits for a while,
    and nothing else does. A map's *base* is where it begins. That of a layer is a constant; of one
    that is seen a step later, as by itself, one of two, turn by turn: the map of this time step,
    and that of the step before. Of one that is seen later still as many maps are kept; see `Ring`.
    That of a source from outside goes from buffer to buffer; see `Loader`.

    Members
    -------
    index : In(…), of the layer whose words are `packed`, in the stage
    odd_step : In(1), of that layer; alternates
    walk_index, walk_odd_step : In(…), the same of the layer that is walked
    turns, walk_turns : In(1), pulse when update or walker ends a time step, where `plan.rings`
    packed : In(stream.Signature(PackedLayout))
    map_NAME : Out(stream.Signature(unsigned(word_bits))), for each NAME in `exports`
    source_NAME : In(stream.Signature(unsigned(word_bits))), for each NAME in `plan.external`
    available : Out(…), a bit for each NAME in `plan.external`, as of its `Loader`
    advance, release : In(…), the same
    bases : Out(bases_layout), of the maps that the walked layer reads
    read : In(read_signature), `data` two enabled cycles after `addr`
    read_flags : In(read_signature), where the stage has flags: of the word at `addr`, lowest, and
        of those before it in its plane whether they hold a spike; the same latency
    """

    def __init__(self, plan: StagePlan, exports: tuple[str, ...]) -> None:
        self.plan = plan
        self.exports = exports
        self.address_bits = address_bits(plan)
        words = stream.Signature(unsigned(plan.word_bits))
        index = range(max(2, plan.count))
        most = max(len(descriptor.sources) for descriptor in plan.descriptors)
        self._written: dict[str, Value] = {}
        self._seen: dict[tuple[str, int], Value] = {}
        super().__init__(
            {
                "index": In(index),
                "odd_step": In(1),
                "walk_index": In(index),
                "walk_odd_step": In(1),
                "packed": In(stream.Signature(PackedLayout(plan))),
                **{f"map_{name}": Out(words) for name in exports},
                **{f"source_{name}": In(words) for name in plan.external},
                "available": Out(len(plan.external)),
                "advance": In(len(plan.external)),
                "release": In(len(plan.external)),
                "bases": Out(bases_layout(plan, most)),
                "read": In(read_signature(self.address_bits, plan.word_bits)),
            }
            | (dict.fromkeys(("walk_turns", "turns"), In(1)) if plan.rings else {})
            | (
                {"read_flags": In(read_signature(self.address_bits, plan.shape.flags))}
                if plan.shape.flags
                else {}
            )
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = RegisteredMemory.of(memories.maps(self.plan))
        self._go_round(m)
        own = self._store(m)
        loaders = self._load(m, own)
        for write in (own, *(loader.write for loader in loaders.values())):
            with m.If(write.en):
                m.d.comb += [
                    memory.write.en.eq(1),
                    memory.write.addr.eq(write.addr),
                    memory.write.data.eq(write.data),
                ]
        if self.plan.shape.flags:
            self._flag(m, memory.write, own, loaders)
        self._locate(m, loaders)
        connect(m, flipped(self.read), memory.read)
        return m

    def _store(self, m: Module) -> PureInterface:
        """Take the stage's own words apart; return how those of maps that it reads are written."""
        plan = self.plan
        write = write_signature(self.address_bits, plan.word_bits).create(path=("own",))
        base = Signal.like(write.addr)
        m.submodules.fork = fork = Fork(PackedLayout(plan), 1 + len(self.exports))
        connect(m, flipped(self.packed), fork.input)
        wanted = [Signal(name="stored"), *(Signal(name=f"sent_{name}") for name in self.exports)]
        words, *sent = fork.outputs
        m.d.comb += [
            *(bit.eq(want) for bit, want in zip(fork.wanted, wanted, strict=True)),
            words.ready.eq(1),
            write.en.eq(words.valid),
            write.addr.eq(base + words.payload.place),
            write.data.eq(words.payload.data),
        ]
        with m.Switch(self.index):
            for number, name in enumerate(plan.names):
                with m.Case(number):
                    if name in plan.read_maps:
                        m.d.comb += [wanted[0].eq(1), base.eq(self._base(name))]
        for name, words, mine in zip(self.exports, sent, wanted[1:], strict=True):
            out = getattr(self, f"map_{name}")
            m.d.comb += [
                mine.eq(self.index == plan.names.index(name)),
                out.payload.eq(words.payload.data),
                out.valid.eq(words.valid),
                words.ready.eq(out.ready),
            ]
        return write

    def _load(self, m: Module, own: PureInterface) -> dict[str, Loader]:
        """Take the sources' words in; return what writes them, by the source's name."""
        loaders = {}
        busy = own.en
        for number, name in enumerate(self.plan.external):
            m.submodules[f"load_{name}"] = loaders[name] = loader = Loader(self.plan, name)
            connect(m, flipped(getattr(self, f"source_{name}")), loader.words)
            m.d.comb += [
                loader.may_write.eq(~busy),
                loader.advance.eq(self.advance[number]),
                loader.release.eq(self.release[number]),
                self.available[number].eq(loader.available),
            ]
            busy = busy | loader.write.en
        return loaders

    def _flag(
        self, m: Module, write: PureInterface, own: PureInterface, loaders: dict[str, Loader]
    ) -> None:
        """Write the flag of each word with it, and those of the words before it in its plane.

        The planes of a word follow each other, so the word before lies as many words back. At the
        start of a row the flags behind are those of another row, which no segment asks for.
        """
        plan = self.plan
        m.submodules.flags = flags = RegisteredMemory.of(memories.flags(plan))
        connect(m, flipped(self.read_flags), flags.read)
        m.d.comb += [flags.write.en.eq(write.en), flags.write.addr.eq(write.addr)]
        stored = [name for name in plan.names if name in plan.read_maps]
        writers = [(own, {name: plan.map(name).planes for name in stored})] * bool(stored)
        writers += [
            (loader.write, {name: plan.map(name).planes}) for name, loader in loaders.items()
        ]
        holds, back = Signal(), plan.shape.flags - 1
        m.d.comb += holds.eq(write.data.any())
        for number, (some, planes) in enumerate(writers):
            before = Signal(back * max(planes.values()), name=f"flags_before_{number}")
            with m.If(some.en):
                m.d.sync += before.eq(Cat(holds, before))
                for count in sorted(set(planes.values())):
                    taps = before[count - 1 :: count][:back]
                    layers = [plan.names.index(n) for n in stored if planes.get(n) == count]
                    several = len(set(planes.values())) > 1
                    with m.If(Cat(self.index == i for i in layers).any() if several else Const(1)):
                        m.d.comb += flags.write.data.eq(Cat(holds, taps))

    def _locate(self, m: Module, loaders: dict[str, Loader]) -> None:
        """Say where the maps lie that the walked layer reads."""
        with m.Switch(self.walk_index):
            for number, descriptor in enumerate(self.plan.descriptors):
                with m.Case(number):
                    for index, source in enumerate(descriptor.sources):
                        lag = self.plan.seen_lag(source.name, source.lag)
                        if source.name not in loaders:
                            base = self._base(source.name, lag)
                        elif lag:
                            loader = loaders[source.name]
                            base = loader.before[loader.lags.index(lag)]
                        else:
                            base = loaders[source.name].base
                        m.d.comb += self.bases[index].eq(base)

    def _go_round(self, m: Module) -> None:
        """Let the bases of layers that are seen late go from map to map, as written and as read."""
        for name in self.plan.rings:
            m.submodules[f"write_{name}"] = written = Ring(self.plan, name, (0,))
            m.submodules[f"read_{name}"] = seen = Ring(self.plan, name, self.plan.lags[name])
            m.d.comb += [written.turns.eq(self.turns), seen.turns.eq(self.walk_turns)]
            self._written[name] = written.bases[0]
            for lag, base in zip(seen.lags, seen.bases, strict=True):
                self._seen[name, lag] = base

    def _base(self, name: str, lag: int | None = None) -> Value | int:
        """Return the base of a layer's map that is written, or of one read so many steps later."""
        base = self.plan.map_bases[name]
        if name in self.plan.rings:
            return self._written[name] if lag is None else self._seen[name, lag]
        if self.plan.kept_steps(name) == 1:
            return base
        bases = (base + self.plan.map(name).words, base)
        if lag is None:
            return Mux(self.odd_step, *bases)
        return Mux(self.walk_odd_step, *(reversed(bases) if lag else bases))
