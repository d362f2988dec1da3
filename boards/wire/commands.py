"""What frames ask for: words of inferences, words of tables, and pages."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ...hw.plan.widths import bits_of
from .protocol import MODES, Command, Extra, Page
from .receiver import FRAME_BYTE

NONE = Extra(0)


class FrameCommands(wiring.Component):
    """Pass the bytes of frames on to what they are for.

    Parameters
    ----------
    loadable
        Tables can be loaded.
    loaded
        They are there from the start.
    modes
        That can be chosen.
    pages
        That there are.

    Members
    -------
    frames : In(stream of `FRAME_BYTE`)
    input, config : Out(stream of 8 bits)
        Of `Command.INPUT`, and of `Command.LOAD` where tables can be loaded.
    refused, finished : In(1)
        As of `somagate.hw.rtl.configurator.Configurator`.
    mode : Out(3)
        Those of `Extra` that are chosen; static from the first inference on.
    asked, page : Out(1), Out(2)
        High for a cycle where a page is asked for, and which.
    unknown, unloaded : Out(1)
        High for a cycle where a frame is passed over: one of no command or page, and one of
        inferences that have no tables.
    loaded : Out(1)
        Tables are there; a reset keeps it.
    """

    def __init__(
        self, *, loadable: bool, loaded: bool = True, modes: Extra = NONE, pages: int = len(Page)
    ) -> None:
        self.loadable, self.modes, self.pages = loadable, modes, pages
        byte = stream.Signature(8)
        members = {
            "frames": In(stream.Signature(FRAME_BYTE)),
            "input": Out(byte),
            "mode": Out(bits_of(MODES + 1)),
            "asked": Out(1),
            "page": Out(2),
            "unknown": Out(1),
            "unloaded": Out(1),
            "loaded": Out(1),
        }
        if loadable:
            members |= {"config": Out(byte), "refused": In(1), "finished": In(1)}
        super().__init__(members)
        self._loaded = Signal(init=loaded, reset_less=True)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        frame, byte = self.frames, self.frames.payload.byte
        command, fresh = Signal(8), Signal()
        asks, strange, large = Signal(), Signal(), Signal()
        known = ~large & (self.page < self.pages)
        inside = frame.valid & ~frame.payload.first
        m.d.comb += [
            self.input.payload.eq(byte),
            self.loaded.eq(self._loaded),
            self.asked.eq(asks & known),
            self.unknown.eq(asks & ~known | strange),
            frame.ready.eq(1),
        ]
        m.d.sync += [asks.eq(0), strange.eq(0), self.page.eq(byte), large.eq(byte[2:].any())]
        with m.If(frame.valid & frame.payload.first):
            m.d.sync += [command.eq(byte[:7]), fresh.eq(1)]
        begun = Signal()
        with m.If(self.input.valid):
            m.d.sync += begun.eq(1)
        with m.If(inside):
            m.d.sync += fresh.eq(0)
            with m.Switch(command):
                with m.Case(Command.ASK):
                    m.d.sync += asks.eq(fresh)
                with m.Case(Command.INPUT):
                    m.d.comb += [
                        self.input.valid.eq(self.loaded),
                        frame.ready.eq(self.input.ready | ~self.loaded),
                        self.unloaded.eq(~self.loaded & fresh),
                    ]
                if self.loadable:
                    with m.Case(Command.LOAD):
                        m.d.comb += [
                            self.config.valid.eq(1),
                            frame.ready.eq(self.config.ready),
                        ]
                        m.d.sync += self._loaded.eq(0)
                if self.modes:
                    with m.Case(Command.MODE):
                        self._choose(m, byte, fresh, begun, strange)
                with m.Default():
                    m.d.sync += strange.eq(fresh)
        if self.loadable:
            m.d.comb += self.config.payload.eq(byte)
            with m.If(self.finished):
                m.d.sync += self._loaded.eq(1)
        return m

    def _choose(
        self, m: Module, byte: Value, fresh: Signal, begun: Signal, strange: Signal
    ) -> None:
        """Take modes that are there, before the first inference has begun."""
        lacks = 0xFF ^ int(self.modes)  # a constant of `Extra` would be as wide as `Extra`
        with m.If(begun | (byte & lacks).any()):
            m.d.sync += strange.eq(fresh)
        with m.Elif(fresh):
            m.d.sync += self.mode.eq(byte)
