"""Memories: a block RAM with the read register that its clock needs, and one with a single port."""

from collections.abc import Sequence
from typing import Self

from amaranth.hdl import Cat, Module, Mux, Value, unsigned
from amaranth.lib import memory as amaranth_memory
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..plan.memories import Memory
from ..plan.widths import bits_of, parts

_UNLOADED = 0x9E37_79B9_7F4A_7C15


def read_signature(addr_bits: int, data_bits: int) -> wiring.Signature:
    """Return the signature of a read port, as its user sees it."""
    return wiring.Signature(
        {"en": Out(1), "addr": Out(unsigned(addr_bits)), "data": In(unsigned(data_bits))}
    )


def write_signature(addr_bits: int, data_bits: int, slice_bits: int = 0) -> wiring.Signature:
    """Return the signature of a write port, as its user sees it.

    `en` has one bit for each slice of `slice_bits`, lowest first; 0 is a word that is written as
    one.
    """
    return wiring.Signature(
        {
            "en": Out(parts(data_bits, slice_bits or data_bits)),
            "addr": Out(unsigned(addr_bits)),
            "data": Out(unsigned(data_bits)),
        }
    )


def write_port(memory: Memory) -> wiring.Signature:
    """Return the signature of the port that writes a memory of a stage."""
    return write_signature(bits_of(memory.depth), memory.word_bits, memory.slice_bits)


def memory_ports(*, width: int, depth: int, slice_bits: int = 0) -> dict[str, wiring.Member]:
    """Return the ports of a memory of `depth` words of `width` bits, 'read' and 'write'."""
    addr_bits = bits_of(depth)
    return {
        "read": In(read_signature(addr_bits, width)),
        "write": In(write_signature(addr_bits, width, slice_bits)),
    }


class BlockMemory(wiring.Component):
    """One read and one write port; `data` shows the word one enabled cycle after its address.

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
    slice_bits
        As of `write_signature`; each slice is a memory beside the others.

    Members
    -------
    read : In(read_signature)
    write : In(write_signature)
    """

    latency = 1

    def __init__(
        self,
        *,
        width: int,
        depth: int,
        init: Sequence[int] = (),
        style: str = "auto",
        slice_bits: int = 0,
    ) -> None:
        self.width = width
        self.depth = depth
        self.init = list(init)
        self.style = style
        self.slice_bits = slice_bits or width
        super().__init__(memory_ports(width=width, depth=depth, slice_bits=slice_bits))

    @classmethod
    def of(cls, memory: Memory) -> Self:
        """Return what holds a memory of a stage."""
        return cls(
            width=memory.word_bits,
            depth=memory.depth,
            init=memory.init,
            style=memory.style,
            slice_bits=memory.slice_bits,
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.read.data.eq(self._stored(m))
        return m

    def _stored(self, m: Module) -> Value:
        """Build the slices, and return the word that was read."""
        # Without this, synthesis adds a bypass that gives such a read the old word.
        attrs: dict[str, int | str] = {"no_rw_check": 1}
        if self.style != "auto":
            attrs |= {"rom_style": self.style, "ram_style": self.style}
        slices = []
        for index, enable in enumerate(self.write.en):
            first = index * self.slice_bits
            bits = min(self.slice_bits, self.width - first)
            memory = amaranth_memory.Memory(
                shape=unsigned(bits),
                depth=self.depth,
                init=[word >> first & (1 << bits) - 1 for word in self.init],
                attrs=attrs,
            )
            m.submodules[f"memory_{index}" if len(self.write.en) > 1 else "memory"] = memory
            read_port, write_port = memory.read_port(), memory.write_port()
            m.d.comb += [
                read_port.en.eq(self.read.en),
                read_port.addr.eq(self.read.addr),
                write_port.en.eq(enable),
                write_port.addr.eq(self.write.addr),
                write_port.data.eq(self.write.data[first : first + bits]),
            ]
            slices.append(read_port.data)
        return Cat(slices)


class RegisteredMemory(BlockMemory):
    """A block memory whose read data passes a register before any logic.

    A block RAM's output takes 5.6 ns by itself on ECP5, so `data` is registered at once: it shows
    the word `latency` enabled cycles after its address. While `read.en` is 0, the port holds still.
    Parameters and members are those of `BlockMemory`.

    Attributes
    ----------
    latency
        Enabled cycles from address to data.
    """

    latency = 2

    def elaborate(self, platform: object) -> Module:
        m = Module()
        stored = self._stored(m)
        with m.If(self.read.en):
            m.d.sync += self.read.data.eq(stored)
        return m


class SinglePortMemory(wiring.Component):
    """One port that reads or, in the cycles of `write`, writes; `data` as of `BlockMemory`.

    It models a RAM that holds anything until it is written, such as iCE40UP5K's SPRAM, with a
    pattern that looks like no network: a row that was never loaded then shows up wherever the
    accelerator is verified. A platform with such a RAM has a component of the same parameters and
    members as its attribute ``single_port_memory``.

    Parameters
    ----------
    width, depth, slice_bits
        As of `BlockMemory`.

    Members
    -------
    read : In(read_signature), whose `data` is undefined after a cycle that wrote
    write : In(write_signature)
    """

    latency = 1

    def __init__(self, *, width: int, depth: int, slice_bits: int = 0) -> None:
        self.width = width
        self.depth = depth
        self.slice_bits = slice_bits or width
        super().__init__(memory_ports(width=width, depth=depth, slice_bits=slice_bits))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        mask = (1 << self.width) - 1
        pattern = [
            int.from_bytes((_UNLOADED * (row + 1) % 2**64).to_bytes(8) * (self.width // 64 + 1))
            for row in range(self.depth)
        ]
        m.submodules.memory = memory = BlockMemory(
            width=self.width,
            depth=self.depth,
            init=[word & mask for word in pattern],
            slice_bits=self.slice_bits,
        )
        writes = self.write.en.any()
        addr = Mux(writes, self.write.addr, self.read.addr)
        m.d.comb += [
            memory.write.en.eq(self.write.en),
            memory.write.addr.eq(addr),
            memory.write.data.eq(self.write.data),
            memory.read.en.eq(self.read.en & ~writes),
            memory.read.addr.eq(addr),
            self.read.data.eq(memory.read.data),
        ]
        return m
