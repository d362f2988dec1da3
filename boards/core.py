"""An accelerator whose inferences, tables, answers and pages are bytes."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ..checks.arguments import integer
from ..export.tables import Tables
from ..hw.plan.identity import shape_sha256
from ..hw.plan.plan import Plan
from ..hw.plan.support import unstreamable
from ..hw.plan.widths import bits_of, parts
from ..hw.rtl.accelerator import Accelerator
from ..hw.rtl.observe import observers
from .uart import UartParameters
from .wire.counters import Counters
from .wire.pages import PAGES, Pages
from .wire.pixels import encoder, unencodable
from .wire.protocol import MODES, SLOTS, VERSION, Extra
from .wire.results import ANSWER_BYTE, ResultBytes
from .wire.trace import TraceBytes
from .words import WordPacker

CLASSES_MAX = 1 << 16
WORD_BITS_MAX = 128
"""Of a word that the serial line packs; the largest that a board can have."""
OBSERVERS_MAX = 255
"""Of an accelerator whose updates are traced: a byte says whose an update is."""
CONFIG_BITS = 32
"""Of a word of tables that are loaded."""
NONE = Extra(0)
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
    extras
        What it has beyond inferences.
    """

    uart: UartParameters
    word_bits: int
    buffer_bytes: int
    extras: Extra = Extra(0)

    def __post_init__(self) -> None:
        if not isinstance(self.uart, UartParameters):
            raise TypeError(f"Top uart must be UartParameters, not {self.uart!r}")
        integer("Top word_bits", self.word_bits, 1, WORD_BITS_MAX)
        size = integer("Top buffer_bytes", self.buffer_bytes, 512, 1 << 16)
        if size & (size - 1):
            raise ValueError(f"Top buffer_bytes must be a power of two, not {size}")
        if not isinstance(self.extras, Extra):
            raise TypeError(f"Top extras must be an Extra, not {self.extras!r}")

    @property
    def word_bytes(self) -> int:
        """Bytes a word on the line."""
        return parts(self.word_bits, 8)

    @property
    def startup_cycles(self) -> int:
        """Cycles from a stable clock to the end of the reset, a power of two."""
        return 1 << bits_of(parts(STARTUP_NS * self.uart.clock_hz, 10**9))


def accelerator_for(plan: Plan, extras: Extra = NONE) -> Accelerator:
    """Return the accelerator of a plan that can do what a board's extras ask of it."""
    return Accelerator(plan, streams=Extra.STREAM in extras, counts=Extra.COUNTERS in extras)


def check_extras(tables: Tables, extras: Extra, replicas: int = 1) -> None:
    """Raise `ValueError` where a network can't have some extras, naming which and why.

    Several `replicas` of a plan can't stream.
    """
    if Extra.STREAM in extras and (found := unstreamable(tables, replicas)):
        raise ValueError(f"extras must not have stream: {found}")
    if Extra.PIXELS in extras and (found := unencodable(tables)):
        raise ValueError(f"extras must not have pixels: {found}")


class Core(wiring.Component):
    """The accelerator, and what makes bytes of its words and values.

    Parameters
    ----------
    accelerator
        As of `Top`.
    parameters
        The line and what waits on it.

    Members
    -------
    mode : In(3)
        Those of `Extra` that are chosen; static from the first byte of an inference to a reset.
    input : In(stream of 8 bits)
        Words of inferences with their lowest byte first, or their pixels.
    config : In(stream of 8 bits)
        Where tables can be loaded: words of them. `refused` and `finished` are there then too, as
        of `somagate.hw.rtl.accelerator.Accelerator`.
    answer : Out(stream of `ANSWER_BYTE`)
    pages : In(PAGES)
    damaged, dropped : In(1)
        Counted, where there are counters.
    busy : Out(1)
        From the first byte of an inference to the last value of its answer.

    Raises
    ------
    ValueError
        If the accelerator's words have another width, a class doesn't fit an answer, its input
        can't be made of pixels, or it has too many stages to be traced.
    """

    def __init__(self, accelerator: Any, parameters: TopParameters) -> None:
        self.accelerator, self.parameters = accelerator, parameters
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
        seen = len(observers(accelerator))
        if Extra.TRACE in parameters.extras and seen > OBSERVERS_MAX:
            raise ValueError(
                f"Top traces at most {OBSERVERS_MAX} stages of all replicas together, not {seen}: "
                "take fewer replicas, or stages, or no trace"
            )
        self._encoder = None
        if Extra.PIXELS in parameters.extras:
            self._encoder = encoder(accelerator.plan)
        byte = stream.Signature(8)
        members = {
            "mode": In(bits_of(MODES + 1)),
            "input": In(byte),
            "answer": Out(stream.Signature(ANSWER_BYTE)),
            "pages": In(PAGES),
            "damaged": In(1),
            "dropped": In(1),
            "busy": Out(1),
        }
        if self.configurable:
            members |= {"config": In(byte), "refused": Out(1), "finished": Out(1)}
        super().__init__(members)

    @property
    def configurable(self) -> bool:
        """Whether tables can be loaded."""
        return hasattr(self.accelerator, "config")

    @property
    def description(self) -> bytes:
        """Bytes of `Page.DESCRIPTION`, as docs/wire.md has them."""
        result, line = self.accelerator.output.payload, self.parameters
        return bytes(
            [
                VERSION,
                int(self.configurable),
                line.word_bits,
                line.buffer_bytes.bit_length() - 1,
                SLOTS,
                parts(len(result.value), 8),
                parts(len(result.prediction), 8),
                *(line.uart.clock_hz // 1000).to_bytes(3, "little"),
                line.extras,
            ]
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.accelerator = accelerator = self.accelerator
        if Extra.STREAM in self.parameters.extras:
            m.d.comb += accelerator.streaming.eq(self.mode & Extra.STREAM != 0)
        self._feed(m)
        self._load(m)
        self._answer(m)
        self._page(m)
        result = accelerator.output
        with m.If(self.input.valid):
            m.d.sync += self.busy.eq(1)
        with m.If(result.valid & result.ready & result.payload.last):
            m.d.sync += self.busy.eq(0)
        return m

    def _feed(self, m: Module) -> None:
        """Make words of the bytes of inferences, or of their pixels."""
        words = self.accelerator.input
        m.submodules.packer = packer = WordPacker(self.parameters.word_bits)
        if self._encoder is None:
            connect(m, flipped(self.input), packer.input)
            connect(m, packer.output, words)
            return
        m.submodules.pixels = pixels = self._encoder
        chosen = self.mode & Extra.PIXELS != 0
        ways: tuple[tuple[Any, Value], ...] = ((packer, ~chosen), (pixels, chosen))
        for way, mine in ways:
            m.d.comb += [
                way.input.valid.eq(self.input.valid & mine),
                way.input.payload.eq(self.input.payload),
                way.output.ready.eq(words.ready),
            ]
            with m.If(mine):
                m.d.comb += [
                    self.input.ready.eq(way.input.ready),
                    words.valid.eq(way.output.valid),
                    words.payload.eq(way.output.payload),
                ]

    def _load(self, m: Module) -> None:
        """Make words of the bytes of tables."""
        if not self.configurable:
            return
        m.submodules.config = config = WordPacker(CONFIG_BITS)
        connect(m, flipped(self.config), config.input)
        connect(m, config.output, self.accelerator.config)
        m.d.comb += [
            self.refused.eq(self.accelerator.config_refused),
            self.finished.eq(self.accelerator.config_finished),
        ]

    def _answer(self, m: Module) -> None:
        """Make bytes of the answers, and of every update where they are traced."""
        accelerator = self.accelerator
        m.submodules.results = results = ResultBytes(accelerator.output.payload.shape())
        connect(m, accelerator.output, results.results)
        updates = [getattr(accelerator, name) for name in observers(accelerator)]
        if Extra.TRACE not in self.parameters.extras:
            connect(m, results.bytes, flipped(self.answer))
            m.d.comb += [update.ready.eq(1) for update in updates]
            return
        widths = [len(Value.cast(update.payload)) for update in updates]
        m.submodules.tracer = tracer = TraceBytes(widths)
        connect(m, results.bytes, tracer.answer)
        connect(m, tracer.bytes, flipped(self.answer))
        m.d.comb += [
            tracer.tracing.eq(self.mode & Extra.TRACE != 0),
            tracer.first.eq(results.first),
        ]
        for number, update in enumerate(updates):
            traced = getattr(tracer, f"update_{number}")
            m.d.comb += [
                traced.valid.eq(update.valid),
                traced.payload.eq(update.payload),
                update.ready.eq(traced.ready),
            ]

    def _page(self, m: Module) -> None:
        """Put what the board says of itself behind `pages`."""
        accelerator = self.accelerator
        counts = Extra.COUNTERS in self.parameters.extras
        identity = None if self.configurable else b""
        if not self.configurable and hasattr(accelerator, "plan"):
            plan = accelerator.plan
            identity = bytes.fromhex(shape_sha256(plan) + plan.tables.sha256)
        m.submodules.pages = pages = Pages(self.description, identity, counters=counts)
        connect(m, flipped(self.pages), pages.read)
        if self.configurable:
            connect(m, pages.identity, accelerator.identity)
        if not counts:
            return
        words, result = accelerator.input, accelerator.output
        events = getattr(accelerator, "events", Const(0))
        m.submodules.counters = counters = Counters((1 << len(events)) - 1)
        working, takes = Signal(), words.valid & words.ready
        ends = result.valid & result.ready & result.payload.last
        with m.If(takes | ends):
            m.d.sync += working.eq(~ends)
        m.d.comb += [
            counters.answers.eq(ends),
            counters.cycles.eq(working | takes),
            counters.waits.eq(working & words.ready & ~words.valid),
            counters.stalls.eq(result.valid & ~result.ready),
            counters.events.eq(events),
            counters.damaged.eq(self.damaged),
            counters.dropped.eq(self.dropped),
            counters.place.eq(pages.place),
            pages.byte.eq(counters.byte),
        ]
