"""The array: one accumulator a lane, one weight row a cycle."""

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .plan import Plan
from .scanner import EventLayout


def pack(values: list[int], bits: int) -> int:
    """Return `values` as one word of two's complement fields, the first one lowest."""
    mask = (1 << bits) - 1
    return sum((int(value) & mask) << (bits * i) for i, value in enumerate(values))


class RowLayout(StructLayout):
    """One weight a lane to be added; `last` ends the position."""

    def __init__(self, plan: Plan) -> None:
        super().__init__({"weights": ArrayLayout(signed(plan.weight_bits), plan.lanes), "last": 1})


class WeightMemory(wiring.Component):
    """Answer each event with its weight row, from block RAM.

    The only part that knows where weights come from. Latency is `latency` cycles, throughput one
    row a cycle. A null event's row is 0.

    Members
    -------
    events : In(stream.Signature(EventLayout))
    rows : Out(stream.Signature(RowLayout))
    """

    latency = 2

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        super().__init__(
            {
                "events": In(stream.Signature(EventLayout(plan))),
                "rows": Out(stream.Signature(RowLayout(plan))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory."""
        m = Module()
        plan = self.plan
        m.submodules.memory = memory = Memory(
            shape=unsigned(plan.lanes * plan.weight_bits),
            depth=max(2, len(plan.weights)),
            init=[pack(row, plan.weight_bits) for row in plan.weights.tolist()],
        )
        read = memory.read_port()
        event = self.events.payload
        row = self.rows.payload
        read_valid = Signal()
        read_null = Signal()
        read_last = Signal()
        move = Signal()
        m.d.comb += [
            move.eq(~self.rows.valid | self.rows.ready),
            self.events.ready.eq(move),
            read.en.eq(move),
            read.addr.eq(event.row),
        ]
        with m.If(move):
            m.d.sync += [
                read_valid.eq(self.events.valid),
                read_null.eq(event.null),
                read_last.eq(event.last),
                self.rows.valid.eq(read_valid),
                row.last.eq(read_last),
                row.weights.eq(read.data),
            ]
            with m.If(read_null):
                m.d.sync += row.weights.eq(0)
        return m


class Array(wiring.Component):
    """Add weight rows to one accumulator a lane, and hand over the sums at the end of a position.

    The sums move to a second set of registers, from which the update takes `update_lanes` of them a
    cycle while the next position is summed; the accumulators start again from 0 without a clear
    cycle. A position that ends before the sums of the one before are taken waits. Every position
    gives all `lanes / update_lanes` chunks, lowest lanes first.

    Members
    -------
    rows : In(stream.Signature(RowLayout))
    sums : Out(stream.Signature(ArrayLayout(signed(accumulator_bits), update_lanes)))
    """

    latency = 1

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.sum_layout = ArrayLayout(signed(plan.accumulator_bits), plan.update_lanes)
        super().__init__(
            {
                "rows": In(stream.Signature(RowLayout(plan))),
                "sums": Out(stream.Signature(self.sum_layout)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the array."""
        m = Module()
        bits, lanes, width = self.plan.accumulator_bits, self.plan.lanes, self.plan.update_lanes
        chunks = lanes // width
        row = self.rows.payload
        finished = [Signal(signed(bits), name=f"finished_{i}") for i in range(lanes)]
        left = Signal(range(chunks + 1))
        add = Signal()
        finish = Signal()
        shift = Signal()
        m.d.comb += [
            self.rows.ready.eq(~row.last | (left == 0)),
            add.eq(self.rows.valid & self.rows.ready),
            finish.eq(add & row.last),
            self.sums.valid.eq(left != 0),
            shift.eq(self.sums.valid & self.sums.ready),
        ]
        for lane in range(lanes):
            accumulator = Signal(signed(bits), name=f"accumulator_{lane}")
            total = Signal(signed(bits), name=f"total_{lane}")
            behind = finished[lane + width] if lane + width < lanes else 0
            m.d.comb += total.eq(accumulator + row.weights[lane])
            with m.If(add):
                m.d.sync += accumulator.eq(total)
            with m.If(finish):
                m.d.sync += accumulator.eq(0)
            with m.If(finish | shift):
                m.d.sync += finished[lane].eq(Mux(finish, total, behind))
        m.d.comb += [self.sums.payload[i].eq(finished[i]) for i in range(width)]
        with m.If(finish):
            m.d.sync += left.eq(chunks)
        with m.Elif(shift):
            m.d.sync += left.eq(left - 1)
        return m
