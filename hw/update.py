"""The update: leak, add, fire, reset and store, for a few finished sums a cycle."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out, connect, flipped

from .array import sum_layout
from .memory import SLICE_BITS, RegisteredMemory, write_signature
from .stage_plan import Mode, StagePlan
from .walker import narrowest


class UpdateLayout(StructLayout):
    """A layer's work for the update; counts are stored less one.

    `window` counts the positions of a pooling window, `tail` the chunks of the last lane group.
    """

    def __init__(self, plan: StagePlan) -> None:
        self.layers = [self.values(plan, index) for index in range(plan.count)]
        super().__init__(narrowest(self.layers))

    @staticmethod
    def values(plan: StagePlan, index: int) -> dict[str, int]:
        """Return each member's value for the stage's layer number `index`."""
        d = plan.descriptors[index]
        per_group = plan.lanes // plan.update_lanes
        return {
            "rows": d.rows - 1,
            "columns": d.columns - 1,
            "groups": d.groups - 1,
            "window": d.window[0] * d.window[1] - 1,
            "tail": d.chunks - (d.groups - 1) * per_group - 1,
            "parameter_base": d.parameter_base,
            "mode": plan.modes.index(plan.layer_modes[index]),
        }


class ChunkLayout(StructLayout):
    """Updated neurons.

    `spikes` and `potentials` are one a lane. `chunk` numbers the chunk in its lane group; `first`
    and `final` mark the first and last position of a pooling window, `tail` the last chunk of all
    channels, `row_end` the last chunk of a row of the output map. `index` counts the chunks of the
    layer in this time step.
    """

    def __init__(self, plan: StagePlan) -> None:
        bits = plan.state_bits
        per_group = plan.lanes // plan.update_lanes
        updates = max(d.updates for d in plan.descriptors)
        super().__init__(
            {
                "spikes": unsigned(plan.update_lanes),
                "potentials": ArrayLayout(signed(bits), plan.update_lanes),
                "chunk": unsigned(max(1, (per_group - 1).bit_length())),
                "first": 1,
                "final": 1,
                "tail": 1,
                "row_end": 1,
                "index": unsigned(max(1, (updates - 1).bit_length())),
            }
        )


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
            depth = max(2, len(plan.parameter_words))
            members["load"] = In(
                write_signature(
                    (depth - 1).bit_length(), plan.update_lanes * plan.parameter_bits, SLICE_BITS
                )
            )
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        """Build the update."""
        m = Module()
        plan = self.plan
        lanes = range(plan.update_lanes)
        fields = {field.name: field for field in plan.parameters}

        # Walk over the chunks of the layer and read ahead.
        ahead = Signal()
        flags = StructLayout(
            {"chunk": self.chunk_layout["chunk"].shape}
            | dict.fromkeys(("first", "final", "tail", "row_end", "used", "layer_end", "skip"), 1)
        )
        walking, place, parameter = self._walk(m, ahead, flags)
        memories = self._memories(m, ahead, walking & place.used, parameter)
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

        # u = leak(v) + acc + bias
        word_bits = plan.parameter_bits
        fire = Signal(plan.update_lanes)
        for lane in lanes:
            word = memories["parameters"].read.data[lane * word_bits : (lane + 1) * word_bits]
            here = {}
            for field in plan.parameters:
                here[field.name], word = word[: field.bits].as_signed(), word[field.bits :]
            loaded = self._loaded(m, lane, memories, here)
            value = loaded + here["bias"]
            start = Signal(value.shape(), name=f"start_{lane}", attrs={"keep": 1})
            m.d.comb += start.eq(value)
            u = Signal(signed(plan.update_bits), name=f"u_{lane}")
            later = {
                name: Signal(signed(field.bits), name=f"{name}_{lane}")
                for name, field in fields.items()
                if name not in ("bias", "level")
            }
            may_fire: Value | int = later["keep"][0] if "keep" in later else 1
            with m.If(move):
                m.d.sync += u.eq(start + self.sums.payload[lane])
                m.d.sync += [signal.eq(here[name]) for name, signal in later.items()]
            if any(mode.mask_negative for mode in plan.modes):
                negative = Signal(name=f"negative_{lane}")
                with m.If(move):
                    m.d.sync += negative.eq(self._negative(m, lane, memories))
                may_fire &= ~negative

            # fire = u >= threshold and, if mask_negative, v >= 0; r = reset(u, fire)
            fires = Signal(name=f"fires_{lane}")
            # A sign costs no logic behind the carry chain, as a comparison of signed numbers would.
            m.d.comb += fires.eq(~(u - later["threshold"])[-1] & may_fire)
            value = self._reset(m, lane, u, fires, later)
            r = Signal(value.shape(), name=f"r_{lane}")
            with m.If(move):
                m.d.sync += r.eq(value)
                m.d.sync += fire[lane].eq(fires)

            # v' = store(r)
            still: dict[str, Signal] = {}
            for name in ("boundary", "keep"):
                if name in later:
                    still[name] = Signal.like(later[name], name=f"{name}_late_{lane}")
                    with m.If(move):
                        m.d.sync += still[name].eq(later[name])
            stored = self._stored(m, lane, r, still)
            if "keep" in still:
                stored = Mux(still["keep"][0], stored, 0)
            with m.If(move):
                m.d.sync += self.chunks.payload.potentials[lane].eq(stored)

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
        words = plan.parameter_words
        width = plan.update_lanes * plan.parameter_bits
        memories: dict[str | int, RegisteredMemory] = {}
        m.submodules.parameters = memories["parameters"] = RegisteredMemory(
            width=width, depth=max(2, len(words)), init=words,
            style="auto" if len(words) <= 4 else "block",
            slice_bits=SLICE_BITS if plan.loadable else 0,
        )  # fmt: skip
        if plan.loadable:
            connect(m, flipped(self.load), memories["parameters"].write)
        m.d.comb += [
            memories["parameters"].read.en.eq(ahead),
            memories["parameters"].read.addr.eq(parameter),
        ]
        sent = self.chunks.valid & self.chunks.ready
        for bits, depth in plan.state_words.items():
            memory = RegisteredMemory(width=bits * plan.update_lanes, depth=max(2, depth))
            m.submodules[f"potentials_{bits}"] = memories[bits] = memory
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
        return memories

    def _switch(self, m: Module, values: list[Value], name: str) -> Value:
        """Return the value of the layer's mode, wide enough for each."""
        if len(values) == 1:
            return values[0]
        low = min(-1 if v.shape().signed else 0 for v in values)
        bits = max(len(v) + (low < 0 and not v.shape().signed) for v in values)
        chosen = Signal(signed(bits) if low < 0 else unsigned(bits), name=name)
        with m.Switch(self.layers.payload.mode):
            for number, value in enumerate(values):
                with m.Case(number) if number < len(values) - 1 else m.Default():
                    m.d.comb += chosen.eq(value)
        return chosen

    def _leaked(self, mode: Mode, x: Value, parameters: dict[str, Value]) -> Value:
        """Return (multiplier · x) >> shift, rounded down."""
        if mode.leak_multiplier is None:
            return (x * parameters["multiplier"]) >> mode.leak_shift
        if mode.leak_multiplier == 0:
            return Const(0, signed(1))
        return _times(x, mode.leak_multiplier) >> mode.leak_shift

    def _loaded(
        self,
        m: Module,
        lane: int,
        memories: dict[str | int, RegisteredMemory],
        parameters: dict[str, Value],
    ) -> Value:
        """Return the stored potential in accumulator LSBs, leaked if it leaks at the load."""
        values: list[Value] = []
        for mode in self.plan.modes:
            bits = mode.bits
            stored = memories[bits].read.data[lane * bits : (lane + 1) * bits].as_signed()
            v = Signal(signed(bits), name=f"v_{lane}_{len(values)}")
            m.d.comb += v.eq(Mux(self.first_step, 0, stored))
            if mode.shift is None:
                level = parameters["level"]
                x = Mux(v[1], -level, Mux(v[0], level, 0))
            else:
                x = Cat(Const(0, mode.shift), v).as_signed()
            values.append(self._leaked(mode, x, parameters) if mode.leak_at == "load" else x)
        return self._switch(m, values, f"loaded_{lane}")

    def _negative(self, m: Module, lane: int, memories: dict[str | int, RegisteredMemory]) -> Value:
        """Return whether the stored potential keeps the neuron from firing: its sign."""
        values: list[Value] = []
        for mode in self.plan.modes:
            sign = memories[mode.bits].read.data[(lane + 1) * mode.bits - 1]
            values.append(sign & ~self.first_step if mode.mask_negative else Const(0))
        return self._switch(m, values, f"is_negative_{lane}")

    def _reset(
        self, m: Module, lane: int, u: Signal, fires: Signal, parameters: dict[str, Value]
    ) -> Value:
        """Return r."""
        values = []
        for mode in self.plan.modes:
            x = self._leaked(mode, u, parameters) if mode.leak_at == "store" else u
            match mode.reset:
                case "zero":
                    values.append(Mux(fires, mode.half * mode.rounds_early, x))
                case "subtract":
                    values.append(Mux(fires, x - parameters["amount"], x))
                case _:
                    values.append(x)
        return self._switch(m, values, f"reset_{lane}")

    def _stored(self, m: Module, lane: int, r: Signal, parameters: dict[str, Signal]) -> Value:
        """Return clamp((r + half) >> shift), rounded half up and then saturated; or the sign."""
        values: list[Value] = []
        for number, mode in enumerate(self.plan.modes):
            stored = Signal(signed(mode.bits), name=f"stored_{lane}_{number}")
            values.append(stored)
            if mode.shift is None:
                boundary = parameters["boundary"]
                m.d.comb += stored.eq(Mux(r < -boundary, -1, r >= boundary))
                continue
            rounded = r if mode.rounds_early else r + mode.half
            shifted = rounded >> mode.shift
            # It fits if all the bits that are dropped equal the sign that is left.
            dropped = shifted[mode.bits - 1 :]
            sign = shifted[-1]
            m.d.comb += stored.eq(shifted)
            with m.If(dropped.any() & ~dropped.all()):
                m.d.comb += stored.eq(Cat((~sign).replicate(mode.bits - 1), sign))
        return self._switch(m, values, f"stored_{lane}")


def _times(x: Value, factor: int) -> Value:
    """Return x times a positive constant; 15 x is one subtraction, 16 x - x."""
    for high in range(factor.bit_length() + 1):
        for low in range(high):
            if factor == (1 << high) - (1 << low):
                return (x << high) - (x << low) if low + 1 < high else x << low
            if factor == (1 << high) + (1 << low):
                return (x << high) + (x << low)
    return x * Const(factor)
