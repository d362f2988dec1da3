"""Answers of the accelerator as bytes."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from ...hw.plan.widths import parts

ANSWER_BYTE = StructLayout({"byte": 8, "last": 1})
"""A byte of an answer; `last` ends it."""


class ResultBytes(wiring.Component):
    """Values of an answer with their lowest byte first, and the class behind the last one.

    Parameters
    ----------
    results
        A `somagate.hw.rtl.update.readout.ResultLayout`.

    Members
    -------
    results : In(stream of `results`)
    bytes : Out(stream of `ANSWER_BYTE`)
        Throughput: a byte a cycle.
    first : Out(1)
        The byte is the first of a value.
    """

    def __init__(self, results: StructLayout) -> None:
        super().__init__(
            {
                "results": In(stream.Signature(results)),
                "bytes": Out(stream.Signature(ANSWER_BYTE)),
                "first": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        result, out = self.results.payload, self.bytes
        sizes = parts(len(result.value), 8), parts(len(result.prediction), 8)
        wide, named = Signal(8 * sizes[0]), Signal(8 * sizes[1])
        place, ends = Signal(range(sum(sizes))), Signal()
        m.d.comb += [
            wide.eq(result.value),
            named.eq(result.prediction),
            ends.eq(place == Mux(result.last, sum(sizes) - 1, sizes[0] - 1)),
            self.first.eq(place == 0),
            out.valid.eq(self.results.valid),
            out.payload.byte.eq(Cat(wide, named).word_select(place, 8)),
            out.payload.last.eq(ends & result.last),
            self.results.ready.eq(out.ready & ends),
        ]
        with m.If(out.valid & out.ready):
            m.d.sync += place.eq(Mux(ends, 0, place + 1))
        return m
