"""Frames from the line: COBS undone, checked, in order, and kept until they can be seen to.

A frame is written behind those that wait, byte by byte as it comes, and only its end makes it one
of them: where its CRC is wrong, its number isn't the next, or there is no room, what was written is
forgotten. So nothing of a damaged frame is ever acted on, and a frame's end is where the next one
starts, whatever came before.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.crc import catalog
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from ...hw.rtl.memory import BlockMemory
from ..uart import BYTES
from .protocol import CRC_BYTES, HEADER_BYTES, SLOTS, Command

LEAST_BYTES = HEADER_BYTES + CRC_BYTES

FRAME_BYTE = StructLayout({"byte": 8, "first": 1, "last": 1})
"""A byte of a frame from its command on."""


class FrameReceiver(wiring.Component):
    """Take bytes from the line, and give the frames that arrived whole and in order.

    A byte must not come sooner than 12 cycles after the one before.

    Until one starts anew, all others are out of order.

    Parameters
    ----------
    buffer_bytes
        Of frames that wait; a power of two.

    Members
    -------
    bytes : In(BYTES)
    frames : Out(stream of `FRAME_BYTE`)
    expected : Out(8)
        The number of the next frame.
    heard : Out(1)
        High for a cycle at the end of each whole frame. The following belong to it.
    wanted, again : Out(3), Out(1)
        The answer that the host wants next, and whether from there on all once more.
    hello : Out(1)
        It is one that starts anew.
    greeted : Out(1)
        There was one that did.
    disordered, crowded : Out(1)
        It was dropped for its number, or for want of room.
    damaged : Out(1)
        High for a cycle at the end of each frame that isn't whole.
    """

    def __init__(self, buffer_bytes: int) -> None:
        self.buffer_bytes = buffer_bytes
        super().__init__(
            {
                "bytes": In(BYTES),
                "frames": Out(stream.Signature(FRAME_BYTE)),
                "expected": Out(8),
                "heard": Out(1),
                "wanted": Out(range(2 * SLOTS)),
                "again": Out(1),
                "hello": Out(1),
                "greeted": Out(1),
                "disordered": Out(1),
                "crowded": Out(1),
                "damaged": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = BlockMemory(width=8, depth=self.buffer_bytes, style="block")
        # What waits lies between `read` and `end`; the frame at hand from `end` on, up to `place`,
        # behind a byte that says where it ends: it is written last, once `end` has moved on.
        read, end = Signal(range(self.buffer_bytes)), Signal(range(self.buffer_bytes))
        place = Signal(range(self.buffer_bytes))
        byte, fresh, finished = Signal(8), Signal(), Signal()
        matches = self._decode(m, byte, fresh, finished)
        anew = self.heard & self.hello

        index, full = Signal(range(LEAST_BYTES + 1)), Signal()  # up to the shortest frame's bytes
        settles, stored = Signal(), Signal()
        mine, free, poll = Signal(), Signal(), Signal()
        m.d.comb += [
            free.eq((place != read) & ~full),
            self.heard.eq(finished & matches & (index == LEAST_BYTES)),
            self.damaged.eq(finished & ~self.heard & (index != 0)),
            self.disordered.eq(~mine & ~self.hello & ~poll),
            self.crowded.eq(full & ~self.disordered & ~self.hello & ~poll),
            memory.write.addr.eq(place),
            memory.write.data.eq(Mux(settles, end[:8], byte)),
        ]
        with m.If(fresh):
            with m.Switch(index):
                with m.Case(0):
                    m.d.sync += mine.eq(self.greeted & (byte == self.expected))
                with m.Case(1):
                    m.d.sync += self.wanted.eq(byte)
                with m.Case(2):
                    m.d.sync += [
                        self.hello.eq(byte[:7] == Command.HELLO),
                        poll.eq(byte[:7] == Command.POLL),
                        self.again.eq(byte[7]),
                    ]
            with m.If(index != LEAST_BYTES):
                m.d.sync += index.eq(index + 1)
            with m.If(index[1:] != 0):
                m.d.comb += memory.write.en.eq(free)
                m.d.sync += full.eq(~free)
        moves = fresh & (index != 0) & (free | ~index[1:].any())
        m.d.sync += [settles.eq(finished), stored.eq(0)]
        with m.If(settles):
            m.d.comb += memory.write.en.eq(stored)
        back = finished | settles
        # What is added where `end` is taken makes adding and choosing one cell a bit on iCE40.
        step = Cat(moves | back, back.replicate(len(place) - 1))
        m.d.sync += place.eq(Mux(back, end, place + step))
        with m.If(finished):
            m.d.sync += [full.eq(0), index.eq(0)]
            with m.If(self.heard & ~self.disordered & ~self.crowded & ~poll):
                m.d.sync += self.expected.eq(Mux(self.hello, 0, self.expected + 1))
                with m.If(~self.hello):
                    m.d.sync += [end.eq(place - CRC_BYTES), stored.eq(1)]
        with m.If(anew):
            m.d.sync += [end.eq(0), self.greeted.eq(1)]
        self._give(m, memory, read, (read != end) & ~stored, anew)
        return m

    def _decode(self, m: Module, byte: Signal, fresh: Signal, finished: Signal) -> Signal:
        """Undo COBS: a `byte` that is `fresh`, and the end; return whether the CRC is right.

        A block's first byte says where the next zero is, which is the block behind it. A byte that
        isn't fresh any more is on its way through the CRC.
        """
        m.submodules.crc = crc = catalog.CRC32_ISO_HDLC(data_width=1).create()
        left, started, whole = Signal(8, init=1), Signal(), Signal()
        bits = Signal(range(9))
        coming, inside, ended, good = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            coming.eq(self.bytes.valid),
            inside.eq(left != 1),
            crc.data.eq(byte[0]),
            crc.valid.eq(bits != 0),
        ]
        m.d.sync += [
            fresh.eq(0),
            ended.eq(0),
            finished.eq(ended),
            good.eq(crc.match_detected & whole),
        ]
        with m.If(crc.valid):
            m.d.sync += [byte.eq(byte >> 1), bits.eq(bits - 1)]
        with m.If(coming):
            with m.If(self.bytes.payload == 0):
                m.d.sync += [ended.eq(1), whole.eq(~inside), left.eq(1), started.eq(0)]
            with m.Else():
                value = Mux(inside, self.bytes.payload, 0)
                less = left + inside.replicate(8)
                m.d.sync += [left.eq(Mux(inside, less, self.bytes.payload)), started.eq(1)]
                with m.If(inside | started):
                    m.d.sync += [byte.eq(value), fresh.eq(1), bits.eq(8)]
        with m.If(finished):
            m.d.comb += crc.start.eq(1)
        return good

    def _give(
        self, m: Module, memory: BlockMemory, read: Signal, waits: Value, anew: Value
    ) -> None:
        """Give the frames that wait, byte by byte, up to one that starts anew."""
        stop, first = Signal(8), Signal()
        out = self.frames
        m.d.comb += [
            memory.read.addr.eq(read),
            out.payload.byte.eq(memory.read.data),
            out.payload.first.eq(first),
            out.payload.last.eq(read[:8] == stop),
        ]
        with m.FSM(name="reader"):
            with m.State("wait"):
                m.d.comb += memory.read.en.eq(1)
                with m.If(waits & ~anew):
                    m.d.sync += read.eq(read + 1)
                    m.next = "stop"
            with m.State("stop"):
                m.d.comb += memory.read.en.eq(1)
                m.d.sync += [stop.eq(memory.read.data), first.eq(1), read.eq(read + 1)]
                m.next = "byte"
                with m.If(anew):
                    m.next = "wait"
            with m.State("byte"):
                m.d.comb += out.valid.eq(1)
                with m.If(out.ready):
                    m.d.comb += memory.read.en.eq(1)
                    m.d.sync += first.eq(0)
                    with m.If(out.payload.last):
                        m.next = "wait"
                    with m.Else():
                        m.d.sync += read.eq(read + 1)
                with m.If(anew):
                    m.next = "wait"
        with m.If(anew):
            m.d.sync += read.eq(0)
