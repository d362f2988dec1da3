"""The array: one accumulator a lane, one weight row a cycle; and the sum over the banks."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out, connect, flipped

from ...plan import memories
from ...plan.constant_bits import used_lanes
from ...plan.stage_plan import StagePlan
from ...plan.terms import Terms, most_planes
from ..memory import BlockMemory, SinglePortMemory, write_port
from .scanner import EventLayout


class RowLayout(StructLayout):
    """One weight a lane to be added, or with `negate` subtracted.

    `last` ends the position; `double` ends a bit plane that is not the last, after which the sum is
    doubled.
    """

    def __init__(self, plan: StagePlan) -> None:
        event = EventLayout(plan)
        super().__init__(
            {"weights": ArrayLayout(signed(plan.weight_bits), plan.lanes)}
            | {name: event[name].shape for name in ("negate", "double", "last")}
        )


def sum_layout(plan: StagePlan) -> ArrayLayout:
    """Return the layout of the sums that the update takes at a time."""
    return ArrayLayout(signed(plan.accumulator_bits), plan.update_lanes)


class WeightMemory(wiring.Component):
    """Answer each event of a bank with its weight row, from block RAM or a RAM with one port.

    The only part that knows where weights come from: events go in and rows come out in their order,
    whatever the latency, so another source only has to do the same. Each width of weights has a
    memory of its own, packed at that width; a 1-bit weight is stored as its sign. Latency is
    `latency` cycles, throughput one row a cycle. A null event's row is 0.

    Members
    -------
    events : In(stream.Signature(EventLayout))
    rows : Out(stream.Signature(RowLayout))
    load_N : In(write_signature), where weights are loaded, for each width N of them
    """

    latency = 2

    def __init__(self, plan: StagePlan, bank: int = 0) -> None:
        self.plan = plan
        self.bank = bank
        members = {
            "events": In(stream.Signature(EventLayout(plan))),
            "rows": Out(stream.Signature(RowLayout(plan))),
        }
        self.memories = {bits: memories.weights(plan, bits, bank) for bits in plan.weight_depths}
        for bits, memory in self.memories.items():
            if memory.filled == "load":
                members[f"load_{bits}"] = In(write_port(memory))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self.plan
        event, row = self.events.payload, self.rows.payload
        move = Signal()
        read_valid, read_null = Signal(), Signal()
        read = Signal(EventLayout(plan))
        m.d.comb += [
            move.eq(~self.rows.valid | self.rows.ready),
            self.events.ready.eq(move),
        ]
        found: list[list[Value]] = []
        added = Signal(row.weights.shape(), reset_less=True)
        m.d.comb += row.weights.eq(added)
        for bits, stored in self.memories.items():
            memory: BlockMemory | SinglePortMemory
            if stored.style == "spram":
                kind = getattr(platform, "single_port_memory", None) or SinglePortMemory
                memory = kind(
                    width=stored.word_bits, depth=stored.depth, slice_bits=stored.slice_bits
                )
            else:
                memory = BlockMemory.of(stored)
            m.submodules[f"weights_{bits}"] = memory
            port = memory.read
            m.d.comb += [port.en.eq(move), port.addr.eq(event.row)]
            if stored.filled == "load":
                connect(m, flipped(getattr(self, f"load_{bits}")), memory.write)
            lanes = [port.data.word_select(lane, bits) for lane in range(plan.lanes)]
            found.append([Cat(1, w).as_signed() if bits == 1 else w.as_signed() for w in lanes])
        with m.If(move):
            m.d.sync += [
                read_valid.eq(self.events.valid),
                read_null.eq(event.null),
                read.eq(event),
                self.rows.valid.eq(read_valid),
                *(
                    getattr(row, name).eq(getattr(read, name))
                    for name in ("negate", "double", "last")
                ),
            ]
            for number, lanes in enumerate(found):
                with m.If(read.memory == number):
                    m.d.sync += [added[i].eq(lane) for i, lane in enumerate(lanes)]
            with m.If(read_null):
                m.d.sync += added.eq(0)
        return m


def hands_early(plan: StagePlan) -> bool:
    """Return whether the array ends a position while the last chunk of the one before is sent.

    So it is in a stage with flags, whose positions are as short as their chunks take.
    """
    return plan.shape.flags > 0 and plan.lanes > plan.update_lanes


class Array(wiring.Component):
    """Add a bank's weight rows to one accumulator a lane, and hand over the sums of a position.

    The sums move to a second set of registers, from which the update takes `update_lanes` of them a
    cycle while the next position is summed; the accumulators start again from 0 without a clear
    cycle. A position that ends before the sums of the one before are taken waits for the cycle
    behind the last of them, or where they are handed over early for the last itself. Every position
    gives all `lanes / update_lanes` chunks, lowest lanes first. Bit planes come highest first and
    the sum is doubled in between (Horner's rule).

    Members
    -------
    rows : In(stream.Signature(RowLayout))
    sums : Out(stream.Signature(sum_layout))
    """

    latency = 2

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        super().__init__(
            {
                "rows": In(stream.Signature(RowLayout(plan))),
                "sums": Out(stream.Signature(sum_layout(plan))),
            }
        )

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the terms of the array of all banks."""
        banks = [used_lanes(plan, bank) for bank in range(plan.banks)]
        lanes, bits, width = sum(banks), plan.accumulator_bits, plan.update_lanes
        weight = max(plan.weight_depths)
        signed = any(s.map.activation.signed for d in plan.descriptors for s in d.sources)
        busy = sum(used > 0 for used in banks)
        chosen = sum(min(used, width) for used in banks)
        return {
            "row": lanes * weight,
            "add": lanes * bits,
            "double": lanes * bits * (most_planes(plan) > 1),
            "negate": lanes * weight * signed,
            "widths": lanes * weight * (len(plan.weight_depths) - 1),
            "lanes": lanes,
            "choose": bits * (lanes - chosen),
            "chosen": bits * chosen,
            "muxed": bits * chosen * (plan.lanes > width),
            "sum": bits * width * (busy - 1),
            "summed": bits * width * (plan.banks > 1),
            "banks": plan.banks,
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits, lanes, width = self.plan.accumulator_bits, self.plan.lanes, self.plan.update_lanes
        chunks = lanes // width
        row = self.rows.payload
        full = Signal()  # not all chunks of the finished position were sent
        add, finish = Signal(), Signal()
        m.d.comb += [
            self.rows.ready.eq(~row.last | ~full),
            add.eq(self.rows.valid & self.rows.ready),
            finish.eq(add & row.last),
        ]
        finished = []
        for lane in range(lanes):
            accumulator = Signal(signed(bits), name=f"accumulator_{lane}")
            done = Signal(signed(bits), name=f"finished_{lane}", reset_less=True)
            total = Signal(signed(bits), name=f"total_{lane}")
            weight = row.weights[lane]
            if len(row.negate):
                weight = Mux(row.negate, -weight, weight)
            m.d.comb += total.eq(accumulator + weight)
            with m.If(add):
                m.d.sync += accumulator.eq(Mux(row.double, total << 1, total))
            with m.If(finish):
                m.d.sync += accumulator.eq(0)
            with m.If(finish):
                m.d.sync += done.eq(total)
            finished.append(done)

        chunk = Signal(range(max(2, chunks)))
        chosen = Signal(self.sums.payload.shape(), reset_less=True)
        send = Signal()
        waiting: Value = full
        if hands_early(self.plan):
            # The last chunk waits in registers of its own.
            last, waits = finished[-width:], Signal()
            kept = [Signal.like(done, name=f"kept_{i}") for i, done in enumerate(last)]
            finished[-width:] = kept
            waiting = full | waits
        m.d.comb += [
            send.eq(waiting & (~self.sums.valid | self.sums.ready)),
            self.sums.payload.eq(chosen),
        ]
        with m.If(self.sums.ready):
            m.d.sync += self.sums.valid.eq(0)
        with m.If(send):
            m.d.sync += [self.sums.valid.eq(1), chunk.eq(chunk + 1)]
            with m.Switch(chunk):
                for number in range(chunks):
                    with m.Case(number) if number < chunks - 1 else m.Default():
                        some = finished[number * width : (number + 1) * width]
                        m.d.sync += [chosen[i].eq(done) for i, done in enumerate(some)]
            if hands_early(self.plan):
                with m.If(chunk == chunks - 2):
                    m.d.sync += [full.eq(0), waits.eq(1)]
                    m.d.sync += [keep.eq(done) for keep, done in zip(kept, last, strict=True)]
                with m.If(chunk == chunks - 1):
                    m.d.sync += [chunk.eq(0), waits.eq(0)]
            else:
                with m.If(chunk == chunks - 1):
                    m.d.sync += [chunk.eq(0), full.eq(0)]
        with m.If(finish):
            m.d.sync += full.eq(1)
        return m


class BankSum(wiring.Component):
    """Add up the sums of all banks; a chunk goes on when every bank has it. One cycle's latency.

    Members
    -------
    banks : In(stream.Signature(sum_layout)).array(banks)
    sums : Out(stream.Signature(sum_layout))
    """

    latency = 1

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        signature = stream.Signature(sum_layout(plan))
        super().__init__({"banks": In(signature).array(plan.banks), "sums": Out(signature)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        free, here = Signal(), Signal()
        m.d.comb += [
            free.eq(~self.sums.valid | self.sums.ready),
            here.eq(Cat(bank.valid for bank in self.banks).all()),
        ]
        m.d.comb += [bank.ready.eq(free & here) for bank in self.banks]
        with m.If(free):
            m.d.sync += self.sums.valid.eq(here)
            for lane in range(self.plan.update_lanes):
                parts = [bank.payload[lane] for bank in self.banks]
                while len(parts) > 1:
                    parts = [a + b for a, b in zip(parts[::2], parts[1::2], strict=True)]
                m.d.sync += self.sums.payload[lane].eq(parts[0])
        return m
