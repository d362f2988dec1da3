"""Bytes to words."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class WordPacker(wiring.Component):
    """Bytes to words, lowest byte first; a word's highest bits that don't fit it are dropped.

    A word is valid in the cycle after its last byte's transfer, and `input` not ready until the
    cycle after it is taken. Throughput: a byte a cycle, and one more for each word.

    Parameters
    ----------
    word_bits
        Width of a word.

    Members
    -------
    input : In(stream of 8 bits)
    output : Out(stream of `word_bits` bits)
    """

    def __init__(self, word_bits: int) -> None:
        self.word_bytes = -(-word_bits // 8)
        super().__init__(
            {"input": In(stream.Signature(8)), "output": Out(stream.Signature(word_bits))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        word = Signal(8 * self.word_bytes)
        count = Signal(range(self.word_bytes))

        m.d.comb += self.output.payload.eq(word)
        m.d.comb += self.input.ready.eq(~self.output.valid)
        with m.If(self.output.ready):
            m.d.sync += self.output.valid.eq(0)
        with m.If(self.input.valid & self.input.ready):
            m.d.sync += [word.eq(Cat(word, self.input.payload)[8:]), count.eq(count + 1)]
            with m.If(count == self.word_bytes - 1):
                m.d.sync += [count.eq(0), self.output.valid.eq(1)]
        return m
