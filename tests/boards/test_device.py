"""Python, a serial line, the top and the real accelerator: the classes are golden's."""

import zlib
from collections import deque
from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator
from plans import network
from refusal import refused
from serial_line import FRAME_BITS, levels, read
from small_network import small_network
from somagate.boards import device as device_module
from somagate.boards.commands import CHECKSUM, NO_COMMAND, NO_MEMORY
from somagate.boards.device import Device, DeviceError, DeviceIdentity, connect
from somagate.boards.top import FAILURE, FRAME_ERROR, OVERRUN, Top, TopParameters
from somagate.boards.uart import UartParameters
from somagate.hw.plan.identity import shape_sha256
from somagate.hw.plan.loading import LoadError, words
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.rtl.accelerator import Accelerator
from somagate.sim.golden import golden

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
        self.closed, self.busy = False, 0
        self.simulator = Simulator(self.dut)
        self.simulator.add_clock(1)
        self.simulator.add_testbench(self._testbench, background=True)

    async def _testbench(self, ctx):
        ctx.set(self.dut.locked, 1)
        while True:
            ctx.set(self.dut.rx, self.pending.popleft() if self.pending else 1)
            self.tx.append(ctx.get(self.dut.tx))
            self.busy = ctx.get(self.dut.busy)
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
    plan = Plan.single(tables, lanes=4, update_lanes=2, word_bits=word_bits)
    x = (np.random.default_rng(2).random((3, 6, 2, 6, 6)) < 0.4).astype(np.int64)[:, :3]
    expected = golden.run(tables, x).prediction
    assert len(set(expected.tolist())) > 1
    line = SimulatedLine(plan)
    with Device(line, plan) as device:
        classes = device.predict(x)
    assert classes.dtype == np.int64 and classes.shape == (3,)
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
    plan = Plan.single(small_network(), lanes=4, update_lanes=2, word_bits=16)
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


# Tables that are loaded.


def loadable_plan(**numbers: Any) -> Plan:
    """Return a plan whose weights must be loaded, small enough for serial bits."""
    shape = StageShape(layers=2, lanes=4, update_lanes=2, weight_memory="spram")
    return Plan(**{"tables": BASE, "word_bits": 8, "loadable": True, "shapes": (shape,)} | numbers)


BASE = network((4,), [4], classes=3, seed=4)
OTHER = network((4,), [2], classes=3, seed=22, steps=1)
X = (np.random.default_rng(2).random((2, 6, 4)) < 0.5).astype(np.int64)


def test_a_board_without_tables_fails_by_name_and_then_runs_what_is_loaded():
    plan = loadable_plan()
    line = SimulatedLine(plan)
    told: list[tuple[int, int]] = []
    with Device(line, plan) as device:
        shape = shape_sha256(plan)
        assert device.identify() == DeviceIdentity(shape=shape, tables="")
        with pytest.raises(DeviceError, match="The board failed: no tables are loaded: load them"):
            device.predict(X)
        device.load(OTHER, progress=lambda *step: told.append(step))
        assert told == [(told[0][1], told[0][1])]
        assert device.identify() == DeviceIdentity(shape=shape, tables=OTHER.sha256)
        expected = golden.run(OTHER, X[:1]).prediction.tolist()
        assert device.predict(X[:1]).tolist() == expected and len(set(expected)) > 1
        # A restart keeps the tables, masks and time steps too.
        device.restart()
        assert device.predict(X[:1, :2]).tolist() == expected[:2]
    with (
        Device(line, plan) as unaware,
        pytest.raises(DeviceError) as error,
    ):
        unaware.predict(X)
    assert str(error.value) == (
        f"The board must run tables {BASE.sha256[:12]}, not {OTHER.sha256[:12]}: load them, or "
        "say which are loaded"
    )
    assert Device(line, plan, OTHER).predict(X[:1, :1]).tolist() == expected[:1]
    # Steps beyond those of the tables would be cut off, missing ones waited for.
    with refused(ValueError, "x must have 1 steps on its first axis, not shape (2, 6, 4)"):
        Device(line, plan, OTHER).predict(X)


def said(plan: Plan, tables: str, loaded: bool) -> bytes:
    return bytes.fromhex(shape_sha256(plan) + tables) + bytes([loaded])


def test_load_sends_the_words_and_their_checksum():
    plan = loadable_plan()
    line = ScriptedLine([said(plan, BASE.sha256, False), b"\0"])
    Device(line, plan).load(OTHER)
    sent = b"".join(part for part in line.done if isinstance(part, bytes))
    data = b"".join(word.to_bytes(4, "little") for word in [*words(plan, OTHER), 255 << 24])
    assert sent == b"IL" + data + zlib.crc32(data).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (CHECKSUM, "The board failed: what was loaded arrived damaged: load it again"),
        (
            NO_MEMORY,
            "The board failed: what was loaded is for memories that this bitstream does not have",
        ),
        (
            NO_COMMAND,
            "The board failed: it does not know the command: is this bitstream on it?",
        ),
        (
            None,
            (
                "The board must answer in time, but sent nothing: is this bitstream on it, and is "
                "this its port?"
            ),
        ),
    ],
)
def test_a_load_that_fails_is_named(answer: int | None, message: str):
    plan = loadable_plan()
    last = b"" if answer is None else bytes([FAILURE | answer])
    line = ScriptedLine([said(plan, BASE.sha256, False), last])
    with pytest.raises(DeviceError) as error:
        Device(line, plan).load(BASE)
    assert str(error.value) == message
    assert line.done[-2:] == ["break", "flush"]


def test_a_bitstream_of_another_shape_is_refused_before_anything_is_sent():
    plan, other = loadable_plan(), loadable_plan(word_bits=16)
    line = ScriptedLine([said(other, BASE.sha256, True)])
    with pytest.raises(DeviceError) as error:
        Device(line, plan).load(BASE)
    assert str(error.value) == (
        f"The board's shape must be {shape_sha256(plan)[:12]} for tables {BASE.sha256[:12]}, "
        f"not {shape_sha256(other)[:12]}: its bitstream was built from another plan"
    )
    assert line.done[-1] == b"I"


@pytest.mark.parametrize("answer", [b"\0" * 64, b"\xff" * 64], ids=["zeros", "ones"])
def test_an_answer_that_is_cut_short_is_named(answer: bytes):
    """Whatever hash it starts with, which may look like a failure."""
    plan = loadable_plan()
    with pytest.raises(DeviceError) as error:
        Device(ScriptedLine([answer]), plan).identify()
    assert str(error.value) == (
        "The board must answer in time, but sent only 64 bytes: is this bitstream on it, and is "
        "this its port?"
    )


def test_tables_that_do_not_fit_are_refused_before_anything_is_sent():
    plan = loadable_plan(loadable=False)
    line = ScriptedLine([])
    with pytest.raises(LoadError):
        Device(line, plan).load(OTHER)
    with pytest.raises(LoadError):
        Device(line, plan, OTHER)
    assert line.done == ["break", "flush"]


def test_a_plain_bitstream_does_not_say_what_it_is():
    plan = Plan.single(BASE, word_bits=8)
    with pytest.raises(DeviceError) as error:
        Device(ScriptedLine([]), plan).identify()
    assert str(error.value) == "Plan loadable must be True for a board to say what it runs"


def test_a_board_is_busy_while_it_sees_to_a_command():
    tables = network((1,), [], classes=2)
    line = SimulatedLine(Plan.single(tables, word_bits=8, loadable=True))

    def busy_after(data: bytes, cycles: int = 20) -> int:
        line.write(data)
        line.cycles += len(line.pending) + cycles
        line.simulator.run_until(line.cycles)
        return line.busy

    # Its memories are block RAM, so it can run from the start, but waits for the first byte.
    assert busy_after(b"", 200) == busy_after(b"R") == 0
    assert busy_after(b"\1") == 1
    line.send_break(device_module.BREAK_SECONDS)
    assert busy_after(b"") == 0
    assert busy_after(b"I") == 1
    assert busy_after(b"", 66 * 10 * DIVISOR) == 0
    assert busy_after(b"L") == busy_after(b"\0") == 1
    # A header of a memory of another size is a failure, and all is over.
    assert busy_after(b"\0" * 3, 20 * DIVISOR) == 0
