"""The UART agrees with a line written and read by other code, whatever its clock and its gaps."""

import random
from dataclasses import dataclass, field

import pytest
from amaranth.sim import Simulator
from serial_line import levels, read
from somagate.boards.uart import UartParameters, UartReceiver, UartTransmitter

ALL_BYTES = [0x00, 0xFF, 0x55, 0xAA, 0x01, 0x80, 0x7E, 0x0D]


def parameters(divisor: int) -> UartParameters:
    return UartParameters(clock_hz=divisor * 100_000, baud=100_000)


@dataclass
class Heard:
    """What a receiver said: (cycle, byte) of every transfer."""

    transfers: list[tuple[int, int]] = field(default_factory=list)

    @property
    def data(self) -> list[int]:
        return [byte for _, byte in self.transfers]


def listen(divisor: int, line: list[int]) -> Heard:
    """Drive a receiver with `line` cycle by cycle."""
    dut = UartReceiver(parameters(divisor))
    heard = Heard()

    async def testbench(ctx):
        for cycle, level in enumerate(line):
            ctx.set(dut.rx, level)
            if ctx.get(dut.output.valid):
                heard.transfers.append((cycle, ctx.get(dut.output.payload)))
            await ctx.tick()

    sim = Simulator(dut)
    sim.add_clock(1e-6)
    sim.add_testbench(testbench)
    sim.run()
    return heard


@pytest.mark.parametrize("divisor", [8, 9, 16, 26, 208])
@pytest.mark.parametrize("mismatch", [-0.02, -0.01, 0, 0.01, 0.02])
def test_receiver_reads_bytes_back_to_back_from_a_clock_2_percent_off(divisor, mismatch):
    heard = listen(divisor, levels(ALL_BYTES, divisor * (1 + mismatch)))
    assert heard.data == ALL_BYTES


@pytest.mark.parametrize("mismatch", [-0.02, 0, 0.02])
def test_receiver_reads_bytes_after_random_gaps(mismatch):
    rng = random.Random(1)
    data = [rng.randrange(256) for _ in range(60)]
    gaps = [rng.choice([0, 0.3, 1, 2.7, 11]) for _ in data]
    assert listen(13, levels(data, 13 * (1 + mismatch), gaps)).data == data


@pytest.mark.parametrize("divisor", [8, 13, 208])
def test_receiver_latency(divisor):
    heard = listen(divisor, levels([0xA5], divisor))
    assert heard.transfers == [(parameters(divisor).receive_cycles, 0xA5)]


def test_receiver_drops_a_byte_with_a_low_stop_bit_and_reads_the_next():
    bad = levels([0x3C], 10)
    bad[90:100] = [0] * 10
    heard = listen(10, bad + levels([0x5A], 10))
    assert heard.data == [0x5A]


def test_receiver_reads_on_behind_a_line_that_was_low_for_long():
    heard = listen(10, [1] * 5 + [0] * 300 + levels([0x5A], 10, [2]))
    assert heard.data == [0x5A]
    assert listen(8, [0] * 400).data == []


def test_receiver_ignores_a_pulse_under_half_a_bit():
    heard = listen(20, [1] * 10 + [0] * 9 + [1] * 30 + levels([0x81], 20))
    assert heard.data == [0x81]


def speak(divisor: int, data: list[int], waits: list[int]) -> tuple[list[int], list[int]]:
    """Offer each byte after its wait; return the line, and the cycle of each transfer."""
    dut = UartTransmitter(parameters(divisor))
    line: list[int] = []
    transfers: list[int] = []

    async def testbench(ctx):
        async def tick():
            line.append(ctx.get(dut.tx))
            await ctx.tick()

        for byte, wait in zip(data, waits, strict=True):
            for _ in range(wait):
                await tick()
            ctx.set(dut.input.valid, 1)
            ctx.set(dut.input.payload, byte)
            while not ctx.get(dut.input.ready):
                await tick()
            transfers.append(len(line))
            await tick()
            ctx.set(dut.input.valid, 0)
            ctx.set(dut.input.payload, 0)
        for _ in range(12 * divisor):
            await tick()

    sim = Simulator(dut)
    sim.add_clock(1e-6)
    sim.add_testbench(testbench)
    sim.run()
    return line, transfers


@pytest.mark.parametrize("divisor", [8, 9, 104])
def test_transmitter_sends_bytes_back_to_back(divisor):
    line, transfers = speak(divisor, ALL_BYTES, [0] * len(ALL_BYTES))
    assert read(line, divisor) == ALL_BYTES
    assert line[0] == 1 and line[1] == 0
    assert transfers == [index * 10 * divisor for index in range(len(ALL_BYTES))]
    assert parameters(divisor).byte_cycles == 10 * divisor


def test_transmitter_sends_bytes_offered_at_any_time():
    rng = random.Random(3)
    data = [rng.randrange(256) for _ in range(50)]
    line, _ = speak(8, data, [rng.choice([0, 1, 70, 85, 200]) for _ in data])
    assert read(line, 8) == data


@pytest.mark.parametrize(
    ("clock_hz", "baud", "divisor"),
    [
        (24_000_000, 115200, 208),
        (80_000_000, 115200, 694),
        (12_000_000, 1_000_000, 12),
        (8, 1, 8),
    ],
)
def test_parameters_divide_the_clock_to_the_nearest_speed(clock_hz, baud, divisor):
    uart = UartParameters(clock_hz=clock_hz, baud=baud)
    assert uart.divisor == divisor
    assert uart.error == clock_hz / divisor / baud - 1


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        (
            {"clock_hz": 0},
            ValueError,
            "UART clock_hz must be 1…1000000000, not 0",
        ),
        (
            {"clock_hz": 1000, "baud": 1.5},
            TypeError,
            "UART baud must be an int, not 1.5",
        ),
        (
            {"clock_hz": 1_000_000, "baud": 200_000},
            ValueError,
            (
                "UART baud must be at most an eighth of the clock, 125000 baud at 1000000 Hz, "
                "not 200000"
            ),
        ),
        (
            {"clock_hz": 1_000_000, "baud": 118_000},
            ValueError,
            (
                "UART baud must be within 2 % of a speed that divides the clock, not 118000 at "
                "1000000 Hz: the nearest is 125000 (+5.9%)"
            ),
        ),
    ],
)
def test_parameters_refuse_what_the_line_can_not_do(settings, kind, message):
    with pytest.raises(kind) as error:
        UartParameters(**settings)
    assert str(error.value) == message
