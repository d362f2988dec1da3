"""What the board says: answers of inferences, its state, and what it is."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .pages import PAGES
from .protocol import CRC_BYTES, PAGE_BYTES, SLOT_BYTES, Kind
from .results import ANSWER_BYTE
from .sender import BODY_BYTE

ENDING_BYTES = 2
"""Of a body, behind what it says: the number, and the kind."""
EVENTS = 5
"""The low bits of `Status`, which happen; the rest holds."""


class FrameAnswers(wiring.Component):
    """Make the bodies of frames.

    Each is the number of the frame that the board takes next, what there is to say, the number of
    the next answer, and the kind. What there is to say is a page, a status, or bytes of an answer
    as they come; a part ends where its slot is full, or something else is to be said and no byte is
    at hand.

    Members
    -------
    answer : In(stream of `ANSWER_BYTE`)
    body, numbered, crowded, number, length, idle, held
        As of `FrameSender`.
    expected : In(8)
        As of `FrameReceiver`.
    heard, events : In(1), In(5)
        High for a cycle where a frame came that is to be answered by a status, and where something
        of `Status` happens.
    loaded, greeted : In(1)
        `Status.LOADED` and `Status.GREETED`.
    asked, page : In(1), In(2)
        High for a cycle where a page is asked for, and which.
    pages : Out(PAGES)
        A byte has some ten cycles to come.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "answer": In(stream.Signature(ANSWER_BYTE)),
                "body": Out(stream.Signature(BODY_BYTE)),
                "numbered": Out(1),
                "crowded": In(1),
                "number": In(8),
                "length": In(range(SLOT_BYTES)),
                "idle": In(1),
                "held": In(1),
                "expected": In(8),
                "heard": In(1),
                "events": In(EVENTS),
                "loaded": In(1),
                "greeted": In(1),
                "asked": In(1),
                "page": In(2),
                "pages": Out(PAGES),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        kind, page, told = Signal(2), Signal(2), Signal(2)
        status, info, events = Signal(), Signal(), Signal(EVENTS)
        body, byte = self.body, self.body.payload.byte
        sent = body.valid & body.ready
        m.d.comb += [self.numbered.eq(~kind[1]), body.valid.eq(1)]
        m.d.sync += [
            status.eq(status | self.heard | self.events.any()),
            info.eq(info | self.asked),
            events.eq(events | self.events),
        ]
        with m.If(self.asked):
            m.d.sync += page.eq(self.page)
        with m.FSM(name="speaker"):
            with m.State("wait"):
                m.d.comb += body.valid.eq(0)
                speaks = self.idle & (
                    (info | status) & ~self.held | self.answer.valid & ~self.crowded
                )
                with m.If(speaks):
                    m.next = "expected"
                    m.d.sync += kind.eq(Kind.PART)
                    with m.If((info | status) & ~self.held):
                        m.d.sync += kind.eq(Mux(status, Kind.STATUS, Kind.INFO))
            with m.State("expected"):
                m.d.comb += byte.eq(self.expected)
                with m.If(sent):
                    m.next = "values"
                    with m.If(kind == Kind.STATUS):
                        m.next = "status"
                    with m.If(kind == Kind.INFO):
                        # Another may be asked for while this one is told.
                        m.d.sync += [told.eq(page), info.eq(self.asked)]
                        m.next = "page"
            with m.State("status"):
                m.d.comb += byte.eq(Cat(events, self.loaded, self.greeted))
                with m.If(sent):
                    m.d.sync += [status.eq(self.heard | self.events.any()), events.eq(self.events)]
                    m.next = "number"
            with m.State("page"):
                m.d.comb += byte.eq(told)
                with m.If(sent):
                    m.next = "info"
            with m.State("info"):
                self._tell(m, byte, told, sent)
            with m.State("values"):
                self._values(m, byte, kind, sent, (info | status) & ~self.held)
            with m.State("number"):
                m.d.comb += byte.eq(self.number)
                with m.If(sent):
                    m.next = "kind"
            with m.State("kind"):
                m.d.comb += [byte.eq(kind), body.payload.last.eq(1)]
                with m.If(sent):
                    m.next = "wait"
        return m

    def _tell(self, m: Module, byte: Signal, page: Signal, sent: Value) -> None:
        """Say a page; a byte takes longer to send than to read."""
        place = Signal(range(PAGE_BYTES))
        m.d.comb += [
            self.pages.en.eq(1),
            self.pages.addr.eq(Cat(place, page)),
            byte.eq(self.pages.data),
        ]
        with m.If(sent):
            m.d.sync += place.eq(place + 1)
            with m.If(place == PAGE_BYTES - 1):
                m.next = "number"

    def _values(self, m: Module, byte: Signal, kind: Signal, sent: Value, waits: Value) -> None:
        """Say bytes of an answer while they have room, or until something else waits."""
        answer = self.answer
        m.d.comb += byte.eq(answer.payload.byte)
        full = self.length == SLOT_BYTES - 1 - CRC_BYTES - ENDING_BYTES
        with m.If(kind[0] | full | (waits & ~answer.valid)):
            m.d.comb += self.body.valid.eq(0)
            m.next = "number"
        with m.Else():
            m.d.comb += [self.body.valid.eq(answer.valid), answer.ready.eq(sent)]
        with m.If(sent):
            m.d.sync += kind.eq(Mux(answer.payload.last, Kind.ANSWER, Kind.PART))
