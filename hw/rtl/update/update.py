"""The update: leak, add, fire, reset and store, for a few finished sums a cycle."""

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ...plan import memories
from ...plan.stage_plan import StagePlan
from ...plan.terms import Terms, varying
from ...plan.widths import bits_of
from ..gather.array import sum_layout
from ..memory import RegisteredMemory, write_port
from .chunk_walk import ChunkWalk, FlagsLayout
from .combiner import Combiner
from .lane_rule import LaneRule
from .state_memories import lies_in, potentials_word, turn
from .update_layout import ChunkLayout, UpdateLayout, of_lanes, spike_bits


class Update(wiring.Component):
    """Bring the sums of the layer at `layers` to spikes and new potentials.

    Potentials and parameters are read ahead and wait for their sums. The potentials of all layers
    lie in the order in which they are updated, one memory for each width that occurs, packed at
    that width; so their addresses only count. In the first time step a potential reads as 0.

    The layer's payload must hold still while `layers.valid`: it is taken when the last chunk has
    been sent. Latency from a sum to its chunk is `latency` cycles, throughput one chunk a cycle;
    it is a cycle more for each further bit of the spikes that a neuron sends, `latency_of`.

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
        # What is stored of the currents, beside the potentials of the chunk that is sent.
        width = max(plan.current_words, default=1)
        self._currents = [Signal(signed(width), name=f"i_{n}") for n in range(plan.update_lanes)]
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

    @classmethod
    def latency_of(cls, plan: StagePlan) -> int:
        """Return the latency of a stage."""
        return cls.latency + spike_bits(plan) - 1

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
                terms["leak"] += width * inside * mode.leak_up
            terms["leak"] += 2 * width * bits * mode.bounded  # compares, and chooses
            if mode.subtracts:
                terms["subtract"] += width * bits
            if mode.reset == "undelayed":  # compares, adds and chooses
                terms["leak"] += 3 * width * bits
            if mode.current is not None:  # adds twice, leaks, and saturates
                terms["leak"] += width * bits * (2 + (mode.current.leak_at != "never"))
                terms["store"] += width * mode.current.bits
            if mode.shift is None:
                terms["ternary"] += width * bits
            else:
                dropped = max(0, bits - mode.shift - mode.bits)
                terms["store"] += width * mode.bits * bool(dropped)
                terms["dropped"] += width * dropped
        terms["leak"] += Combiner.terms(plan)["leak"]
        layers = [_counts(plan, index) for index in range(plan.count)]
        counters = {name: max(layer[name] for layer in layers) for name in layers[0]}
        kept = [*plan.state_words.values(), *plan.current_words.values()]
        depths = [bits_of(max(2, depth)) for depth in kept]
        late = sum(n for name, n in fields.items() if name not in ("bias", "level"))
        late += any(mode.mask_negative for mode in plan.modes)
        spikes = spike_bits(plan)
        terms["leak"] += 5 * width * bits * (spikes - 1)  # compares, and chooses what is left
        waiting = (late + 2 * bits) * (spikes - 1) + 2 * bits * bool(plan.current_words)
        gains = {mode.gain for mode in plan.modes}
        return terms | {
            "u": width * bits,
            "sum": width * plan.bounds.sum_bits,
            "bias": width * (fields["bias"] + waiting),
            "late": width * late,
            "modes": width * bits * (len(plan.modes) - 1 + len(gains) - 1),
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
        waits = self.latency_of(plan) - 1
        used = [Signal(name=f"used_{i}") for i in range(waits)]
        passed = [Signal(FlagsLayout(plan), name=f"passed_{i}") for i in range(waits)]
        index = Signal.like(out.index)
        self._rules(m, stored, self._combined(m, read[1], take), move)
        with m.If(move):
            m.d.sync += [
                passed[0].eq(read[1]),
                used[0].eq(take & read[1].used),
            ]
            for i in range(1, waits):
                m.d.sync += [passed[i].eq(passed[i - 1]), used[i].eq(used[i - 1])]
            m.d.sync += [self.chunks.valid.eq(used[-1]), out.index.eq(index)]
            for name in ("chunk", "first", "final", "tail", "row_end"):
                m.d.sync += getattr(out, name).eq(getattr(passed[-1], name))
            with m.If(used[-1]):
                m.d.sync += index.eq(index + 1)

        # The layer is over when its last chunk was taken and everything behind it was sent.
        over = Signal()
        with m.If(take & read[1].layer_end):
            m.d.sync += over.eq(1)
        sent: Value = over
        for one in used:
            sent &= ~one
        m.d.comb += self.layers.ready.eq(sent & move)
        with m.If(self.layers.ready):
            m.d.sync += [over.eq(0), index.eq(0)]
        return m

    def _combined(self, m: Module, read: Any, take: Signal) -> Any:
        """Return the sums of a chunk, those of a window combined where layers pool them."""
        sums: Any = self.sums.payload
        if not Combiner.needed(self.plan):
            return sums
        m.submodules.combiner = combiner = Combiner(self.plan)
        m.d.comb += [
            combiner.combines.eq(self.layers.payload.combines),
            combiner.adds.eq(self.layers.payload.adds),
            combiner.chunk.eq(read.chunk),
            combiner.opens.eq(read.opens),
            combiner.take.eq(take),
            combiner.sums.eq(sums),
        ]
        return combiner.combined

    def _rules(
        self, m: Module, stored: Mapping[str | int, RegisteredMemory], sums: Any, move: Signal
    ) -> None:
        """Do in each lane what `sim.golden.update` does, with what the memories have read."""
        plan, out = self.plan, self.chunks.payload
        parameters = stored["parameters"].read.data
        fire = Signal(of_lanes(spike_bits(plan), plan.update_lanes))
        for lane in range(plan.update_lanes):
            m.submodules[f"lane_{lane}"] = rule = LaneRule(plan)
            m.d.comb += [
                rule.mode.eq(self.layers.payload.mode),
                rule.first_step.eq(self.first_step),
                rule.move.eq(move),
                rule.parameters.eq(parameters.word_select(lane, plan.parameter_bits)),
                rule.acc.eq(sums[lane]),
            ]
            for bits in plan.state_words:
                state = stored[bits].read.data.word_select(lane, bits)
                m.d.comb += getattr(rule, f"state_{bits}").eq(state)
            for bits in plan.current_words:
                current = stored[f"current_{bits}"].read.data.word_select(lane, bits)
                m.d.comb += getattr(rule, f"current_{bits}").eq(current)
            with m.If(move):
                m.d.sync += [fire[lane].eq(rule.fires), out.potentials[lane].eq(rule.v)]
                if plan.current_words:
                    m.d.sync += self._currents[lane].eq(rule.i)
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
        sent, mode = self.chunks.valid & self.chunks.ready, self.layers.payload.mode
        for bits, depth in plan.state_words.items():
            memory = RegisteredMemory.of(memories.potentials(plan, bits))
            m.submodules[f"potentials_{bits}"] = found[bits] = memory
            here = [one.state_bits == bits for one in plan.modes]
            mine = lies_in(m, mode, str(bits), here)
            steps = {"read": ahead & used & mine, "write": sent & mine}
            turn(m, memory, str(bits), depth, steps)
            m.d.comb += [
                memory.read.en.eq(ahead),
                memory.write.en.eq(steps["write"]),
                memory.write.data.eq(potentials_word(plan, mode, self.chunks.payload, bits)),
            ]
        for bits, depth in plan.current_words.items():
            name = f"current_{bits}"
            memory = RegisteredMemory.of(memories.synaptic(plan, bits))
            m.submodules[f"synaptic_{bits}"] = found[name] = memory
            here = [one.current is not None and one.current.bits == bits for one in plan.modes]
            mine = lies_in(m, mode, name, here)
            steps = {"read": ahead & used & mine, "write": sent & mine}
            turn(m, memory, name, depth, steps)
            m.d.comb += [
                memory.read.en.eq(ahead),
                memory.write.en.eq(steps["write"]),
                memory.write.data.eq(Cat(current[:bits] for current in self._currents)),
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
