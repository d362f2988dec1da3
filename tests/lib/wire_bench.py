"""A board's top with a stand-in for its accelerator, in Verilator, and the model of its rules."""

import random
from collections.abc import Iterator

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from board_model import BoardModel
from somagate.boards.core import TopParameters
from somagate.boards.top import Top
from somagate.boards.uart import UartParameters
from somagate.boards.wire.protocol import AGAIN, Command, Extra
from somagate.host.frames import END, checked
from somagate.host.virtual_board import Simulation
from somagate.toolchain.verilog import convert
from stand_in import CLASS_BITS, StandIn, last_state, predict

WORDS, WORD_BITS, DIVISOR = 6, 16, 8
QUIET_CYCLES = 3000
"""Longer than it takes the board to say the next frame."""
INFERENCE_BYTES = WORDS * WORD_BITS // 8
LINE = TopParameters(
    uart=UartParameters(clock_hz=DIVISOR * 1_000_000, baud=1_000_000),
    word_bits=WORD_BITS,
    buffer_bytes=512,
    extras=Extra.STREAM,
)


class Pinned(wiring.Component):
    """A top whose clock is always stable."""

    def __init__(self, top: Top) -> None:
        self._top = top
        super().__init__({"rx": In(1), "tx": Out(1), "busy": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.top = top = self._top
        m.d.comb += [
            top.locked.eq(1), top.rx.eq(self.rx), self.tx.eq(top.tx), self.busy.eq(top.busy),
        ]  # fmt: skip
        return m


def infer(data: bytes) -> list[bytes]:
    """Return the answer of the stand-in to the words of an inference."""
    size = WORD_BITS // 8
    words = [int.from_bytes(data[i : i + size], "little") for i in range(0, len(data), size)]
    values = [last_state(words) ^ index for index in range(1 << CLASS_BITS)]
    return [b"".join(value.to_bytes(2, "little") for value in values) + bytes([predict(words)])]


class Board:
    """The gates: bytes in, and all that comes of them."""

    def __init__(self) -> None:
        self.top = Top(StandIn(word_bits=WORD_BITS, words=WORDS, streams=True), LINE)
        verilog = convert(Pinned(self.top), name="pinned")
        self._simulation = Simulation(verilog, "pinned", DIVISOR)
        self._simulation.run(1000, 1000)  # until it has started

    def take(self, data: bytes) -> list[bytes]:
        """Return the frames that come of bytes, without their ends."""
        self._simulation.send(data)
        came = b""
        while self._simulation.waiting:
            came += self._simulation.run(QUIET_CYCLES, QUIET_CYCLES)
        while more := self._simulation.run(QUIET_CYCLES, QUIET_CYCLES):
            came += more
        *frames, rest = came.split(END)
        assert rest == b""
        return frames

    def model(self) -> BoardModel:
        """Return the rules of the same board."""
        return BoardModel(
            self.top.core.description, bytes(64), INFERENCE_BYTES, infer, modes=Extra.STREAM
        )


def frames(rng: random.Random) -> Iterator[bytes]:
    """Yield what a careless host sends: frames of all commands, right, wrong, cut and damaged."""
    expected = wanted = 0
    while True:
        command = rng.choice(
            [*Command, Command.INPUT, Command.INPUT, Command.INPUT, rng.randrange(128)]
        )
        if command == Command.HELLO and rng.random() < 0.7:
            command = Command.INPUT
        number = expected if rng.random() < 0.8 else rng.randrange(256)
        if command == Command.MODE and rng.random() < 0.5:
            command = Command.HELLO  # before it, a mode is mostly too late
        payload = rng.randbytes(rng.choice([0, 1, 2, 12, 24, rng.randrange(240)]))
        if rng.random() < 0.3:
            payload = bytes(len(payload))
        again = AGAIN if rng.random() < 0.2 else 0
        if rng.random() < 0.5:
            wanted += rng.randrange(4)
        body = bytes(
            [number, (wanted if rng.random() < 0.9 else rng.randrange(256)) % 256, command | again]
        )
        whole = checked((body + payload)[: rng.choice([999, 999, 999, 999, 0, 1, 2, 3, 4])])[:-1]
        fault = rng.random()
        if fault < 0.1:
            place = rng.randrange(len(whole))
            whole = (
                whole[:place] + bytes([whole[place] ^ 1 << rng.randrange(8)]) + whole[place + 1 :]
            )
        elif fault < 0.15:
            whole = whole[: rng.randrange(len(whole))]
        elif fault < 0.2:
            whole += rng.randbytes(rng.randrange(1, 40))
        elif fault < 0.22:
            whole = rng.randbytes(rng.randrange(1, 600))
        taken = (
            fault >= 0.22 and number == expected and command not in (Command.HELLO, Command.POLL)
        )
        expected = 0 if command == Command.HELLO and fault >= 0.22 else (expected + taken) % 256
        yield whole + END
