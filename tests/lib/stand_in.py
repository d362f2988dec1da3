"""A stand-in for the accelerator: the same ports, and a class that depends on every word's place.

With it the boards are tested for what is theirs: bytes, words, queues and answers.
"""

from collections.abc import Sequence

from amaranth.hdl import Const, Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

CLASS_BITS = 4
ROM_WORDS = 512
ROM = [(7 * i * i + 3 * i + 1) % 65536 for i in range(ROM_WORDS)]
SEED = 0x1D0F


def predict(words: Sequence[int]) -> int:
    """Return the class of an inference."""
    return last_state(words) % (1 << CLASS_BITS)


def last_state(words: Sequence[int]) -> int:
    """Return what an inference leaves; a class's value is that XOR the class."""
    state = SEED
    for word in words:
        mixed = state ^ (word & 0xFFFF) ^ (word >> 16)
        state = ROM[mixed % ROM_WORDS] ^ (state >> 3)
    return state


class StandIn(wiring.Component):
    """An inference is `words` words; each keeps it busy for `busy_cycles` more than three.

    One that `streams` can be told to, and does what it did.
    """

    def __init__(
        self,
        *,
        word_bits: int,
        words: int,
        busy_cycles: int = 0,
        class_bits: int = CLASS_BITS,
        streams: bool = False,
    ) -> None:
        self.words, self.busy_cycles = words, busy_cycles
        output = {
            "value": unsigned(16),
            "index": unsigned(class_bits),
            "prediction": unsigned(class_bits),
            "last": 1,
        }
        super().__init__(
            {
                "input": In(stream.Signature(unsigned(word_bits))),
                "output": Out(stream.Signature(StructLayout(output))),
                "observe": Out(stream.Signature(unsigned(16))),
            }
            | ({"streaming": In(1)} if streams else {})
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.rom = rom = Memory(shape=unsigned(16), depth=ROM_WORDS, init=ROM)
        port = rom.read_port()
        state = Signal(16, init=SEED)
        taken = Signal(range(self.words + 1))
        wait = Signal(range(self.busy_cycles + 3))
        index = Signal(CLASS_BITS)
        word = self.input.payload

        m.d.comb += [
            self.output.payload.value.eq(state ^ index),
            self.output.payload.index.eq(index),
            self.output.payload.prediction.eq(state),
            self.output.payload.last.eq(index == (1 << CLASS_BITS) - 1),
            self.observe.valid.eq(self.output.valid),
            self.observe.payload.eq(state),
        ]
        high = word[16:] if len(word) > 16 else Const(0)
        m.d.comb += port.addr.eq(state ^ word[:16] ^ high)
        with m.FSM():
            with m.State("take"):
                m.d.comb += self.input.ready.eq(1)
                m.d.sync += wait.eq(self.busy_cycles)
                with m.If(self.input.valid):
                    m.d.sync += taken.eq(taken + 1)
                    m.next = "mix"
            with m.State("mix"):
                m.d.sync += state.eq(port.data ^ (state >> 3))
                m.next = "wait"
            with m.State("wait"):
                m.d.sync += wait.eq(wait - 1)
                with m.If(wait == 0):
                    m.next = "take"
                    with m.If(taken == self.words):
                        m.next = "answer"
            with m.State("answer"):
                m.d.comb += self.output.valid.eq(1)
                with m.If(self.output.ready):
                    m.d.sync += index.eq(index + 1)
                    with m.If(self.output.payload.last):
                        m.d.sync += [state.eq(SEED), taken.eq(0), index.eq(0)]
                        m.next = "take"
        return m
