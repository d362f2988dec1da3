"""What the board says of itself, byte by byte."""

from amaranth.hdl import Cat, Const, Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ...hw.plan.widths import bits_of
from ...hw.rtl.memory import RegisteredMemory, read_signature
from .protocol import PAGE_BYTES, Page

_PLACE_BITS = bits_of(PAGE_BYTES)
PAGES = read_signature(bits_of(len(Page)) + _PLACE_BITS, 8)
"""The bytes of all pages, one behind the other; each takes some cycles to come."""


class Pages(wiring.Component):
    """Read the pages.

    Parameters
    ----------
    description
        Bytes of `Page.DESCRIPTION`, `PAGE_BYTES` at most.
    identity
        Those of `Page.SHAPE` and `Page.TABLES`; None where they are read from `identity`.
    counters
        `Page.COUNTERS` is there.

    Members
    -------
    read : In(PAGES)
    identity : Out(read_signature(6, 8)), where it isn't given, as of
        `somagate.hw.rtl.accelerator.Accelerator`
    place, byte : Out(5), In(8), where there are counters, as of `Counters`
    """

    def __init__(self, description: bytes, identity: bytes | None, *, counters: bool) -> None:
        self._description = description.ljust(PAGE_BYTES, b"\0")
        self._identity, self._counters = identity, counters
        members: dict[str, wiring.Member] = {"read": In(PAGES)}
        if identity is None:
            members["identity"] = Out(read_signature(6, 8))
        if counters:
            members |= {"place": Out(_PLACE_BITS), "byte": In(8)}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        read = self.read
        place, page = read.addr[:_PLACE_BITS], read.addr[_PLACE_BITS:]
        if self._identity is None:
            own = Const(int.from_bytes(self._description, "little"), 8 * PAGE_BYTES)
            m.d.comb += [
                self.identity.en.eq(read.en),
                self.identity.addr.eq(Cat(place, page == Page.TABLES)),
                read.data.eq(
                    Mux(page == Page.DESCRIPTION, own.word_select(place, 8), self.identity.data)
                ),
            ]
        else:
            # One memory for all that is known from the start.
            m.submodules.memory = memory = RegisteredMemory(
                width=8,
                depth=1 << len(read.addr),
                init=[*self._description, *self._identity],
                style="block",
            )
            connect(m, flipped(read), memory.read)
        if self._counters:
            m.d.comb += self.place.eq(place)
            with m.If(page == Page.COUNTERS):
                m.d.comb += read.data.eq(self.byte)
        return m
