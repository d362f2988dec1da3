"""A block RAM with the read register that its clock needs."""

from collections.abc import Sequence

from amaranth.hdl import Module, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out


def read_signature(addr_bits: int, data_bits: int) -> wiring.Signature:
    """Return the signature of a read port, as its user sees it."""
    return wiring.Signature(
        {"en": Out(1), "addr": Out(unsigned(addr_bits)), "data": In(unsigned(data_bits))}
    )


def write_signature(addr_bits: int, data_bits: int) -> wiring.Signature:
    """Return the signature of a write port, as its user sees it."""
    return wiring.Signature(
        {"en": Out(1), "addr": Out(unsigned(addr_bits)), "data": Out(unsigned(data_bits))}
    )


class RegisteredMemory(wiring.Component):
    """One read and one write port; read data passes a register before any logic.

    A block RAM's output takes 5.6 ns by itself on ECP5, so `data` is registered at once: it shows
    the word `latency` enabled cycles after its address. While `read.en` is 0, the port holds still.
    A word written in the cycle in which it is read may be read as anything: no user does that, or
    none looks at what it read.

    Parameters
    ----------
    width, depth
        Bits of a word, words.
    init
        First words; the others are 0.
    style
        'auto', or 'block' for a block RAM also where the synthesis would find logic cheaper.

    Attributes
    ----------
    latency
        Enabled cycles from address to data.

    Members
    -------
    read : In(read_signature)
    write : In(write_signature)
    """

    latency = 2

    def __init__(
        self, *, width: int, depth: int, init: Sequence[int] = (), style: str = "auto"
    ) -> None:
        self.width = width
        self.depth = depth
        self.init = list(init)
        self.style = style
        addr_bits = max(1, (depth - 1).bit_length())
        super().__init__(
            {
                "read": In(read_signature(addr_bits, width)),
                "write": In(write_signature(addr_bits, width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory."""
        m = Module()
        # Without this, synthesis adds a bypass that gives such a read the old word.
        attrs: dict[str, int | str] = {"no_rw_check": 1}
        if self.style != "auto":
            attrs |= {"rom_style": self.style, "ram_style": self.style}
        m.submodules.memory = memory = Memory(
            shape=unsigned(self.width), depth=self.depth, init=self.init, attrs=attrs
        )
        read_port = memory.read_port()
        write_port = memory.write_port()
        m.d.comb += [
            read_port.en.eq(self.read.en),
            read_port.addr.eq(self.read.addr),
            write_port.en.eq(self.write.en),
            write_port.addr.eq(self.write.addr),
            write_port.data.eq(self.write.data),
        ]
        with m.If(self.read.en):
            m.d.sync += self.read.data.eq(read_port.data)
        return m
