"""Frames to the line: COBS, CRC, and those that are kept until the host has them.

A frame is made in a slot of a memory, with COBS' lengths filled in as its zeros come, so that
sending it is reading it up to the zero behind it, once or again. Answers have `SLOTS` slots in
turn, and leave them as the host says which it wants next; all else has one, and the host asks for
it again if it is lost.
"""

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.crc import catalog
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out, connect, flipped

from ...hw.rtl.memory import BlockMemory, write_signature
from .protocol import CRC_BYTES, SLOT_BYTES, SLOTS

_TURNS = range(2 * SLOTS)
MEMORY_BYTES = 2 * SLOTS * SLOT_BYTES
"""Half of it is for answers."""
_ADDRESS_BITS = (MEMORY_BYTES - 1).bit_length()
BODY_BYTE = StructLayout({"byte": 8, "last": 1})


class FrameMaker(wiring.Component):
    """Write frames from their bodies: COBS, and the CRC behind each.

    Members
    -------
    body : In(stream of `BODY_BYTE`)
    numbered, slot : In(1), In(2), static during a body
        It is an answer, and where it goes.
    length : Out(6)
        Bytes of the frame at hand, with those that COBS adds.
    idle : Out(1)
        No frame is at hand.
    made : Out(1)
        High for a cycle once one is complete.
    write : Out(write_signature)
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "body": In(stream.Signature(BODY_BYTE)),
                "numbered": In(1),
                "slot": In(range(SLOTS)),
                "length": Out(range(SLOT_BYTES)),
                "idle": Out(1),
                "made": Out(1),
                "write": Out(write_signature(_ADDRESS_BITS, 8)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.crc = crc = catalog.CRC32_ISO_HDLC(data_width=1).create()
        place, block, last = self.length, Signal.like(self.length), Signal()
        rest, bits = Signal(8), Signal(range(8))
        checks, left = Signal(), Signal(range(CRC_BYTES + 1))

        def write(at: Value, byte: Value | int) -> None:
            slot = Cat(self.slot & self.numbered.replicate(len(self.slot)), ~self.numbered)
            m.d.comb += [
                self.write.en.eq(1),
                self.write.addr.eq(Cat(at, slot)),
                self.write.data.eq(byte),
            ]

        with m.FSM(name="maker"):
            with m.State("begin"):
                m.d.comb += [crc.start.eq(1), self.idle.eq(1)]
                m.d.sync += [place.eq(1), block.eq(0), left.eq(CRC_BYTES), bits.eq(7)]
                m.d.sync += checks.eq(0)
                with m.If(self.body.valid):
                    m.next = "body"
            with m.State("body"):
                m.d.comb += self.body.ready.eq(1)
                m.d.sync += [rest.eq(self.body.payload.byte), last.eq(self.body.payload.last)]
                with m.If(self.body.valid):
                    m.next = "store"
            with m.State("store"):
                # A zero isn't written, but how far it is from the one before.
                zero = rest == 0
                write(Mux(zero, block, place), Mux(zero, place - block, rest))
                m.d.sync += place.eq(place + 1)
                with m.If(zero):
                    m.d.sync += block.eq(place)
                m.next = "feed"
                with m.If(checks):
                    m.next = "check"
                    with m.If(left == 0):
                        m.next = "block"
            with m.State("feed"):
                m.d.comb += [crc.valid.eq(1), crc.data.eq(rest[0])]
                m.d.sync += [rest.eq(rest >> 1), bits.eq(bits - 1), checks.eq(last)]
                with m.If(bits == 0):
                    m.next = "body"
                    with m.If(last):
                        m.next = "check"
            with m.State("check"):
                # Its own next bit leaves of a CRC what is behind that bit.
                m.d.comb += [crc.valid.eq(1), crc.data.eq(~crc.crc[0])]
                m.d.sync += [rest.eq(Cat(rest[1:], crc.crc[0])), bits.eq(bits - 1)]
                with m.If(bits == 0):
                    m.d.sync += left.eq(left - 1)
                    m.next = "store"
            with m.State("block"):
                write(block, place - block)
                m.next = "end"
            with m.State("end"):
                write(place, 0)
                m.d.comb += self.made.eq(1)
                m.next = "begin"
        return m


class FrameSender(wiring.Component):
    """Take frames' bodies, and put frames on the line.

    Members
    -------
    body, numbered, length, idle
        As of `FrameMaker`.
    crowded : Out(1)
        No slot is free for an answer; none may be begun.
    held : Out(1)
        The last frame that is no answer isn't on the line yet; no other may be begun.
    number : Out(8)
        Of the next answer.
    heard, wanted, again : In
        As of `FrameReceiver`: answers before `wanted` need no slot, and those from it on are sent
        once more where it says so.
    restart : In(1)
        All answers are forgotten, and what is at hand. What is on the line goes on to its end.
    bytes : Out(stream of 8 bits)
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "body": In(stream.Signature(BODY_BYTE)),
                "numbered": In(1),
                "crowded": Out(1),
                "held": Out(1),
                "number": Out(8),
                "length": Out(range(SLOT_BYTES)),
                "idle": Out(1),
                "heard": In(1),
                "wanted": In(_TURNS),
                "again": In(1),
                "restart": In(1),
                "bytes": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = BlockMemory(width=8, depth=MEMORY_BYTES, style="block")
        maker = FrameMaker()
        m.submodules.maker = ResetInserter(self.restart)(maker)
        connect(m, flipped(self.body), maker.body)
        connect(m, maker.write, memory.write)
        m.d.comb += [
            maker.numbered.eq(self.numbered),
            maker.slot.eq(self.number),
            self.length.eq(maker.length),
            self.idle.eq(maker.idle),
        ]
        base, sent = Signal(_TURNS), Signal(_TURNS)  # answers that the host has, and that were sent
        kept, unsent, asked = Signal(_TURNS), Signal(_TURNS), Signal(_TURNS)
        other = Signal()  # a frame that is no answer waits
        m.d.comb += [
            kept.eq(self.number - base),
            unsent.eq(self.number - sent),
            asked.eq(self.number - self.wanted),
            self.crowded.eq(kept == SLOTS),
        ]
        self._send(m, memory, sent, unsent, other)
        with m.If(maker.made & self.numbered):
            m.d.sync += self.number.eq(self.number + 1)
        with m.Elif(maker.made):
            m.d.sync += other.eq(1)
        with m.If(self.heard & (asked <= kept)):
            m.d.sync += base.eq(self.wanted)
            with m.If(self.again | (unsent > asked)):
                m.d.sync += sent.eq(self.wanted)
        with m.If(self.restart):
            m.d.sync += [self.number.eq(0), base.eq(0), sent.eq(0)]
        return m

    def _send(
        self, m: Module, memory: BlockMemory, sent: Signal, unsent: Signal, other: Signal
    ) -> None:
        """Put the frames that wait on the line, up to the zero behind each."""
        slot, place, ends = Signal(_TURNS), Signal(range(SLOT_BYTES)), Signal()
        m.d.comb += [
            memory.read.addr.eq(Cat(place, slot)),
            self.bytes.payload.eq(memory.read.data),
            self.held.eq(other),
        ]
        with m.FSM(name="sender"):
            with m.State("wait"):
                m.d.sync += place.eq(0)
                with m.If(other):
                    m.d.sync += slot.eq(SLOTS)
                    m.next = "read"
                with m.Elif(unsent != 0):
                    m.d.sync += [slot.eq(sent[:-1]), sent.eq(sent + 1)]
                    m.next = "read"
            with m.State("read"):
                m.d.comb += memory.read.en.eq(1)
                m.d.sync += place.eq(place + 1)
                m.next = "look"
            with m.State("look"):  # a block RAM's output takes half a cycle by itself
                m.d.sync += ends.eq(memory.read.data == 0)
                m.next = "show"
            with m.State("show"):
                m.d.comb += self.bytes.valid.eq(1)
                with m.If(self.bytes.ready):
                    m.next = "read"
                    with m.If(ends):
                        m.d.sync += other.eq(other & ~slot[-1])
                        m.next = "wait"
