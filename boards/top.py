"""What is the same on every board: a serial line in, the accelerator, the class out.

The host sends the words of an inference, each as bytes with the lowest first, and gets one byte
back: the class, or `FAILURE` and a reason. There are no frames on the line; the accelerator counts
its words. So whoever starts, or has lost count, first sends a break: it brings all of this to its
start, and the next byte is the first of an inference.

Nothing on the line can hold the host up. Words wait in a queue while the accelerator is busy; a
host that waits for each class can't overrun it if the queue holds a whole inference, or if no time
step takes the accelerator longer than its words are on the line, `TopParameters.word_cycles` each.
A byte that is lost all the same, to an overrun or on the line, would shift all that follow it, so
the answer is then a failure, and everything up to the next break is ignored.

Where the accelerator has a configuration stream, all of this comes behind a command; see
`somagate.boards.commands`.
"""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect

from ..checks.arguments import integer
from ..hw.rtl.observe import observers
from ..hw.rtl.queue import Queue
from .commands import Commands
from .uart import UartParameters, UartReceiver, UartTransmitter
from .words import WordPacker

FAILURE = 0x80
"""This bit of an answer marks a failure; the others are then its reasons."""
OVERRUN = 0x01
"""The host sent faster than the accelerator took, and words were lost."""
FRAME_ERROR = 0x02
"""A byte arrived without its stop bit: noise, or another speed."""

CLASSES_MAX = FAILURE
WORD_BITS_MAX = 128
"""Of a word that the serial line packs; the largest that a board can have."""
STARTUP_NS = 15_000
"""iCE40's block RAM reads as zero for some 3 µs after configuration; this is five times that."""


@dataclass(frozen=True, kw_only=True)
class TopParameters:
    """The serial line and its queue.

    Attributes
    ----------
    uart
        The line's speed, and the clock.
    word_bits
        Bits of a word of `Accelerator.input`.
    queue_words
        Words that wait while the accelerator is busy.
    """

    uart: UartParameters
    word_bits: int
    queue_words: int

    def __post_init__(self) -> None:
        if not isinstance(self.uart, UartParameters):
            raise TypeError(f"Top uart must be UartParameters, not {self.uart!r}")
        integer("Top word_bits", self.word_bits, 1, WORD_BITS_MAX)
        integer("Top queue_words", self.queue_words, 2, 1 << 20)

    @property
    def word_bytes(self) -> int:
        """Bytes a word on the line."""
        return -(-self.word_bits // 8)

    @property
    def startup_cycles(self) -> int:
        """Cycles from a stable clock to the end of the reset."""
        return -(-STARTUP_NS * self.uart.clock_hz // 10**9)

    @property
    def word_cycles(self) -> int:
        """Cycles from one word to the next when bytes follow one another without a gap."""
        return self.word_bytes * self.uart.byte_cycles


class Top(wiring.Component):
    """The accelerator behind a serial line. See the module for what is on the line.

    Everything but the line itself is held in reset for `TopParameters.startup_cycles` after
    `locked`, during a break, and after a failure.

    Parameters
    ----------
    accelerator
        A `hw.rtl.accelerator.Accelerator`, or what has the same `input` and `output`, and if
        it has a `plan` whatever that makes it have.
    parameters
        The line and its queue.

    Attributes
    ----------
    latency
        Cycles from the last transfer of `Accelerator.output` to the answer's start bit.

    Members
    -------
    rx : In(1)
        From the host.
    tx : Out(1)
        To the host.
    locked : In(1)
        The clock is stable; may be asynchronous.
    busy : Out(1)
        From the first byte of an inference, or of another command, to its answer.
    failed : Out(1)
        From a failure to the next break.

    Raises
    ------
    ValueError
        If the accelerator's words have another width, or a class doesn't fit an answer.
    """

    latency = 2

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
                "the accelerator's prediction must be narrower than 8 bits"
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

    def elaborate(self, platform: object) -> Module:
        """Build the top: receiver, packer, queue, accelerator, answer, transmitter."""
        m = Module()
        uart = self.parameters.uart
        starting, reset, failure = Signal(init=1), Signal(init=1), Signal(8)

        m.submodules.receiver = receiver = ResetInserter(starting)(UartReceiver(uart))
        m.submodules.transmitter = transmitter = ResetInserter(starting)(UartTransmitter(uart))
        m.submodules.packer = packer = ResetInserter(reset)(WordPacker(self.parameters.word_bits))
        m.submodules.queue = queue = ResetInserter(reset)(
            SyncFIFOBuffered(width=self.parameters.word_bits, depth=self.parameters.queue_words)
        )
        # The queue's output is a block RAM's, so a second queue in flip-flops registers it.
        m.submodules.register = register = ResetInserter(reset)(Queue(self.parameters.word_bits, 2))
        m.submodules.accelerator = ResetInserter(reset)(self.accelerator)
        accelerator = self.accelerator

        self._start(m, starting)
        m.d.comb += [receiver.rx.eq(self.rx), self.tx.eq(transmitter.tx)]
        if self.configurable:
            commands = self._command(m, reset, receiver)
            connect(m, commands.inference, packer.input)
        else:
            connect(m, receiver.output, packer.input)
        connect(m, packer.output, queue.w_stream)
        connect(m, queue.r_stream, register.input)
        connect(m, register.output, accelerator.input)

        answer, answer_valid = Signal(8), Signal()
        done = Signal()
        m.d.comb += [
            transmitter.input.payload.eq(answer),
            transmitter.input.valid.eq(answer_valid),
            accelerator.output.ready.eq(~answer_valid),
            done.eq(
                accelerator.output.valid
                & accelerator.output.ready
                & accelerator.output.payload.last
            ),
        ]
        for name in observers(accelerator):
            m.d.comb += getattr(accelerator, name).ready.eq(1)
        with m.If(transmitter.input.ready):
            m.d.sync += answer_valid.eq(0)
        if self.configurable:
            m.d.comb += commands.answers.ready.eq(~answer_valid)
            with m.If(commands.answers.valid & commands.answers.ready):
                m.d.sync += [answer_valid.eq(1), answer.eq(commands.answers.payload)]
        with m.If(done):
            m.d.sync += [answer_valid.eq(1), answer.eq(accelerator.output.payload.prediction)]

        # A failure is told once: while `failed`, the accelerator is in reset and answers nothing.
        m.d.comb += failure.eq(
            OVERRUN * receiver.overrun
            | FRAME_ERROR * receiver.frame_error
            | (commands.failure if self.configurable else 0)
        )
        with m.If(failure.any() & ~self.failed):
            m.d.sync += [self.failed.eq(1), answer_valid.eq(1), answer.eq(FAILURE | failure)]
        with m.If(starting | receiver.line_break):
            m.d.sync += [self.failed.eq(0), answer_valid.eq(0)]
        m.d.sync += reset.eq(starting | receiver.line_break | self.failed)

        at_work = ~commands.idle & ~commands.runs if self.configurable else 0
        with m.If(packer.input.valid | at_work):
            m.d.sync += self.busy.eq(1)
        with m.If(done | reset | (commands.idle if self.configurable else 0)):
            m.d.sync += self.busy.eq(0)
        return m

    @property
    def configurable(self) -> bool:
        """Whether the accelerator has a configuration stream."""
        return hasattr(self.accelerator, "config")

    def _command(self, m: Module, reset: Signal, receiver: UartReceiver) -> Commands:
        """Put commands between the line and the accelerator."""
        accelerator = self.accelerator
        commands = Commands(loaded=not accelerator.plan.must_load)
        m.submodules.commands = ResetInserter(reset)(commands)
        connect(m, receiver.output, commands.bytes)
        connect(m, commands.config, accelerator.config)
        connect(m, commands.identity, accelerator.identity)
        m.d.comb += [
            commands.refused.eq(accelerator.config_refused),
            commands.finished.eq(accelerator.config_finished),
        ]
        return commands

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
