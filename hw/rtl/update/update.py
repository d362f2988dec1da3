"""The update: leak, add, fire, reset and store, for a few finished sums a cycle."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out, connect, flipped

from ...plan import memories
from ...plan.stage_plan import StagePlan
from ...plan.terms import Terms, bits_of, varying
from ..gather.array import sum_layout
from ..memory import RegisteredMemory, write_port
from .lane_rule import LaneRule
from .update_layout import ChunkLayout, UpdateLayout


class Update(wiring.Component):
    """Bring the sums of the layer at `layers` to spikes and new potentials.

    Potentials and parameters are read ahead and wait for their sums. The potentials of all layers
    lie in the order in which they are updated, one memory for each width that occurs, packed at
    that width; so their addresses only count. In the first time step a potential reads as 0.

    The layer's payload must hold still while `layers.valid`: it is taken when the last chunk has
    been sent. Latency from a sum to its chunk is `latency` cycles, throughput one chunk a cycle.

    Members
    -------
    layers : In(stream.Signature(UpdateLayout))
    first_step : In(1), static while a layer is at work
    sums : In(stream.Signature(sum_layout))
    chunks : Out(stream.Signature(ChunkLayout))
    skips : In(…), static, one bit a lane group: it has no sums, and stays silent
    load : In(write_signature) of the parameters, where the plan is loadable
    """

    latency = 3

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        self.chunk_layout = ChunkLayout(plan)
        members = {
            "layers": In(stream.Signature(UpdateLayout(plan))),
            "first_step": In(1),
            "sums": In(stream.Signature(sum_layout(plan))),
            "chunks": Out(stream.Signature(self.chunk_layout)),
            "skips": In(plan.most_groups),
        }
        if plan.loadable:
            members["load"] = In(write_port(memories.parameters(plan)))
        super().__init__(members)

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the terms of the update."""
        width, bits = plan.update_lanes, plan.update_bits
        fields = {field.name: field.bits for field in plan.parameters}
        terms: Terms = dict.fromkeys(
            ("leak", "product", "subtract", "store", "dropped", "ternary", "loaded"), 0.0
        )
        for mode in plan.modes:
            state = mode.bits + mode.shift if mode.shift is not None else fields.get("level", 0)
            terms["loaded"] += width * state
            inside = state if mode.leak_at == "load" else bits
            if mode.leak_at != "never":
                if mode.leak_multiplier is None:
                    terms["product"] += width * inside * fields["multiplier"]
                else:
                    ones = mode.leak_multiplier.bit_count()
                    wide = inside + mode.leak_multiplier.bit_length()
                    terms["leak"] += width * max(0, ones - 1) * wide
            if mode.reset == "subtract":
                terms["subtract"] += width * bits
            if mode.shift is None:
                terms["ternary"] += width * bits
            else:
                dropped = max(0, bits - mode.shift - mode.bits)
                terms["store"] += width * mode.bits * bool(dropped)
                terms["dropped"] += width * dropped
        layers = [_counts(plan, index) for index in range(plan.count)]
        counters = {name: max(layer[name] for layer in layers) for name in layers[0]}
        depths = [bits_of(max(2, depth)) for depth in plan.state_words.values()]
        late = sum(n for name, n in fields.items() if name not in ("bias", "level"))
        late += any(mode.mask_negative for mode in plan.modes)
        return terms | {
            "u": width * bits,
            "sum": width * plan.accumulator_bits,
            "bias": width * fields["bias"],
            "late": width * late,
            "modes": width * bits * (len(plan.modes) - 1),
            "lanes": width,
            "keep": width * plan.loadable,
            "counters": sum(count.bit_length() for count in counters.values()),
            "varying": varying(layers),
            "parameters": bits_of(max(2, sum(d.chunks for d in plan.descriptors))),
            "potentials": sum(depths),
            "memories": len(depths),
            "one": 1,
        }

    def elaborate(self, platform: object) -> Module:
        """Build the update."""
        m = Module()
        plan = self.plan

        # Walk over the chunks of the layer and read ahead.
        ahead = Signal()
        flags = StructLayout(
            {"chunk": self.chunk_layout["chunk"].shape}
            | dict.fromkeys(("first", "final", "tail", "row_end", "used", "layer_end", "skip"), 1)
        )
        walking, place, parameter = self._walk(m, ahead, flags)
        stored = self._memories(m, ahead, walking & place.used, parameter)
        read = [Signal(flags, name=f"read_{i}") for i in range(2)]
        read_valid = [Signal(name=f"read_valid_{i}") for i in range(2)]
        with m.If(ahead):
            m.d.sync += [
                read[0].eq(place),
                read[1].eq(read[0]),
                read_valid[0].eq(walking),
                read_valid[1].eq(read_valid[0]),
            ]

        # Once its sum is there, a chunk is taken, and moves on until it is sent.
        move = Signal()
        take = Signal()
        m.d.comb += [
            move.eq(~self.chunks.valid | self.chunks.ready),
            take.eq(read_valid[1] & (self.sums.valid | read[1].skip) & move),
            self.sums.ready.eq(read_valid[1] & ~read[1].skip & move),
            ahead.eq(~read_valid[1] | take),
        ]
        used = [Signal(name=f"used_{i}") for i in range(2)]
        passed = [Signal(flags, name=f"passed_{i}") for i in range(2)]
        with m.If(move):
            m.d.sync += [
                passed[0].eq(read[1]),
                used[0].eq(take & read[1].used),
                passed[1].eq(passed[0]),
                used[1].eq(used[0]),
                self.chunks.valid.eq(used[1]),
            ]

        # Each lane does what `sim.golden.update` does.
        fire = Signal(plan.update_lanes)
        for lane in range(plan.update_lanes):
            rule = LaneRule(m, plan, lane, mode=self.layers.payload.mode, move=move)
            fires, v = rule.update(
                parameters=stored["parameters"].read.data,
                states={bits: stored[bits].read.data for bits in plan.state_words},
                first_step=self.first_step,
                acc=self.sums.payload[lane],
            )
            with m.If(move):
                m.d.sync += [fire[lane].eq(fires), self.chunks.payload.potentials[lane].eq(v)]

        out = self.chunks.payload
        index = Signal.like(out.index)
        with m.If(move):
            m.d.sync += out.spikes.eq(fire)
            for name in ("chunk", "first", "final", "tail", "row_end"):
                m.d.sync += getattr(out, name).eq(getattr(passed[1], name))
            m.d.sync += out.index.eq(index)
            with m.If(used[1]):
                m.d.sync += index.eq(index + 1)

        # The layer is over when its last chunk was taken and everything behind it was sent.
        over = Signal()
        with m.If(take & read[1].layer_end):
            m.d.sync += over.eq(1)
        m.d.comb += self.layers.ready.eq(over & ~used[0] & ~used[1] & move)
        with m.If(self.layers.ready):
            m.d.sync += [over.eq(0), index.eq(0)]
        return m

    def _walk(
        self, m: Module, ahead: Signal, flags: StructLayout
    ) -> tuple[Signal, "Signal", Signal]:
        """Count through the layer's chunks; return whether at work, flags and parameter address."""
        layer = self.layers.payload
        per_group = self.plan.lanes // self.plan.update_lanes
        place = Signal(flags)
        started = Signal()
        walking = Signal()
        ended = Signal()
        chunk = Signal(self.chunk_layout["chunk"].shape)
        window = Signal.like(layer.window)
        group = Signal.like(layer.groups)
        column = Signal.like(layer.columns)
        row = Signal.like(layer.rows)
        base = Signal(range(max(2, len(self.plan.parameters[0].values))))
        address = Signal.like(base)
        ends = {
            "chunk": chunk == per_group - 1,
            "window": window == layer.window,
            "group": group == layer.groups,
            "column": column == layer.columns,
            "row": row == layer.rows,
        }
        tail = ends["group"] & (chunk == layer.tail)
        m.d.comb += [
            walking.eq(started & ~ended),
            place.chunk.eq(chunk),
            place.first.eq(window == 0),
            place.final.eq(ends["window"]),
            place.tail.eq(tail),
            place.row_end.eq(tail & ends["window"] & ends["column"]),
            place.skip.eq(self.skips.bit_select(group, 1)),
            place.used.eq(~ends["group"] | (chunk <= layer.tail)),
            place.layer_end.eq(
                ends["chunk"] & ends["window"] & ends["group"] & ends["column"] & ends["row"]
            ),
            address.eq(base + chunk),
        ]
        with m.If(~started):
            m.d.sync += [started.eq(self.layers.valid), base.eq(layer.parameter_base)]
        with m.Elif(walking & ahead):
            m.d.sync += chunk.eq(chunk + 1)
            with m.If(ends["chunk"]):
                m.d.sync += [chunk.eq(0), window.eq(window + 1)]
                with m.If(ends["window"]):
                    m.d.sync += [window.eq(0), group.eq(group + 1), base.eq(base + per_group)]
                    with m.If(ends["group"]):
                        m.d.sync += [group.eq(0), base.eq(layer.parameter_base)]
                        m.d.sync += column.eq(column + 1)
                        with m.If(ends["column"]):
                            m.d.sync += [column.eq(0), row.eq(row + 1)]
                            with m.If(ends["row"]):
                                m.d.sync += [row.eq(0), ended.eq(1)]
        with m.If(self.layers.ready):
            m.d.sync += [started.eq(0), ended.eq(0)]
        return walking, place, address

    def _memories(
        self, m: Module, ahead: Signal, used: Value, parameter: Signal
    ) -> dict[str | int, RegisteredMemory]:
        """Add the memories of parameters and of potentials, and read and write them in order."""
        plan = self.plan
        found: dict[str | int, RegisteredMemory] = {}
        m.submodules.parameters = found["parameters"] = RegisteredMemory.of(
            memories.parameters(plan)
        )
        if plan.loadable:
            connect(m, flipped(self.load), found["parameters"].write)
        m.d.comb += [
            found["parameters"].read.en.eq(ahead),
            found["parameters"].read.addr.eq(parameter),
        ]
        sent = self.chunks.valid & self.chunks.ready
        for bits, depth in plan.state_words.items():
            memory = RegisteredMemory.of(memories.potentials(plan, bits))
            m.submodules[f"potentials_{bits}"] = found[bits] = memory
            mine = Signal(name=f"mode_has_{bits}")
            with m.Switch(self.layers.payload.mode):
                for number, mode in enumerate(plan.modes):
                    with m.Case(number):
                        m.d.comb += mine.eq(mode.bits == bits)
            steps = {"read": ahead & used & mine, "write": sent & mine}
            for name, step in steps.items():
                addr = Signal(range(max(2, depth)), name=f"{name}_addr_{bits}")
                with m.If(step):
                    m.d.sync += addr.eq(Mux(addr == depth - 1, 0, addr + 1))
                m.d.comb += getattr(memory, name).addr.eq(addr)
            m.d.comb += [
                memory.read.en.eq(ahead),
                memory.write.en.eq(steps["write"]),
                memory.write.data.eq(
                    Cat(potential[:bits] for potential in self.chunks.payload.potentials)
                ),
            ]
        return found


def _counts(plan: StagePlan, index: int) -> dict[str, int]:
    """Return how far each counter of a layer counts, less one."""
    d = plan.descriptors[index]
    return {
        "rows": d.rows - 1,
        "columns": d.columns - 1,
        "groups": d.groups - 1,
        "window": d.window[0] * d.window[1] - 1,
        "chunk": plan.lanes // plan.update_lanes - 1,
    }
