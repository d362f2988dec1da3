"""Commands on the serial line of an accelerator whose tables can be loaded.

After a break, or after the answer to a command, the host sends one byte:

- `RUN`: everything that follows, up to the next break, is the words of inferences.
- `LOAD`: then come the words of `hw.plan.loading.words`, four bytes each with the lowest first,
  `END_WORD`, and the CRC-32 of all bytes since the command. The answer is `DONE`. Until
  then the board holds no tables.
- `IDENTIFY`: the answer is 65 bytes: the SHA-256 of the accelerator's shape, that of the tables
  that were loaded last, and 1 if all of them are there, otherwise 0.

A failure is answered as any other is: one byte, and then nothing up to the next break.
"""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.crc import catalog
from amaranth.lib.wiring import In, Out, connect, flipped

from ..hw.plan.loadable import ADDRESS_BITS, END, IDENTITY, WORD_BITS
from ..hw.rtl.memory import RegisteredMemory, read_signature
from .words import WordPacker

RUN, LOAD, IDENTIFY = b"R", b"L", b"I"
DONE = 0x00
"""The answer when all is well; a failure has the highest bit set."""

NOT_LOADED = 0x04
"""`RUN`, but no tables are there."""
CHECKSUM = 0x08
"""The CRC-32 of what was loaded is wrong."""
NO_MEMORY = 0x10
"""What was loaded names a memory that the accelerator does not have, or of another size."""
NO_COMMAND = 0x20
"""The first byte is no command."""

IDENTITY_BYTES = 2 * IDENTITY.depth
END_WORD = END << ADDRESS_BITS


class Commands(wiring.Component):
    """Take commands from the line and see to them, all but inferences.

    Parameters
    ----------
    loaded
        Whether the bitstream holds tables from the start.

    Members
    -------
    bytes : In(stream of 8 bits), from the line
    inference : Out(stream of 8 bits), what follows `RUN`
    config : Out(stream of 32 bits), what follows `LOAD`
    refused, finished : In(1), as of `somagate.hw.rtl.configurator.Configurator`
    identity : Out(read_signature), as of `somagate.hw.rtl.accelerator.Accelerator`
    answers : Out(stream of 8 bits), to the line
    failure : Out(8), the reasons of a failure, in the cycle in which it happens
    idle, runs : Out(1), waits for a command, or for words of inferences

    Attributes
    ----------
    loaded
        Tables are there; a reset keeps it.
    """

    def __init__(self, *, loaded: bool) -> None:
        byte = stream.Signature(8)
        super().__init__(
            {
                "bytes": In(byte),
                "inference": Out(byte),
                "config": Out(stream.Signature(unsigned(WORD_BITS))),
                "refused": In(1),
                "finished": In(1),
                "identity": Out(read_signature(6, IDENTITY.width)),
                "answers": Out(byte),
                "failure": Out(8),
                "idle": Out(1),
                "runs": Out(1),
            }
        )
        self.loaded = Signal(init=loaded, reset_less=True)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.packer = packer = WordPacker(WORD_BITS)
        m.submodules.crc = crc = catalog.CRC32_ISO_HDLC(data_width=1).create()
        connect(m, packer.output, flipped(self.config))
        data = self.bytes.payload

        # The checksum takes a bit a cycle, the line many cycles a byte.
        rest, left = Signal(8), Signal(range(9))
        m.d.comb += [crc.data.eq(rest[0]), crc.valid.eq(left != 0), packer.input.payload.eq(data)]
        with m.If(crc.valid):
            m.d.sync += [rest.eq(rest >> 1), left.eq(left - 1)]

        count = Signal(range(IDENTITY_BYTES + 1))
        wait = Signal(range(RegisteredMemory.latency + 1))
        m.d.comb += [
            self.inference.payload.eq(data),
            self.identity.en.eq(1),
            self.identity.addr.eq(count),
        ]
        with m.FSM():
            with m.State("command"):
                m.d.comb += [self.idle.eq(1), self.bytes.ready.eq(1), crc.start.eq(1)]
                with m.If(self.bytes.valid), m.Switch(data):
                    with m.Case(ord(RUN)):
                        m.d.comb += self.failure.eq(NOT_LOADED * ~self.loaded)
                        m.next = "run"
                    with m.Case(ord(LOAD)):
                        m.d.sync += self.loaded.eq(0)
                        m.next = "load"
                    with m.Case(ord(IDENTIFY)):
                        m.next = "read"
                    with m.Default():
                        m.d.comb += self.failure.eq(NO_COMMAND)
            with m.State("run"):
                m.d.comb += [
                    self.runs.eq(1),
                    self.inference.valid.eq(self.bytes.valid),
                    self.bytes.ready.eq(self.inference.ready),
                ]
            with m.State("load"):
                m.d.comb += [
                    self.bytes.ready.eq((left == 0) & packer.input.ready),
                    packer.input.valid.eq(self.bytes.valid & (left == 0)),
                    self.failure.eq(NO_MEMORY * self.refused),
                ]
                with m.If(self.bytes.valid & self.bytes.ready):
                    m.d.sync += [rest.eq(data), left.eq(8)]
                with m.If(self.finished):
                    m.next = "check"
            with m.State("check"):
                with m.If((left == 0) & crc.match_detected):
                    m.d.sync += self.loaded.eq(1)
                    m.next = "done"
                with m.Elif(left == 0):
                    m.d.comb += self.failure.eq(CHECKSUM)
            with m.State("done"):
                m.d.comb += [self.answers.valid.eq(1), self.answers.payload.eq(DONE)]
                with m.If(self.answers.ready):
                    m.next = "command"
            with m.State("read"):
                m.d.sync += wait.eq(wait + 1)
                with m.If(wait == RegisteredMemory.latency):
                    m.d.sync += wait.eq(0)
                    m.next = "send"
            with m.State("send"):
                m.d.comb += [self.answers.valid.eq(1), self.answers.payload.eq(self.identity.data)]
                with m.If(count == IDENTITY_BYTES):
                    m.d.comb += self.answers.payload.eq(self.loaded)
                with m.If(self.answers.ready):
                    m.d.sync += count.eq(count + 1)
                    m.next = "read"
                    with m.If(count == IDENTITY_BYTES):
                        m.d.sync += count.eq(0)
                        m.next = "command"
        return m
