"""What is the same on every board: a serial line in, the accelerator, answers out.

Frames go both ways; docs/wire.md says what they are, and `somagate.boards.wire` is their gates.
Nothing on the line can hold the host up or do harm: a frame that is damaged, out of order or
without room is dropped, and the host sends it again.
"""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out, connect

from ..checks.arguments import integer
from ..hw.plan.identity import shape_sha256
from ..hw.plan.widths import parts
from ..hw.rtl.memory import RegisteredMemory
from ..hw.rtl.observe import observers
from .uart import UartParameters, UartReceiver, UartTransmitter
from .wire.answers import FrameAnswers
from .wire.commands import FrameCommands
from .wire.protocol import PAGE_BYTES, SLOTS, VERSION, Page
from .wire.receiver import FrameReceiver
from .wire.results import ResultBytes
from .wire.sender import FrameSender
from .words import WordPacker

CLASSES_MAX = 1 << 16
PAGE_BITS = (PAGE_BYTES - 1).bit_length()
WORD_BITS_MAX = 128
"""Of a word that the serial line packs; the largest that a board can have."""
CONFIG_BITS = 32
"""Of a word of tables that are loaded."""
STARTUP_NS = 15_000
"""iCE40's block RAM reads as zero for some 3 µs after configuration; this is five times that."""


@dataclass(frozen=True, kw_only=True)
class TopParameters:
    """The serial line and what waits on it.

    Attributes
    ----------
    uart
        The line's speed, and the clock.
    word_bits
        Bits of a word of `Accelerator.input`.
    buffer_bytes
        Of frames that wait while the accelerator is busy; a power of two.
    """

    uart: UartParameters
    word_bits: int
    buffer_bytes: int

    def __post_init__(self) -> None:
        if not isinstance(self.uart, UartParameters):
            raise TypeError(f"Top uart must be UartParameters, not {self.uart!r}")
        integer("Top word_bits", self.word_bits, 1, WORD_BITS_MAX)
        size = integer("Top buffer_bytes", self.buffer_bytes, 512, 1 << 16)
        if size & (size - 1):
            raise ValueError(f"Top buffer_bytes must be a power of two, not {size}")

    @property
    def word_bytes(self) -> int:
        """Bytes a word on the line."""
        return parts(self.word_bits, 8)

    @property
    def startup_cycles(self) -> int:
        """Cycles from a stable clock to the end of the reset."""
        return parts(STARTUP_NS * self.uart.clock_hz, 10**9)


class Top(wiring.Component):
    """The accelerator behind a serial line.

    Everything is held in reset for `TopParameters.startup_cycles` after `locked`. A frame that
    starts anew resets all but the line itself.

    Parameters
    ----------
    accelerator
        A `hw.rtl.accelerator.Accelerator`, or what has the same `input` and `output`, and if
        it has a `plan` whatever that makes it have.
    parameters
        The line and what waits on it.

    Members
    -------
    rx : In(1)
        From the host.
    tx : Out(1)
        To the host.
    locked : In(1)
        The clock is stable; may be asynchronous.
    busy : Out(1)
        From the first word of an inference to the last value of its answer.
    failed : Out(1)
        No tables are there: they have to be loaded.

    Raises
    ------
    ValueError
        If the accelerator's words have another width, or a class doesn't fit an answer.
    """

    def __init__(self, accelerator: Any, parameters: TopParameters) -> None:
        self.accelerator = accelerator
        self.parameters = parameters
        width = len(accelerator.input.payload)
        if width != parameters.word_bits:
            raise ValueError(
                f"Top word_bits must be those of the accelerator, {width}, "
                f"not {parameters.word_bits}"
            )
        classes = 1 << len(accelerator.output.payload.prediction)
        if classes > CLASSES_MAX:
            raise ValueError(
                f"Top answers with one of at most {CLASSES_MAX} classes, not {classes}: "
                "the accelerator's prediction must have 16 bits or less"
            )
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "locked": In(1),
                "busy": Out(1),
                "failed": Out(1),
            }
        )

    @property
    def configurable(self) -> bool:
        """Whether tables can be loaded."""
        return hasattr(self.accelerator, "config")

    @property
    def description(self) -> list[int]:
        """Bytes of `Page.DESCRIPTION`, as docs/wire.md has them."""
        result, line = self.accelerator.output.payload, self.parameters
        return [
            VERSION,
            int(self.configurable),
            line.word_bits,
            line.buffer_bytes.bit_length() - 1,
            SLOTS,
            parts(len(result.value), 8),
            parts(len(result.prediction), 8),
            *(line.uart.clock_hz // 1000).to_bytes(3, "little"),
        ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        uart, accelerator = self.parameters.uart, self.accelerator
        starting, restart = Signal(init=1), Signal(init=1)
        begun, greet = Signal(), Signal()
        at_start, anew = ResetInserter(starting), ResetInserter(restart)

        m.submodules.line_in = line_in = at_start(UartReceiver(uart))
        m.submodules.line_out = line_out = at_start(UartTransmitter(uart))
        m.submodules.receiver = receiver = at_start(FrameReceiver(self.parameters.buffer_bytes))
        m.submodules.sender = sender = at_start(FrameSender())
        m.submodules.answers = answers = anew(FrameAnswers())
        m.submodules.results = results = anew(ResultBytes(accelerator.output.payload.shape()))
        m.submodules.commands = commands = anew(self._commands())
        m.submodules.packer = packer = anew(WordPacker(self.parameters.word_bits))
        m.submodules.accelerator = anew(accelerator)

        self._start(m, starting)
        m.d.comb += [line_in.rx.eq(self.rx), self.tx.eq(line_out.tx)]
        connect(m, line_in.output, receiver.bytes)
        connect(m, receiver.frames, commands.frames)
        connect(m, commands.input, packer.input)
        connect(m, packer.output, accelerator.input)
        connect(m, accelerator.output, results.results)
        connect(m, results.bytes, answers.answer)
        connect(m, answers.body, sender.body)
        connect(m, sender.bytes, line_out.input)
        for name in observers(accelerator):
            m.d.comb += getattr(accelerator, name).ready.eq(1)
        refused = self._load(m, anew, commands, answers)

        hello = receiver.heard & receiver.hello
        m.d.sync += [restart.eq(starting | hello), begun.eq(hello), greet.eq(begun)]
        m.d.comb += [
            sender.restart.eq(restart),
            answers.asked.eq(greet | commands.asked),
            answers.page.eq(commands.page & (~greet).replicate(2)),
            self.failed.eq(~commands.loaded),
        ]
        self._tell(m, receiver, commands, answers, sender)
        m.d.comb += answers.events.eq(
            Cat(
                receiver.heard & receiver.disordered,
                receiver.heard & receiver.crowded,
                commands.unknown,
                commands.unloaded,
                refused,
            )
        )
        with m.If(packer.input.valid):
            m.d.sync += self.busy.eq(1)
        answer = results.bytes
        with m.If((answer.valid & answer.ready & answer.payload.last) | restart):
            m.d.sync += self.busy.eq(0)
        return m

    def _tell(
        self,
        m: Module,
        receiver: FrameReceiver,
        commands: FrameCommands,
        answers: FrameAnswers,
        sender: FrameSender,
    ) -> None:
        """Tell those who speak what was heard, and what is on its way."""
        m.d.comb += [
            sender.heard.eq(receiver.heard & ~receiver.hello),
            sender.wanted.eq(receiver.wanted),
            sender.again.eq(receiver.again),
            sender.numbered.eq(answers.numbered),
            answers.expected.eq(receiver.expected),
            answers.heard.eq(receiver.heard & ~receiver.hello),
            answers.loaded.eq(commands.loaded),
            answers.greeted.eq(receiver.greeted),
        ]
        for name in ("crowded", "held", "number", "length", "idle"):
            m.d.comb += getattr(answers, name).eq(getattr(sender, name))

    def _commands(self) -> FrameCommands:
        must = self.configurable and self.accelerator.plan.must_load
        return FrameCommands(loadable=self.configurable, loaded=not must)

    def _load(
        self, m: Module, anew: ResetInserter, commands: FrameCommands, answers: FrameAnswers
    ) -> Signal:
        """Put what loads tables between commands and accelerator, and return that it is refused.

        What can't be loaded says its own identity.
        """
        refused = Signal()
        accelerator = self.accelerator
        known = bytes(self.description).ljust(PAGE_BYTES, b"\0")
        if not self.configurable:
            if hasattr(accelerator, "plan"):
                plan = accelerator.plan
                known += bytes.fromhex(shape_sha256(plan) + plan.tables.sha256)
            m.submodules.identity = identity = RegisteredMemory(
                width=8, depth=1 << len(answers.pages.addr), init=list(known), style="block"
            )
            connect(m, answers.pages, identity.read)
            return refused
        m.submodules.config = config = anew(WordPacker(CONFIG_BITS))
        connect(m, commands.config, config.input)
        connect(m, config.output, accelerator.config)
        place, page = answers.pages.addr[:PAGE_BITS], answers.pages.addr[PAGE_BITS:]
        own = Const(int.from_bytes(known, "little"), 8 * PAGE_BYTES).word_select(place, 8)
        m.d.comb += [
            accelerator.identity.en.eq(1),
            accelerator.identity.addr.eq(Cat(place, page == Page.TABLES)),
            answers.pages.data.eq(Mux(page == Page.DESCRIPTION, own, accelerator.identity.data)),
        ]
        before = Signal()
        m.d.sync += before.eq(accelerator.config_refused)
        m.d.comb += [
            commands.refused.eq(accelerator.config_refused),
            commands.finished.eq(accelerator.config_finished),
            refused.eq(accelerator.config_refused & ~before),
        ]
        return refused

    def _start(self, m: Module, starting: Signal) -> None:
        """Hold `starting` until the clock has been stable for long enough."""
        locked = Signal()
        cycles = self.parameters.startup_cycles
        left = Signal(range(cycles + 1), init=cycles)
        m.submodules.locked = FFSynchronizer(self.locked, locked)
        m.d.sync += starting.eq(~locked | (left != 0))
        with m.If(~locked):
            m.d.sync += left.eq(cycles)
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
