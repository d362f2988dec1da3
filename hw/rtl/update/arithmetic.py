"""What leaks and stores do to a number, and the choice between the modes of layers."""

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed, unsigned

from ...plan.mode import CurrentMode, Mode


def switch(m: Module, mode: Value, values: list[Value], name: str) -> Value:
    """Return the value of the layer's mode, wide enough for each."""
    if len(values) == 1:
        return values[0]
    low = min(-1 if v.shape().signed else 0 for v in values)
    bits = max(len(v) + (low < 0 and not v.shape().signed) for v in values)
    chosen = Signal(signed(bits) if low < 0 else unsigned(bits), name=name)
    with m.Switch(mode):
        for number, value in enumerate(values):
            with m.Case(number) if number < len(values) - 1 else m.Default():
                m.d.comb += chosen.eq(value)
    return chosen


def leaked(form: Mode | CurrentMode, x: Value, multiplier: Value | None) -> Value:
    """Return (multiplier · x) >> shift, rounded down or up; `multiplier` is the channel's."""
    if form.leak_multiplier == 0:
        return Const(0, signed(1))
    if form.leak_multiplier is None:
        assert multiplier is not None
        product = x * multiplier
    else:
        product = times(x, form.leak_multiplier)
    if form.leak_up:
        product = product + ((1 << form.leak_shift) - 1)
    return product >> form.leak_shift


def times(x: Value, factor: int) -> Value:
    """Return x times a positive constant; 15 x is one subtraction, 16 x - x."""
    for high in range(factor.bit_length() + 1):
        for low in range(high):
            if factor == (1 << high) - (1 << low):
                return (x << high) - (x << low) if low + 1 < high else x << low
            if factor == (1 << high) + (1 << low):
                return (x << high) + (x << low)
    return x * Const(factor)


def saturate(m: Module, stored: Signal, value: Value, shift: int) -> None:
    """Drop the lowest bits of a value that half a stored LSB was added to, and clamp it."""
    shifted = value >> shift
    # It fits if all the bits that are dropped equal the sign that is left.
    dropped = shifted[len(stored) - 1 :]
    sign = shifted[-1]
    m.d.comb += stored.eq(shifted)
    with m.If(dropped.any() & ~dropped.all()):
        m.d.comb += stored.eq(Cat((~sign).replicate(len(stored) - 1), sign))
