"""The readout: counts spikes or takes potentials, and names the class with the largest value."""

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from ...plan.stage_plan import StagePlan
from ...plan.terms import Terms
from ...plan.widths import bits_of, parts
from .update_layout import ChunkLayout


class ResultLayout(StructLayout):
    """One class's value; `prediction` is the class of the largest value up to here."""

    def __init__(self, plan: StagePlan) -> None:
        bits = bits_of(plan.classes)
        super().__init__(
            {
                "value": signed(plan.readout_bits),
                "index": unsigned(bits),
                "prediction": unsigned(bits),
                "last": 1,
            }
        )


class Readout(wiring.Component):
    """Follow the chunks of the readout layer, and after the last step send one result a class.

    Chunks come in the order of the classes, and the same ones in every step, so the counters are a
    ring that moves on by one chunk. Of equal values the lowest class wins.

    Members
    -------
    first_step, last_step : In(1), static while the readout layer is at work
    chunks : In(stream.Signature(ChunkLayout)), of the readout layer alone
    results : Out(stream.Signature(ResultLayout)), classes in ascending order
    """

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        super().__init__(
            {
                "first_step": In(1),
                "last_step": In(1),
                "chunks": In(stream.Signature(ChunkLayout(plan))),
                "results": Out(stream.Signature(ResultLayout(plan))),
            }
        )

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the bits or counts of gates that the readout's cells grow with, by term."""
        bits, width = plan.readout_bits, plan.update_lanes
        counted = plan.tables.readout.kind == "count"
        turns = parts(plan.classes, width)
        return {
            "values": width * bits,
            "bits": bits,
            "index": bits_of(plan.classes),
            "ring": counted * turns * width * (bits - 1),
            "one": 1,
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self.plan
        width = plan.update_lanes
        bits = plan.readout_bits
        chunk, result = self.chunks.payload, self.results.payload
        values = Signal(ArrayLayout(signed(bits), width))  # being sent
        left = Signal(range(width + 1))
        accept = Signal()
        send = Signal()
        m.d.comb += [
            self.chunks.ready.eq(left == 0),
            accept.eq(self.chunks.valid & self.chunks.ready),
            send.eq(self.results.valid & self.results.ready),
        ]

        now = Signal(ArrayLayout(signed(bits), width))
        if plan.tables.readout.kind == "potential":
            m.d.comb += [now[i].eq(chunk.potentials[i]) for i in range(width)]
        else:
            turns = parts(plan.classes, width)
            ring = [Signal(unsigned(width * (bits - 1)), name=f"counts_{i}") for i in range(turns)]
            counts = Signal(ArrayLayout(unsigned(bits - 1), width))
            m.d.comb += [
                counts[i].eq(
                    Mux(self.first_step, 0, ring[0].word_select(i, bits - 1)) + chunk.spikes[i]
                )
                for i in range(width)
            ]
            m.d.comb += [now[i].eq(counts[i]) for i in range(width)]
            with m.If(accept):
                m.d.sync += [ring[i].eq(ring[i + 1]) for i in range(turns - 1)]
                m.d.sync += ring[-1].eq(counts)

        index = Signal.like(result.index)
        best = Signal(signed(bits))
        best_index = Signal.like(index)
        better = Signal()
        m.d.comb += [
            better.eq((index == 0) | (values[0] > best)),
            self.results.valid.eq(left != 0),
            result.value.eq(values[0]),
            result.index.eq(index),
            result.prediction.eq(Mux(better, index, best_index)),
            result.last.eq(index == plan.classes - 1),
        ]
        with m.If(accept & self.last_step):
            m.d.sync += [values.eq(now), left.eq(width)]
        with m.If(send):
            m.d.sync += [
                left.eq(Mux(result.last, 0, left - 1)),
                index.eq(Mux(result.last, 0, index + 1)),
            ]
            m.d.sync += [values[i].eq(values[i + 1]) for i in range(width - 1)]
            with m.If(better):
                m.d.sync += [best.eq(values[0]), best_index.eq(index)]
        return m
