"""The synaptic currents of one lane: what `somagate.sim.golden.enter` does to a neuron."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...plan.stage_plan import StagePlan
from .arithmetic import leaked, saturate, switch
from .update_layout import spike_bits


class LaneCurrent(wiring.Component):
    """Let sums enter the currents of one lane, beside its `LaneRule`.

    What enters u is there in the same cycle, so that the rule adds it, and the sum unless it is
    `late`. What is to be stored is there with the potential. Layers without a current have their
    bias enter.

    Members
    -------
    mode, first_step, move : as of `LaneRule`
    bias, sum : In(signed(…)), of the neuron, the sum with its gain
    multiplier : In(signed(…)), of the channel's leak, where it differs by channel
    current_N : In(signed(N)), for each width N in `plan.current_words`: the stored current
    enters : Out(signed(plan.update_bits)), what enters u beside the sum
    late : Out(1), the sum does not
    i : Out(signed(max(plan.current_words))), what to store
    """

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        fields = {field.name: field.bits for field in plan.parameters}
        bits = plan.update_bits
        members = {
            "mode": In(range(max(2, len(plan.modes)))),
            "first_step": In(1),
            "move": In(1),
            "bias": In(signed(fields["bias"])),
            "sum": In(signed(bits)),
            "enters": Out(signed(bits)),
            "late": Out(1),
            "i": Out(signed(max(plan.current_words))),
        }
        members |= {f"current_{n}": In(signed(n)) for n in plan.current_words}
        if "current_multiplier" in fields:
            members["multiplier"] = In(signed(fields["current_multiplier"]))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        forms = [mode.current for mode in self.plan.modes]

        # j = leak(i) + sum + bias; u takes i or j.
        starts: list[Value] = []
        enters: list[Value] = []
        now = getattr(self, "multiplier", None)
        for number, form in enumerate(forms):
            if form is None:
                starts.append(self.bias)
                enters.append(self.bias)
                continue
            held = Signal(signed(form.bits + form.shift), name=f"held_{number}")
            stored = getattr(self, f"current_{form.bits}")
            m.d.comb += held.eq(Mux(self.first_step, 0, stored << form.shift))
            left = leaked(form, held, now) if form.leak_at == "load" else held
            starts.append(left + self.bias)
            enters.append(held if form.late else left + self.bias)
        late: list[Value] = [Const(form is not None and form.late, 1) for form in forms]
        m.d.comb += [
            self.enters.eq(switch(m, self.mode, enters, "entering")),
            self.late.eq(switch(m, self.mode, late, "is_late")),
        ]
        j: Value = self._delayed(m, "j", switch(m, self.mode, starts, "start") + self.sum)
        later: Value | None = None if now is None else self._delayed(m, "multiplier_late", now)
        for bit in range(1, spike_bits(self.plan)):
            j = self._delayed(m, f"j_{bit}", j)
            later = None if later is None else self._delayed(m, f"multiplier_late_{bit}", later)

        # i' = store(leak(j))
        values = [
            leaked(form, j, later) if form and form.leak_at == "store" else j for form in forms
        ]
        r = self._delayed(m, "r", switch(m, self.mode, values, "left"))
        kept: list[Value] = []
        for number, form in enumerate(forms):
            if form is None:
                kept.append(Const(0, signed(2)))
                continue
            stored = Signal(signed(form.bits), name=f"kept_{number}")
            saturate(m, stored, r + form.half, form.shift)
            kept.append(stored)
        m.d.comb += self.i.eq(switch(m, self.mode, kept, "kept"))
        return m

    def _delayed(self, m: Module, name: str, value: Value) -> Signal:
        """Return a value a cycle later."""
        delayed = Signal(value.shape(), name=name)
        with m.If(self.move):
            m.d.sync += delayed.eq(value)
        return delayed
