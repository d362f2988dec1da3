"""The update rule in gates, for one lane: what `somagate.sim.golden.update` does to a neuron."""

from collections.abc import Mapping

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...plan.stage_plan import StagePlan
from .arithmetic import leaked, saturate, switch
from .lane_current import LaneCurrent
from .update_layout import spike_bits


class LaneRule(wiring.Component):
    """Update the neurons of one lane, whatever the mode of their layer.

    It takes three cycles. The first adds up u, the second compares it with the threshold and resets
    it to r, the third stores r. Where neurons send several spikes, the second is one of each bit of
    their count: a division, highest bit first, of which r takes what is left. What differs between
    modes is worked out for each of them, and the layer's is taken; what they share is there once.
    Parameters wait beside u and r for the cycle that needs them.

    Members
    -------
    mode : In(…), static: number of the layer's mode among `plan.modes`
    first_step : In(1), static: potentials are 0, whatever is stored
    move : In(1), the registers of all three cycles take their next values
    parameters : In(plan.parameter_bits), the neuron's fields as they lie in their memory
    state_N : In(signed(N)), for each width N in `plan.state_words`: what is stored; of a mode that
        blanks, the potential with a bit above it that says whether the neuron fired
    current_N : In(signed(N)), for each width N in `plan.current_words`: the stored current
    acc : In(signed(plan.bounds.sum_bits)), the sum
    fires : Out(spike_bits), how often the neuron fires; as many cycles after u was taken
    v : Out(signed(plan.state_bits)), what to store; a cycle later
    i : Out(…), the current to store, at the same time; where there are currents
    """

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        currents = {f"current_{bits}": In(signed(bits)) for bits in plan.current_words}
        if currents:
            currents["i"] = Out(signed(max(plan.current_words)))
        super().__init__(
            {
                "mode": In(range(max(2, len(plan.modes)))),
                "first_step": In(1),
                "move": In(1),
                "parameters": In(unsigned(plan.parameter_bits)),
                **{f"state_{bits}": In(signed(bits)) for bits in plan.state_words},
                "acc": In(signed(plan.bounds.sum_bits)),
                "fires": Out(spike_bits(plan)),
                "v": Out(signed(plan.state_bits)),
                **currents,
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        here: dict[str, Value] = {}
        word = Value.cast(self.parameters)
        for field in self.plan.parameters:
            here[field.name], word = word[: field.bits].as_signed(), word[field.bits :]
        stored = {bits: getattr(self, f"state_{bits}") for bits in self.plan.state_words}

        # u = leak(v) + (acc << gain) + bias
        potentials = self._potentials(m, stored, here)
        enters, total = here["bias"], self._sum(m)
        current = self._current(m, here, total) if self.plan.current_words else None
        if current is not None:
            enters, total = current.enters, Mux(current.late, 0, total)
        value = self._loaded(m, potentials, here) + enters
        start = Signal(value.shape(), attrs={"keep": 1})
        u = Signal(signed(self.plan.update_bits))
        m.d.comb += start.eq(value)
        with m.If(self.move):
            m.d.sync += u.eq(start + total)
        self._blank(m, stored, u)
        here["threshold"] = self._due(m, potentials, here)
        names = [name for name in here if name not in ("bias", "level", "current_multiplier")]
        later: dict[str, Value] = {name: self._delayed(m, name, here[name]) for name in names}
        if any(mode.mask_negative for mode in self.plan.modes):
            later["negative"] = negative = Signal(name="negative")
            with m.If(self.move):
                m.d.sync += negative.eq(self._negative(m, stored))

        # u = max(u, lower_bound)
        # fire = u >= threshold and, if mask_negative, v >= 0; r = reset(u, fire)
        # A sign costs no logic behind the carry chain, as a comparison of signed numbers would.
        raised = rest = self._raised(m, u, later)
        counted: list[Value] = []
        for bit in reversed(range(1, len(self.fires))):
            holds, rest = self._held(m, rest, later["threshold"], bit)
            rest = self._delayed(m, f"rest_{bit}", rest)
            raised = self._delayed(m, f"raised_{bit}", raised)
            counted = [self._delayed(m, f"counted_{bit}", one) for one in (holds, *counted)]
            later = {name: self._delayed(m, f"{name}_{bit}", one) for name, one in later.items()}
        may_fire: Value | int = later["keep"][0] if "keep" in later else 1
        if "negative" in later:
            may_fire &= ~later["negative"]
        less = rest - later["threshold"]
        if counted:
            m.d.comb += self.fires.eq(Mux(may_fire, Cat(~less[-1], *counted), 0))
        else:
            m.d.comb += self.fires.eq(~less[-1] & may_fire)
        value = self._reset(m, raised, Mux(less[-1], rest, less), later)
        r = Signal(value.shape())
        with m.If(self.move):
            m.d.sync += r.eq(value)
        names = [name for name in ("boundary", "keep") if name in later]
        latest = {name: self._delayed(m, f"{name}_late", later[name]) for name in names}

        # v' = store(r)
        v = self._stored(m, r, latest)
        m.d.comb += self.v.eq(Mux(latest["keep"][0], v, 0) if "keep" in latest else v)
        return m

    def _delayed(self, m: Module, name: str, value: Value) -> Signal:
        """Return a parameter a cycle later."""
        delayed = Signal(value.shape(), name=name)
        with m.If(self.move):
            m.d.sync += delayed.eq(value)
        return delayed

    def _current(self, m: Module, here: Mapping[str, Value], total: Value) -> LaneCurrent:
        """Let the sum enter the lane's current."""
        m.submodules.current = current = LaneCurrent(self.plan)
        m.d.comb += [
            current.mode.eq(self.mode),
            current.first_step.eq(self.first_step),
            current.move.eq(self.move),
            current.bias.eq(here["bias"]),
            current.sum.eq(total),
            self.i.eq(current.i),
        ]
        if "current_multiplier" in here:
            m.d.comb += current.multiplier.eq(here["current_multiplier"])
        for bits in self.plan.current_words:
            name = f"current_{bits}"
            m.d.comb += getattr(current, name).eq(getattr(self, name))
        return current

    def _potentials(
        self, m: Module, states: Mapping[int, Value], parameters: Mapping[str, Value]
    ) -> list[Value]:
        """Return the stored potential in accumulator LSBs, for each mode."""
        values: list[Value] = []
        for mode in self.plan.modes:
            v = Signal(signed(mode.bits), name=f"v_{len(values)}")
            m.d.comb += v.eq(Mux(self.first_step, 0, states[mode.state_bits]))
            if mode.shift is None:
                level = parameters["level"]
                values.append(Mux(v[1], -level, Mux(v[0], level, 0)))
            else:
                values.append(Cat(Const(0, mode.shift), v).as_signed())
        return values

    def _loaded(self, m: Module, potentials: list[Value], parameters: Mapping[str, Value]) -> Value:
        """Return the stored potential, leaked if it leaks at the load."""
        values = [
            leaked(mode, x, parameters.get("multiplier")) if mode.leak_at == "load" else x
            for mode, x in zip(self.plan.modes, potentials, strict=True)
        ]
        return switch(m, self.mode, values, "loaded")

    def _due(self, m: Module, potentials: list[Value], parameters: Mapping[str, Value]) -> Value:
        """Return the threshold, higher by an amount that is due: it is met by what is stored."""
        threshold = parameters["threshold"]
        if not any(mode.reset == "undelayed" for mode in self.plan.modes):
            return threshold
        values: list[Value] = []
        for mode, x in zip(self.plan.modes, potentials, strict=True):
            # What rounds early is in the threshold; it fills bits that are 0 in a potential.
            early = mode.half * mode.rounds_early
            met = ~((x | early if early else x) - threshold)[-1]
            values.append(met if mode.reset == "undelayed" else Const(0))
        due = switch(m, self.mode, values, "due")
        return Mux(due, threshold + parameters["amount"], threshold)

    def _sum(self, m: Module) -> Value:
        """Return the sum with its gain; the same one of all modes is only wiring."""
        gains = [mode.gain for mode in self.plan.modes]
        if len(set(gains)) == 1:
            return self.acc << gains[0] if gains[0] else self.acc
        return switch(m, self.mode, [self.acc << gain for gain in gains], "gained")

    def _blank(self, m: Module, states: Mapping[int, Value], u: Signal) -> None:
        """Take 0, and what rounds early, for u where a layer blanks and the neuron has fired."""
        modes = self.plan.modes
        if not any(mode.blanks for mode in modes):
            return
        flags = [states[mode.state_bits][-1] if mode.blanks else Const(0) for mode in modes]
        fired = switch(m, self.mode, flags, "fired") & ~self.first_step
        halves = [Const(mode.half * mode.rounds_early * mode.blanks) for mode in modes]
        half = (
            halves[0]
            if len({n.value for n in halves}) == 1
            else switch(m, self.mode, halves, "half")
        )
        with m.If(self.move & fired):
            m.d.sync += u.eq(half)

    def _negative(self, m: Module, states: Mapping[int, Value]) -> Value:
        """Return whether the stored potential keeps the neuron from firing: its sign."""
        values: list[Value] = []
        for mode in self.plan.modes:
            sign = states[mode.state_bits][mode.bits - 1]
            values.append(sign & ~self.first_step if mode.mask_negative else Const(0))
        return switch(m, self.mode, values, "is_negative")

    def _held(self, m: Module, rest: Value, threshold: Value, bit: int) -> tuple[Value, Value]:
        """Return whether what is left of u holds the threshold 2**bit times, and what then is."""
        less = rest - (threshold << bit)
        sends = [Const(mode.spike_bits > bit) for mode in self.plan.modes]
        holds = ~less[-1] & switch(m, self.mode, sends, f"sends_{bit}")
        # It gets no larger, and is not below 0 where it gets smaller.
        return holds, Mux(holds, less, rest)[: len(rest)].as_signed()

    def _raised(self, m: Module, u: Value, parameters: Mapping[str, Value]) -> Value:
        """Return u, or its lower bound where that is larger."""
        if not any(mode.bounded for mode in self.plan.modes):
            return u
        values: list[Value] = []
        for mode in self.plan.modes:
            if not mode.bounded:
                values.append(u)
                continue
            bound = parameters.get("lower_bound")
            if mode.lower_bound is not None:
                lowest = mode.lower_bound + mode.half * mode.rounds_early
                bound = Const(max(lowest, self.plan.bounds.update[0]), u.shape())
            values.append(Mux((u - bound)[-1], bound, u))
        return switch(m, self.mode, values, "raised")

    def _reset(self, m: Module, u: Value, rest: Value, parameters: Mapping[str, Value]) -> Value:
        """Return r; `rest` is what several spikes leave of u."""
        fires = self.fires if len(self.fires) == 1 else self.fires.any()
        values: list[Value] = []
        for mode in self.plan.modes:
            x = leaked(mode, u, parameters.get("multiplier")) if mode.leak_at == "store" else u
            if mode.reset == "zero":
                x = Mux(fires, mode.half * mode.rounds_early, x)
            elif mode.subtracts and mode.spike_bits > 1:
                x = Mux(fires, rest[: len(u)].as_signed(), x)
            elif mode.subtracts:
                x = Mux(fires, x - parameters["amount"], x)
            values.append(x)
        return switch(m, self.mode, values, "reset")

    def _stored(self, m: Module, r: Value, parameters: Mapping[str, Value]) -> Value:
        """Return clamp((r + half) >> shift), rounded half up and then saturated; or the sign."""
        values: list[Value] = []
        for number, mode in enumerate(self.plan.modes):
            stored = Signal(signed(mode.bits), name=f"stored_{number}")
            values.append(stored)
            if mode.shift is None:
                boundary = parameters["boundary"]
                m.d.comb += stored.eq(Mux(r < -boundary, -1, r >= boundary))
                continue
            saturate(m, stored, r if mode.rounds_early else r + mode.half, mode.shift)
        return switch(m, self.mode, values, "stored")
