"""What happened on a board, in numbers."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .protocol import COUNTER_BYTES, PAGE_BYTES


class Counters(wiring.Component):
    """Count, and give the bytes of `Page.COUNTERS`.

    Numbers go on while they are read, so whoever wants them to belong together asks while nothing
    is under way.

    Parameters
    ----------
    events
        The most that may happen in a cycle of what `events` counts.

    Members
    -------
    NAME : In(1), for each NAME of `COUNTER_BYTES` but `events`: one more
    events : In(range(events + 1)), so many more
    place : In(5)
        Of a byte.
    byte : Out(8)
        Two cycles later.
    """

    def __init__(self, events: int) -> None:
        members = {name: In(1) for name in COUNTER_BYTES}
        members |= {"events": In(range(events + 1)), "place": In(range(PAGE_BYTES)), "byte": Out(8)}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        counts = []
        for name, size in COUNTER_BYTES.items():
            more, count = Signal.like(getattr(self, name)), Signal(8 * size, name=name)
            m.d.sync += [more.eq(getattr(self, name)), count.eq(count + more)]
            counts.append(count)
        place = Signal.like(self.place)
        m.d.sync += [place.eq(self.place), self.byte.eq(Cat(counts).word_select(place, 8))]
        return m
