"""The update: leak, add, fire, reset and store, for a few finished sums a cycle."""

from collections.abc import Mapping

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ...plan import memories
from ...plan.stage_plan import StagePlan
from ...plan.terms import Terms, varying
from ...plan.widths import bits_of
from ..gather.array import sum_layout
from ..memory import RegisteredMemory, write_port
from .chunk_walk import ChunkWalk, FlagsLayout
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
        members = {
            "layers": In(stream.Signature(UpdateLayout(plan))),
            "first_step": In(1),
            "sums": In(stream.Signature(sum_layout(plan))),
            "chunks": Out(stream.Signature(ChunkLayout(plan))),
            "skips": In(plan.most_groups),
        }
        if plan.loadable:
            members["load"] = In(write_port(memories.parameters(plan)))
        super().__init__(members)

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the bits or counts of gates that the update's cells grow with, by term."""
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
        m = Module()
        plan, out = self.plan, self.chunks.payload

        # Walk over the chunks of the layer and read ahead, two cycles until memories have answered.
        ahead = Signal()
        m.submodules.walk = walk = ChunkWalk(plan)
        m.d.comb += [
            walk.layer.eq(self.layers.payload),
            walk.offered.eq(self.layers.valid),
            walk.restart.eq(self.layers.ready),
            walk.skips.eq(self.skips),
            walk.chunks.ready.eq(ahead),
        ]
        used_ahead = walk.chunks.valid & walk.chunks.payload.used
        stored = self._memories(m, ahead, used_ahead, walk.parameter)
        read = [Signal(FlagsLayout(plan), name=f"read_{i}") for i in range(2)]
        read_valid = [Signal(name=f"read_valid_{i}") for i in range(2)]
        with m.If(ahead):
            m.d.sync += [
                read[0].eq(walk.chunks.payload),
                read[1].eq(read[0]),
                read_valid[0].eq(walk.chunks.valid),
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
        passed = [Signal(FlagsLayout(plan), name=f"passed_{i}") for i in range(2)]
        index = Signal.like(out.index)
        self._rules(m, stored, move)
        with m.If(move):
            m.d.sync += [
                passed[0].eq(read[1]),
                used[0].eq(take & read[1].used),
                passed[1].eq(passed[0]),
                used[1].eq(used[0]),
                self.chunks.valid.eq(used[1]),
                out.index.eq(index),
            ]
            for name in ("chunk", "first", "final", "tail", "row_end"):
                m.d.sync += getattr(out, name).eq(getattr(passed[1], name))
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

    def _rules(self, m: Module, stored: Mapping[str | int, RegisteredMemory], move: Signal) -> None:
        """Do in each lane what `sim.golden.update` does, with what the memories have read."""
        plan, out = self.plan, self.chunks.payload
        parameters = stored["parameters"].read.data
        fire = Signal(plan.update_lanes)
        for lane in range(plan.update_lanes):
            m.submodules[f"lane_{lane}"] = rule = LaneRule(plan)
            m.d.comb += [
                rule.mode.eq(self.layers.payload.mode),
                rule.first_step.eq(self.first_step),
                rule.move.eq(move),
                rule.parameters.eq(parameters.word_select(lane, plan.parameter_bits)),
                rule.acc.eq(self.sums.payload[lane]),
            ]
            for bits in plan.state_words:
                state = stored[bits].read.data.word_select(lane, bits)
                m.d.comb += getattr(rule, f"state_{bits}").eq(state)
            with m.If(move):
                m.d.sync += [fire[lane].eq(rule.fires), out.potentials[lane].eq(rule.v)]
        with m.If(move):
            m.d.sync += out.spikes.eq(fire)

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
