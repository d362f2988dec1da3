"""Samples to maps on the board, as `somagate.data.encode` makes them.

With the encoding 'direct' every step has the same map. With 'rate', a pixel's spikes are spread
evenly over the steps: what is left over from step to step, at first half of the full scale, grows
by the pixel, and a spike takes the full scale away. That is the remainder of the quotient whose
steps `encode` counts.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from ...checks.arguments import integer
from ...export.tables import Tables
from ...hw.plan.plan import Plan
from ...hw.plan.widths import bits_of, parts
from ...hw.rtl.memory import RegisteredMemory
from ..words import WordPacker


def unencodable(tables: Tables) -> str:
    """Return in a sentence why a network's input can't be made on the board, or ''."""
    given = tables.input
    if given.encoding == "frames":
        return "pixels must be of an input with encoding rate or direct, not frames"
    if given.encoding == "direct":
        return "pixels must not be those of a constant input: its map is sent once already" * (
            given.constant
        )
    if given.activation.bits != 1:
        return (
            "pixels must be of an input of single spikes, not of "
            f"{given.activation.bits}-bit {given.activation.kind}s"
        )
    return ""


@dataclass(frozen=True, kw_only=True)
class PixelParameters:
    """What pixels are, and the maps that are made of them.

    Attributes
    ----------
    rows, row_bits
        Of a map; a pixel becomes a bit.
    word_bits
        Of a word of a map.
    steps
        Maps of a sample.
    maximum
        The pixel that stands for the full scale.
    """

    rows: int
    row_bits: int
    word_bits: int
    steps: int
    maximum: int

    def __post_init__(self) -> None:
        for name in ("rows", "row_bits", "word_bits", "steps", "maximum"):
            integer(f"Pixel {name}", getattr(self, name), 1, 1 << 24)

    @staticmethod
    def of(plan: Plan) -> "PixelParameters":
        """Return those of a plan's input, one of single spikes with the encoding 'rate'."""
        source = plan.stages[0].map("input")
        return PixelParameters(
            rows=source.rows,
            row_bits=source.row_bits,
            word_bits=plan.word_bits,
            steps=plan.tables.steps,
            maximum=plan.tables.input.maximum,
        )

    @property
    def pixels(self) -> int:
        """Of a sample."""
        return self.rows * self.row_bits

    @property
    def pixel_bits(self) -> int:
        """Of a pixel on the line."""
        return bits_of(self.maximum + 1)

    @property
    def sample_bytes(self) -> int:
        """Of a sample on the line: its pixels one behind the other, lowest bits first."""
        return parts(self.pixels * self.pixel_bits, 8)


class PixelEncoder(wiring.Component):
    """Take the pixels of a sample, and give the words of its maps.

    A pixel is taken in a cycle or more, and a bit of a map takes four. A sample's pixels are taken
    once the maps of the one before are through.

    Parameters
    ----------
    parameters
        Of pixels and maps.

    Members
    -------
    input : In(stream of 8 bits)
        `PixelParameters.sample_bytes` of each sample.
    output : Out(stream of `word_bits` bits)
    """

    def __init__(self, parameters: PixelParameters) -> None:
        self.parameters = parameters
        super().__init__(
            {
                "input": In(stream.Signature(8)),
                "output": Out(stream.Signature(unsigned(parameters.word_bits))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        given = self.parameters
        bits, maximum = given.pixel_bits, given.maximum
        m.submodules.memory = memory = RegisteredMemory(
            width=2 * bits, depth=given.pixels, style="block"
        )
        pixel, left = memory.read.data[:bits], memory.read.data[bits:]
        place, step = Signal(range(given.pixels)), Signal(range(given.steps))
        column, bit = Signal(range(given.row_bits)), Signal(range(given.word_bits))
        word, total = Signal(given.word_bits), Signal(bits + 1)
        waiting, count = Signal(bits + 7), Signal(range(bits + 8))  # bits that came
        m.d.comb += [
            memory.read.en.eq(1),
            memory.read.addr.eq(place),
            memory.write.addr.eq(place),
            self.output.payload.eq(word),
            total.eq(left + pixel),
        ]
        spike = total >= maximum
        last, row_ends = place == given.pixels - 1, column == given.row_bits - 1
        with m.FSM(name="encoder"):
            with m.State("fill"):
                with m.If(count >= bits):
                    m.d.comb += [
                        memory.write.en.eq(1),
                        memory.write.data.eq(Cat(waiting[:bits], Const(maximum // 2, bits))),
                    ]
                    m.d.sync += [
                        waiting.eq(waiting >> bits),
                        count.eq(count - bits),
                        place.eq(Mux(last, 0, place + 1)),
                    ]
                    with m.If(last):
                        m.d.sync += [count.eq(0), waiting.eq(0)]
                        m.next = "read"
                with m.Else():
                    m.d.comb += self.input.ready.eq(1)
                    with m.If(self.input.valid):
                        m.d.sync += [
                            waiting.eq(waiting | (self.input.payload << count)),
                            count.eq(count + 8),
                        ]
            with m.State("read"):
                m.next = "wait"
            with m.State("wait"):
                m.next = "use"
            with m.State("use"):
                m.d.comb += [
                    memory.write.en.eq(1),
                    memory.write.data.eq(Cat(pixel, Mux(spike, total - maximum, total)[:bits])),
                ]
                m.d.sync += [
                    word.bit_select(bit, 1).eq(spike),
                    column.eq(Mux(row_ends, 0, column + 1)),
                    bit.eq(Mux(row_ends | (bit == given.word_bits - 1), 0, bit + 1)),
                ]
                m.next = "read"
                with m.If(row_ends | (bit == given.word_bits - 1)):
                    m.next = "send"
                with m.Else():
                    m.d.sync += place.eq(place + 1)
            with m.State("send"):
                m.d.comb += self.output.valid.eq(1)
                with m.If(self.output.ready):
                    m.d.sync += [word.eq(0), place.eq(Mux(last, 0, place + 1))]
                    m.next = "read"
                    with m.If(last):
                        m.d.sync += step.eq(Mux(step == given.steps - 1, 0, step + 1))
                        with m.If(step == given.steps - 1):
                            m.next = "fill"
        return m


class DirectEncoder(wiring.Component):
    """Take the words of one map as bytes, and give them in every step.

    They pass as they come, and are kept for the steps behind, in which a word takes three cycles.

    Parameters
    ----------
    words, word_bits
        Of a map.
    steps
        Maps of a sample.

    Members
    -------
    input : In(stream of 8 bits)
    output : Out(stream of `word_bits` bits)
    """

    def __init__(self, *, words: int, word_bits: int, steps: int) -> None:
        self._words, self._steps, self._word_bits = words, steps, word_bits
        super().__init__(
            {
                "input": In(stream.Signature(8)),
                "output": Out(stream.Signature(unsigned(word_bits))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.packer = packer = WordPacker(self._word_bits)
        m.submodules.memory = memory = RegisteredMemory(
            width=self._word_bits, depth=self._words, style="block"
        )
        source, out = packer.output, self.output
        connect(m, flipped(self.input), packer.input)
        place, step = Signal(range(self._words)), Signal(range(self._steps))
        taken, last, ends = Signal(), Signal(), Signal()
        m.d.comb += [
            taken.eq(out.valid & out.ready),
            last.eq(place == self._words - 1),
            ends.eq(step == self._steps - 1),
            memory.read.en.eq(1),
            memory.read.addr.eq(place),
            memory.write.addr.eq(place),
            memory.write.data.eq(source.payload),
        ]
        with m.If(taken):
            m.d.sync += place.eq(Mux(last, 0, place + 1))
            with m.If(last):
                m.d.sync += step.eq(Mux(ends, 0, step + 1))
        with m.FSM(name="repeater"):
            with m.State("pass"):
                m.d.comb += [
                    out.valid.eq(source.valid),
                    out.payload.eq(source.payload),
                    source.ready.eq(out.ready),
                    memory.write.en.eq(taken),
                ]
                with m.If(taken & last & ~ends):
                    m.next = "read"
            with m.State("read"):
                m.next = "wait"
            with m.State("wait"):
                m.next = "give"
            with m.State("give"):
                m.d.comb += [out.valid.eq(1), out.payload.eq(memory.read.data)]
                with m.If(out.ready):
                    m.next = "read"
                    with m.If(last & ends):
                        m.next = "pass"
        return m


def encoder(plan: Plan) -> "PixelEncoder | DirectEncoder":
    """Return what makes the maps of a plan's input of its samples.

    Raises
    ------
    ValueError
        Where nothing does, or needs to.
    """
    if found := unencodable(plan.tables):
        raise ValueError(found)
    if plan.tables.input.encoding == "rate":
        return PixelEncoder(PixelParameters.of(plan))
    return DirectEncoder(words=plan.input_words, word_bits=plan.word_bits, steps=plan.tables.steps)
