"""A UART, 8 data bits, no parity, 1 stop bit: a receiver and a transmitter of bytes.

The receiver waits for the falling edge of a start bit, looks again half a bit later, and from
there once a bit, so every bit is read at its centre. After the nine and a half bits up to the stop
bit the two clocks may differ by almost half a bit: up to 5 % at many cycles a bit.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from ..checks.arguments import integer

DIVISOR_MIN = 8
"""Cycles a bit, at least: the fastest line is an eighth of the clock."""
_ERROR_MAX = 0.02
BAUD = 115200
"""Of a line, where nothing else is said."""
BYTES = stream.Signature(8, always_ready=True)
"""Bytes from a line, which can't be held up."""
FRAME_BITS = 10
"""Bits of a byte on the line: start, eight data bits with the lowest first, stop."""


@dataclass(frozen=True, kw_only=True)
class UartParameters:
    """The line's speed, in cycles of our clock.

    Attributes
    ----------
    clock_hz
        The clock of the gateware, in Hz.
    baud
        Bits a second on the line.

    Raises
    ------
    ValueError
        If a bit is under eight cycles, or the nearest speed is more than 2 % away from `baud`.
    """

    clock_hz: int
    baud: int = BAUD

    def __post_init__(self) -> None:
        integer("UART clock_hz", self.clock_hz, 1, 10**9)
        integer("UART baud", self.baud, 1, 10**8)
        if self.divisor < DIVISOR_MIN:
            raise ValueError(
                f"UART baud must be at most an eighth of the clock, {self.clock_hz // 8} baud at "
                f"{self.clock_hz} Hz, not {self.baud}"
            )
        if abs(self.error) > _ERROR_MAX:
            raise ValueError(
                f"UART baud must be within 2 % of a speed that divides the clock, not {self.baud} "
                f"at {self.clock_hz} Hz: the nearest is {self.clock_hz / self.divisor:.0f} "
                f"({self.error:+.1%})"
            )

    @property
    def divisor(self) -> int:
        """Cycles a bit."""
        return (2 * self.clock_hz + self.baud) // (2 * self.baud)

    @property
    def error(self) -> float:
        """How much faster our bits are than the line's, as a ratio."""
        return self.clock_hz / self.divisor / self.baud - 1

    @property
    def byte_cycles(self) -> int:
        """Cycles from one byte to the next when they follow one another without a gap."""
        return FRAME_BITS * self.divisor

    @property
    def receive_cycles(self) -> int:
        """Latency of the receiver: from a falling `rx` to the cycle its byte is `valid`."""
        return (FRAME_BITS - 1) * self.divisor + self.divisor // 2 + 3


class UartReceiver(wiring.Component):
    """Bytes from a line.

    A byte whose stop bit is low is dropped. Latency: `UartParameters.receive_cycles`.

    Parameters
    ----------
    parameters
        The line's speed.

    Members
    -------
    rx : In(1)
        The line, idle high; it may be asynchronous.
    output : Out(BYTES)
        Bytes.
    """

    def __init__(self, parameters: UartParameters) -> None:
        self.parameters = parameters
        super().__init__(
            {
                "rx": In(1, init=1),
                "output": Out(BYTES),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        divisor = self.parameters.divisor
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)

        timer = Signal(range(divisor))
        bits = Signal(range(FRAME_BITS + 1))
        data = self.output.payload
        centre = Signal()
        m.d.comb += centre.eq(timer == 0)
        m.d.sync += self.output.valid.eq(0)
        m.d.sync += timer.eq(timer - 1)
        with m.If(centre):
            m.d.sync += [timer.eq(divisor - 1), bits.eq(bits + 1)]

        with m.FSM():
            with m.State("idle"), m.If(~line):
                m.d.sync += [timer.eq(divisor // 2 - 1), bits.eq(0)]
                m.next = "start"
            with m.State("start"), m.If(centre):
                m.d.sync += bits.eq(0)
                with m.If(line):
                    m.next = "idle"
                with m.Else():
                    m.next = "data"
            with m.State("data"), m.If(centre):
                m.d.sync += data.eq(Cat(data[1:], line))
                with m.If(bits == 7):
                    m.next = "stop"
            with m.State("stop"), m.If(centre):
                m.d.sync += [bits.eq(0), self.output.valid.eq(line)]
                with m.If(line):
                    m.next = "idle"
                with m.Else():
                    m.next = "low"
            with m.State("low"), m.If(line):
                m.next = "idle"
        return m


class UartTransmitter(wiring.Component):
    """Bytes onto a line.

    One byte every `UartParameters.byte_cycles` when they are offered in time. The start bit is on
    the line in the cycle after the transfer.

    Parameters
    ----------
    parameters
        The line's speed.

    Members
    -------
    input : In(stream of 8 bits)
        Bytes.
    tx : Out(1)
        The line, idle high, straight from a register.
    """

    def __init__(self, parameters: UartParameters) -> None:
        self.parameters = parameters
        super().__init__({"input": In(stream.Signature(8)), "tx": Out(1, init=1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        divisor = self.parameters.divisor
        timer = Signal(range(divisor))
        bits = Signal(range(FRAME_BITS))
        rest = Signal(9, init=0x1FF)

        last_cycle = Signal()
        m.d.comb += last_cycle.eq(timer == 0)
        m.d.comb += self.input.ready.eq(last_cycle & (bits == 0))
        with m.If(~last_cycle):
            m.d.sync += timer.eq(timer - 1)
        with m.Elif(bits != 0):
            m.d.sync += [
                timer.eq(divisor - 1),
                bits.eq(bits - 1),
                Cat(self.tx, rest).eq(Cat(rest, 1)),
            ]
        with m.Elif(self.input.valid):
            m.d.sync += [
                timer.eq(divisor - 1),
                bits.eq(FRAME_BITS - 1),
                self.tx.eq(0),
                rest.eq(Cat(self.input.payload, 1)),
            ]
        return m
