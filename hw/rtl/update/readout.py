"""The readout: makes a value of each class, and names the class with the largest."""

from contextlib import nullcontext

from amaranth.hdl import Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout, View
from amaranth.lib.wiring import In, Out

from ...plan.stage_plan import StagePlan
from ...plan.terms import Terms
from ...plan.widths import bits_of, parts
from .update_layout import ChunkLayout


class ResultLayout(StructLayout):
    """One class's value; `prediction` is the class of the largest value up to here.

    `last` marks the last class of an answer.
    """

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
    """Follow the chunks of the readout layer, and send an answer, one result a class.

    It comes after the last step, or after each where every step has one. Chunks come in the order
    of the neurons, and the same ones in every step, so what is known of them over time is a ring
    that moves on by one chunk: counts, the largest potential or the sum of all, or for the first
    spike the steps since then. Values leave a neuron a cycle, and those that vote for one class are
    added up as they pass. Of equal values the lowest class wins.

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
        readout, width = plan.tables.readout, plan.update_lanes
        turns = parts(plan.classes * readout.voters, width)
        bits = _neuron_bits(plan)
        terms = {
            "values": width * bits,
            "bits": plan.readout_bits,
            "index": bits_of(plan.classes),
            "ring": _has_ring(plan) * turns * width * _kept_shape(plan).width,
            "one": 1,
        }
        if readout.over in ("largest", "sum") or readout.kind == "first":
            terms["combined"] = width * bits
        if readout.voters > 1:
            terms["votes"] = plan.readout_bits + bits_of(readout.voters)
        return terms

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self.plan
        width = plan.update_lanes
        readout = plan.tables.readout
        bits = _neuron_bits(plan)
        result = self.results.payload
        values = Signal(ArrayLayout(signed(bits), width))  # being sent
        left = Signal(range(width + 1))
        free = Signal(init=1)  # `left` is 0: the array waits for it, at the end of a long path
        accept = Signal()
        send = Signal()
        m.d.comb += [
            self.chunks.ready.eq(free),
            accept.eq(self.chunks.valid & self.chunks.ready),
        ]
        value, complete = values[0], None
        valid, ends = left != 0, result.last
        if readout.voters > 1:
            # What doesn't complete a class passes without a result.
            value, complete = self._vote(m, values[0], send)
            m.d.comb += send.eq(valid & (self.results.ready | ~complete))
            valid, ends = valid & complete, ends & complete
        else:
            m.d.comb += send.eq(self.results.valid & self.results.ready)

        now = Signal(ArrayLayout(signed(bits), width))
        if _has_ring(plan):
            self._follow(m, now, accept)
        else:
            m.d.comb += [now[i].eq(self.chunks.payload.potentials[i]) for i in range(width)]
        index = Signal.like(result.index)
        best = Signal(signed(plan.readout_bits))
        best_index = Signal.like(index)
        better = Signal()
        m.d.comb += [
            better.eq((index == 0) | (value > best)),
            self.results.valid.eq(valid),
            result.value.eq(value),
            result.index.eq(index),
            result.prediction.eq(Mux(better, index, best_index)),
            result.last.eq(index == plan.classes - 1),
        ]
        with m.If(accept if readout.over == "every" else accept & self.last_step):
            m.d.sync += [values.eq(now), left.eq(width), free.eq(0)]
        with m.If(send):
            m.d.sync += [left.eq(Mux(ends, 0, left - 1)), free.eq(ends | (left == 1))]
            m.d.sync += [values[i].eq(values[i + 1]) for i in range(width - 1)]
            with nullcontext() if complete is None else m.If(complete):
                m.d.sync += index.eq(Mux(result.last, 0, index + 1))
                with m.If(better):
                    m.d.sync += [best.eq(value), best_index.eq(index)]
        return m

    def _follow(self, m: Module, now: View, accept: Signal) -> None:
        """Take each chunk into what is known of its neurons, which the ring hands on."""
        plan, kept = self.plan, _kept_shape(self.plan)
        width = plan.update_lanes
        turns = parts(plan.classes * plan.tables.readout.voters, width)
        ring = [Signal(width * kept.width, name=f"counts_{i}") for i in range(turns)]
        counts = Signal(ArrayLayout(kept, width))
        for i in range(width):
            word = ring[0].word_select(i, kept.width)
            m.d.comb += counts[i].eq(self._after(word.as_signed() if kept.signed else word, i))
        m.d.comb += [now[i].eq(counts[i]) for i in range(width)]
        with m.If(accept):
            m.d.sync += [ring[i].eq(ring[i + 1]) for i in range(turns - 1)]
            m.d.sync += ring[-1].eq(counts)

    def _after(self, old: Value, lane: int) -> Value:
        """Return what is known of a lane's neuron after its chunk, of what was known before."""
        readout, chunk = self.plan.tables.readout, self.chunks.payload
        v, spikes = chunk.potentials[lane], chunk.spikes[lane]
        if readout.over == "largest":
            return Mux(self.first_step | (v > old), v, old)
        before = Mux(self.first_step, 0, old)
        if readout.over == "sum":
            return before + v
        if readout.kind == "first":
            return before + ((before != 0) | (spikes != 0))
        return before + spikes

    def _vote(self, m: Module, value: Value, send: Value) -> tuple[Value, Value]:
        """Add up the values of a class as they are sent; return the sum, and whether it's whole."""
        voters = self.plan.tables.readout.voters
        voter = Signal(range(voters))
        held = Signal(signed(self.plan.readout_bits))
        total = Signal.like(held)
        complete = Signal()
        m.d.comb += [
            total.eq(Mux(voter == 0, 0, held) + value),
            complete.eq(voter == voters - 1),
        ]
        with m.If(send):
            m.d.sync += [held.eq(total), voter.eq(Mux(complete, 0, voter + 1))]
        return total, complete


def _neuron_bits(plan: StagePlan) -> int:
    """Return the width of a neuron's value, two's complement."""
    tables = plan.tables
    neuron = tables.layer(tables.readout.layer).neuron
    return tables.readout.neuron_bits(neuron, tables.steps)


def _has_ring(plan: StagePlan) -> bool:
    """Whether something is known of each neuron from step to step."""
    readout = plan.tables.readout
    return readout.kind != "potential" or readout.over in ("largest", "sum")


def _kept_shape(plan: StagePlan) -> Shape:
    """Return the shape of it; a count and the steps since a spike are never negative."""
    bits = _neuron_bits(plan)
    return signed(bits) if plan.tables.readout.kind == "potential" else unsigned(bits - 1)
