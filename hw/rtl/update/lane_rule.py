"""The update rule in gates, for one lane: what `somagate.sim.golden.update` does to a neuron.

It takes three cycles. The first adds up u, the second compares and resets it, the third stores it.
"""

from collections.abc import Mapping

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned

from ...plan.mode import Mode
from ...plan.stage_plan import StagePlan


class LaneRule:
    """The rule of all modes of a stage's layers, for one lane.

    Parameters
    ----------
    m
        The module that it is added to.
    plan, lane
        The stage, and the lane's number.
    mode
        The number of the mode of the layer at work, among `plan.modes`.
    move
        All three cycles' registers take their next values where it is 1.
    """

    def __init__(self, m: Module, plan: StagePlan, lane: int, *, mode: Value, move: Value) -> None:
        self.m = m
        self.plan = plan
        self.lane = lane
        self.mode = mode
        self.move = move

    def update(
        self, *, parameters: Value, states: Mapping[int, Value], first_step: Value, acc: Value
    ) -> tuple[Value, Value]:
        """Add the logic.

        Parameters
        ----------
        parameters
            The fields of all lanes, as they lie in a word of their memory.
        states
            The stored potentials of all lanes, by the width in bits at which they are stored.
        first_step
            Whether potentials are 0, whatever is stored.
        acc
            The lane's sum.

        Returns
        -------
        fires, v
            Whether the neuron fires, a cycle after u was taken, and what to store, two after.
        """
        m, lane, move = self.m, self.lane, self.move
        word = parameters.word_select(lane, self.plan.parameter_bits)
        here: dict[str, Value] = {}
        for field in self.plan.parameters:
            here[field.name], word = word[: field.bits].as_signed(), word[field.bits :]
        stored = {
            bits: all_lanes[lane * bits : (lane + 1) * bits].as_signed()
            for bits, all_lanes in states.items()
        }

        # u = leak(v) + acc + bias
        value = self._loaded(stored, first_step, here) + here["bias"]
        start = Signal(value.shape(), name=f"start_{lane}", attrs={"keep": 1})
        m.d.comb += start.eq(value)
        u = Signal(signed(self.plan.update_bits), name=f"u_{lane}")
        later = {
            field.name: Signal(signed(field.bits), name=f"{field.name}_{lane}")
            for field in self.plan.parameters
            if field.name not in ("bias", "level")
        }
        may_fire: Value | int = later["keep"][0] if "keep" in later else 1
        with m.If(move):
            m.d.sync += u.eq(start + acc)
            m.d.sync += [signal.eq(here[name]) for name, signal in later.items()]
        if any(mode.mask_negative for mode in self.plan.modes):
            negative = Signal(name=f"negative_{lane}")
            with m.If(move):
                m.d.sync += negative.eq(self._negative(stored, first_step))
            may_fire &= ~negative

        # fire = u >= threshold and, if mask_negative, v >= 0; r = reset(u, fire)
        fires = Signal(name=f"fires_{lane}")
        # A sign costs no logic behind the carry chain, as a comparison of signed numbers would.
        m.d.comb += fires.eq(~(u - later["threshold"])[-1] & may_fire)
        value = self._reset(u, fires, later)
        r = Signal(value.shape(), name=f"r_{lane}")
        with m.If(move):
            m.d.sync += r.eq(value)

        # v' = store(r)
        still: dict[str, Value] = {}
        for name in ("boundary", "keep"):
            if name in later:
                late = Signal.like(later[name], name=f"{name}_late_{lane}")
                still[name] = late
                with m.If(move):
                    m.d.sync += late.eq(later[name])
        v = self._stored(r, still)
        return fires, Mux(still["keep"][0], v, 0) if "keep" in still else v

    def _switch(self, values: list[Value], name: str) -> Value:
        """Return the value of the layer's mode, wide enough for each."""
        name = f"{name}_{self.lane}"
        if len(values) == 1:
            return values[0]
        low = min(-1 if v.shape().signed else 0 for v in values)
        bits = max(len(v) + (low < 0 and not v.shape().signed) for v in values)
        chosen = Signal(signed(bits) if low < 0 else unsigned(bits), name=name)
        with self.m.Switch(self.mode):
            for number, value in enumerate(values):
                with self.m.Case(number) if number < len(values) - 1 else self.m.Default():
                    self.m.d.comb += chosen.eq(value)
        return chosen

    def _leaked(self, mode: Mode, x: Value, parameters: Mapping[str, Value]) -> Value:
        """Return (multiplier · x) >> shift, rounded down."""
        if mode.leak_multiplier is None:
            return (x * parameters["multiplier"]) >> mode.leak_shift
        if mode.leak_multiplier == 0:
            return Const(0, signed(1))
        return _times(x, mode.leak_multiplier) >> mode.leak_shift

    def _loaded(
        self, states: dict[int, Value], first_step: Value, parameters: dict[str, Value]
    ) -> Value:
        """Return the stored potential in accumulator LSBs, leaked if it leaks at the load."""
        values: list[Value] = []
        for mode in self.plan.modes:
            v = Signal(signed(mode.bits), name=f"v_{self.lane}_{len(values)}")
            self.m.d.comb += v.eq(Mux(first_step, 0, states[mode.bits]))
            if mode.shift is None:
                level = parameters["level"]
                x = Mux(v[1], -level, Mux(v[0], level, 0))
            else:
                x = Cat(Const(0, mode.shift), v).as_signed()
            values.append(self._leaked(mode, x, parameters) if mode.leak_at == "load" else x)
        return self._switch(values, "loaded")

    def _negative(self, states: dict[int, Value], first_step: Value) -> Value:
        """Return whether the stored potential keeps the neuron from firing: its sign."""
        values: list[Value] = []
        for mode in self.plan.modes:
            sign = states[mode.bits][-1]
            values.append(sign & ~first_step if mode.mask_negative else Const(0))
        return self._switch(values, "is_negative")

    def _reset(self, u: Value, fires: Value, parameters: Mapping[str, Value]) -> Value:
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
        return self._switch(values, "reset")

    def _stored(self, r: Value, parameters: Mapping[str, Value]) -> Value:
        """Return clamp((r + half) >> shift), rounded half up and then saturated; or the sign."""
        m = self.m
        values: list[Value] = []
        for number, mode in enumerate(self.plan.modes):
            stored = Signal(signed(mode.bits), name=f"stored_{self.lane}_{number}")
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
        return self._switch(values, "stored")


def _times(x: Value, factor: int) -> Value:
    """Return x times a positive constant; 15 x is one subtraction, 16 x - x."""
    for high in range(factor.bit_length() + 1):
        for low in range(high):
            if factor == (1 << high) - (1 << low):
                return (x << high) - (x << low) if low + 1 < high else x << low
            if factor == (1 << high) + (1 << low):
                return (x << high) + (x << low)
    return x * Const(factor)
