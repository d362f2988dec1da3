"""Every spike and potential on its way to the host, between the values of the answers."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ...hw.plan.widths import parts
from .results import ANSWER_BYTE


class TraceBytes(wiring.Component):
    """Put updates between the values of answers, each behind a byte that says what it is.

    That is 0 for a value, and N + 1 for an update of observer N, whose bits follow with the lowest
    first, up to a whole byte. Where nothing is traced, answers pass as they are, and updates are
    let go.

    Parameters
    ----------
    widths
        Bits of an update of each observer.

    Members
    -------
    tracing : In(1), static while anything is under way
    answer : In(stream of `ANSWER_BYTE`)
    first : In(1)
        The byte of the answer is the first of a value.
    update_N : In(stream of `widths[N]` bits)
    bytes : Out(stream of `ANSWER_BYTE`)
    """

    def __init__(self, widths: Sequence[int]) -> None:
        self.widths = widths
        answer = stream.Signature(ANSWER_BYTE)
        members = {"tracing": In(1), "answer": In(answer), "first": In(1), "bytes": Out(answer)}
        members |= {
            f"update_{number}": In(stream.Signature(unsigned(width)))
            for number, width in enumerate(widths)
        }
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        out, answer = self.bytes, self.answer
        updates = [getattr(self, f"update_{number}") for number in range(len(self.widths))]
        sizes = [parts(width, 8) for width in self.widths]
        place = Signal(range(max(sizes)))
        sent, inside = Signal(), Signal()
        m.d.comb += sent.eq(out.valid & out.ready)
        with m.If(~self.tracing):
            m.d.comb += [
                out.valid.eq(answer.valid),
                out.payload.eq(answer.payload),
                answer.ready.eq(out.ready),
                *(update.ready.eq(1) for update in updates),
            ]
        with m.FSM(name="tracer"):
            with m.State("choose"), m.If(self.tracing):
                # The updates first: an answer is complete once its last value is there.
                with m.If(answer.valid):
                    m.next = "value_head"
                for number, update in reversed(list(enumerate(updates))):
                    with m.If(update.valid):
                        m.next = f"head_{number}"
            with m.State("value_head"):
                m.d.comb += [out.valid.eq(1), out.payload.byte.eq(0), answer.ready.eq(0)]
                m.d.sync += inside.eq(0)
                with m.If(out.ready):
                    m.next = "value"
            with m.State("value"):
                with m.If(inside & self.first):
                    m.next = "choose"
                with m.Else():
                    m.d.comb += [
                        out.valid.eq(answer.valid),
                        out.payload.eq(answer.payload),
                        answer.ready.eq(out.ready),
                    ]
                with m.If(sent):
                    m.d.sync += inside.eq(1)
            for number, (update, size) in enumerate(zip(updates, sizes, strict=True)):
                with m.State(f"head_{number}"):
                    m.d.comb += [out.valid.eq(1), out.payload.byte.eq(number + 1)]
                    with m.If(out.ready):
                        m.next = f"update_{number}"
                with m.State(f"update_{number}"):
                    wide = Signal(8 * size, name=f"wide_{number}")
                    last = place == size - 1
                    m.d.comb += [
                        wide.eq(update.payload),
                        out.valid.eq(1),
                        out.payload.byte.eq(wide.word_select(place, 8)),
                        update.ready.eq(out.ready & last),
                    ]
                    with m.If(sent):
                        m.d.sync += place.eq(Mux(last, 0, place + 1))
                        with m.If(last):
                            m.next = "choose"
        return m
