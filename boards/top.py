"""What is the same on every board: a serial line in, the accelerator, answers out.

Frames go both ways; docs/wire.md says what they are, and `somagate.boards.wire` is their gates.
Nothing on the line can hold the host up or do harm: a frame that is damaged, out of order or
without room is dropped, and the host sends it again.
"""

from typing import Any

from amaranth.hdl import Cat, Module, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out, connect

from .core import Core, TopParameters
from .uart import UartReceiver, UartTransmitter
from .wire.answers import FrameAnswers
from .wire.commands import FrameCommands
from .wire.protocol import MODES, Extra, Page
from .wire.receiver import FrameReceiver
from .wire.sender import FrameSender


class Top(wiring.Component):
    """The accelerator behind a serial line.

    Everything is held in reset for `TopParameters.startup_cycles` after `locked`. A frame that
    starts anew resets all but the line itself.

    Parameters
    ----------
    accelerator
        A `hw.rtl.accelerator.Accelerator`, or what has the same `input` and `output`, and if
        it has a `plan` whatever that makes it have. It must be able to do what the `extras` ask
        of it, as what `somagate.boards.core.accelerator_for` returns can.
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
        From the first byte of an inference to the last value of its answer.
    failed : Out(1)
        No tables are there: they have to be loaded.

    Raises
    ------
    ValueError
        If the accelerator's words have another width, a class doesn't fit an answer, or its input
        can't be made of pixels.
    """

    def __init__(self, accelerator: Any, parameters: TopParameters) -> None:
        self.core = Core(accelerator, parameters)
        self.parameters = parameters
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
    def accelerator(self) -> Any:
        """What is behind the line."""
        return self.core.accelerator

    def elaborate(self, platform: object) -> Module:
        m = Module()
        uart, core = self.parameters.uart, self.core
        starting, restart = Signal(init=1), Signal(init=1)
        begun, greet = Signal(), Signal()
        at_start, anew = ResetInserter(starting), ResetInserter(restart)

        m.submodules.line_in = line_in = at_start(UartReceiver(uart))
        m.submodules.line_out = line_out = at_start(UartTransmitter(uart))
        m.submodules.receiver = receiver = at_start(FrameReceiver(self.parameters.buffer_bytes))
        m.submodules.sender = sender = at_start(FrameSender())
        m.submodules.answers = answers = anew(FrameAnswers())
        m.submodules.commands = commands = anew(self._commands())
        m.submodules.core = anew(core)

        self._start(m, starting)
        m.d.comb += [line_in.rx.eq(self.rx), self.tx.eq(line_out.tx), self.busy.eq(core.busy)]
        connect(m, line_in.output, receiver.bytes)
        connect(m, receiver.frames, commands.frames)
        connect(m, commands.input, core.input)
        connect(m, core.answer, answers.answer)
        connect(m, answers.pages, core.pages)
        connect(m, answers.body, sender.body)
        connect(m, sender.bytes, line_out.input)

        hello = receiver.heard & receiver.hello
        disordered, crowded = (
            receiver.heard & flag for flag in (receiver.disordered, receiver.crowded)
        )
        m.d.sync += [restart.eq(starting | hello), begun.eq(hello), greet.eq(begun)]
        m.d.comb += [
            sender.restart.eq(restart),
            core.mode.eq(commands.mode),
            core.damaged.eq(receiver.damaged),
            core.dropped.eq(disordered | crowded),
            answers.asked.eq(greet | commands.asked),
            answers.page.eq(commands.page & (~greet).replicate(2)),
            self.failed.eq(~commands.loaded),
        ]
        self._tell(m, receiver, commands, answers, sender)
        refused = self._load(m, commands)
        events = [disordered, crowded, commands.unknown, commands.unloaded, refused]
        m.d.comb += answers.events.eq(Cat(events))
        return m

    def _load(self, m: Module, commands: FrameCommands) -> Signal:
        """Let tables be loaded where they can be; return that they begin to be refused."""
        refused, before = Signal(), Signal()
        core = self.core
        if core.configurable:
            connect(m, commands.config, core.config)
            m.d.sync += before.eq(core.refused)
            m.d.comb += [
                commands.refused.eq(core.refused),
                commands.finished.eq(core.finished),
                refused.eq(core.refused & ~before),
            ]
        return refused

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
        must = self.core.configurable and self.accelerator.plan.must_load
        extras = self.parameters.extras
        return FrameCommands(
            loadable=self.core.configurable,
            loaded=not must,
            modes=extras & MODES,
            pages=len(Page) - (Extra.COUNTERS not in extras),
        )

    def _start(self, m: Module, starting: Signal) -> None:
        """Hold `starting` until the clock has been stable for long enough."""
        locked = Signal()
        passed = Signal(range(2 * self.parameters.startup_cycles))
        m.submodules.locked = FFSynchronizer(self.locked, locked)
        m.d.sync += starting.eq(~locked | ~passed[-1])
        with m.If(~locked):
            m.d.sync += passed.eq(0)
        with m.Elif(~passed[-1]):
            m.d.sync += passed.eq(passed + 1)
