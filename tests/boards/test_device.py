"""Python, a serial line, the top and the real accelerator: the classes are golden's."""

from collections import deque

import numpy as np
import pytest
from amaranth.sim import Simulator
from serial_line import FRAME_BITS, levels, read
from small_network import small_network
from somagate.boards import device as device_module
from somagate.boards.device import Device, DeviceError, connect
from somagate.boards.top import FAILURE, FRAME_ERROR, OVERRUN, Top, TopParameters
from somagate.boards.uart import UartParameters
from somagate.hw.accelerator import Accelerator
from somagate.hw.plan import Plan
from somagate.sim import golden

DIVISOR = 8
UART = UartParameters(clock_hz=DIVISOR * 1_000_000, baud=1_000_000)
DEADLINE_CYCLES = 20_000
CHUNK_CYCLES = 200


class SimulatedLine:
    """A serial port whose other end is a top with its accelerator, in the Amaranth simulator."""

    def __init__(self, plan: Plan) -> None:
        parameters = TopParameters(uart=UART, word_bits=plan.word_bits, queue_words=64)
        self.dut = Top(Accelerator(plan), parameters)
        self.cycles, self.answers = 0, 0
        self.pending: deque[int] = deque([1] * 200)
        self.tx: list[int] = []
        self.closed = False
        self.simulator = Simulator(self.dut)
        self.simulator.add_clock(1)
        self.simulator.add_testbench(self._testbench, background=True)

    async def _testbench(self, ctx):
        ctx.set(self.dut.locked, 1)
        while True:
            ctx.set(self.dut.rx, self.pending.popleft() if self.pending else 1)
            self.tx.append(ctx.get(self.dut.tx))
            await ctx.tick()

    def write(self, data: bytes) -> int:
        self.pending.extend(levels(data, DIVISOR))
        return len(data)

    def read(self, size: int = 1) -> bytes:
        deadline = self.cycles + len(self.pending) + DEADLINE_CYCLES
        while self.cycles < deadline:
            self.cycles += CHUNK_CYCLES
            self.simulator.run_until(self.cycles)
            if all(self.tx[-FRAME_BITS * DIVISOR :]):
                answers = read(self.tx, DIVISOR)
                if len(answers) > self.answers:
                    self.answers += size
                    return bytes(answers[self.answers - size : self.answers])
        return b""

    def send_break(self, duration: float) -> None:
        assert duration == device_module.BREAK_SECONDS
        self.pending.extend([0] * 25 * DIVISOR + [1] * DIVISOR)

    def reset_input_buffer(self) -> None:
        self.answers = len(read(self.tx, DIVISOR))

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("word_bits", [16, 32])
def test_a_device_predicts_what_golden_predicts(word_bits: int):
    tables = small_network()
    plan = Plan(tables=tables, lanes=4, update_lanes=2, word_bits=word_bits)
    x = (np.random.default_rng(2).random((3, 6, 2, 6, 6)) < 0.4).astype(np.int64)
    expected = golden.run(tables, x).prediction
    assert len(set(expected.tolist())) > 1
    line = SimulatedLine(plan)
    with Device(line, plan) as device:
        classes = device.predict(x)
    assert classes.dtype == np.int64 and classes.shape == (6,)
    assert classes.tolist() == expected.tolist()
    assert line.closed


class ScriptedLine:
    """A serial port that answers from a list, and notes what was done to it."""

    def __init__(self, answers: list[bytes]) -> None:
        self.answers, self.done = answers, []

    def write(self, data: bytes) -> int:
        self.done.append(data)
        return len(data)

    def read(self, size: int = 1) -> bytes:
        return self.answers.pop(0)

    def send_break(self, duration: float) -> None:
        self.done.append("break")

    def reset_input_buffer(self) -> None:
        self.done.append("flush")

    def close(self) -> None:
        self.done.append("close")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            b"",
            (
                "The board must answer in time, but sent nothing: is this bitstream on it, and is "
                "this its port?"
            ),
        ),
        (
            bytes([FAILURE | OVERRUN]),
            (
                "The board failed: words came faster than the accelerator took them: use a lower "
                "baud rate"
            ),
        ),
        (
            bytes([FAILURE | FRAME_ERROR]),
            ("The board failed: a byte arrived damaged: is the baud rate that of the bitstream?"),
        ),
    ],
)
def test_a_failure_is_named_and_the_board_restarted(answer: bytes, message: str):
    plan = Plan(tables=small_network(), lanes=4, update_lanes=2, word_bits=16)
    line = ScriptedLine([b"\x02", answer, b"\x03"])
    device = Device(line, plan)
    x = np.ones((3, 2, 2, 6, 6), np.int64)
    with pytest.raises(DeviceError) as error:
        device.predict(x)
    assert str(error.value) == message
    assert device.predict(x[:, :1]).tolist() == [3]
    words = b"\xff\x0f" * 18
    assert line.done == ["break", "flush", words, words, "break", "flush", words]


def test_connect_opens_the_port_with_the_speed_and_the_timeout(monkeypatch: pytest.MonkeyPatch):
    opened: list[tuple[object, ...]] = []
    monkeypatch.setattr(
        "serial.Serial", lambda port, baud, timeout: opened.append((port, baud, timeout))
    )
    connect("/dev/ttyUSB1", 460800, timeout_seconds=3)
    assert opened == [("/dev/ttyUSB1", 460800, 3)]
