"""Whole inferences through serial bits: the class that comes back is the golden one."""

import gc
import random
from collections.abc import Sequence

import pytest
from amaranth.sim import Simulator
from serial_line import levels, read
from somagate.boards.top import FAILURE, FRAME_ERROR, OVERRUN, Top, TopParameters
from somagate.boards.uart import UartParameters
from stand_in import StandIn, predict

DIVISOR = 8
UART = UartParameters(clock_hz=DIVISOR * 1_000_000, baud=1_000_000)
STARTUP_CYCLES = 120
BREAK = [0] * (25 * DIVISOR) + [1] * (5 * DIVISOR)


def parameters(word_bits: int, queue_words: int = 17) -> TopParameters:
    return TopParameters(uart=UART, word_bits=word_bits, queue_words=queue_words)


def to_bytes(words: Sequence[int], word_bits: int) -> list[int]:
    return [byte for word in words for byte in word.to_bytes(-(-word_bits // 8), "little")]


def draw(rng: random.Random, count: int, word_bits: int) -> list[int]:
    return [rng.getrandbits(word_bits) for _ in range(count)]


def talk(
    dut: Top, line: Sequence[int], *, start: int = STARTUP_CYCLES + 10, locked_at: int = 0
) -> dict[str, list[int]]:
    """Drive `rx` with the line from `start` on, and return every output cycle by cycle.

    The 20 bytes after the line are for the answer.
    """
    outputs: dict[str, list[int]] = {"tx": [], "busy": [], "failed": []}

    async def testbench(ctx):
        for cycle, level in enumerate([1] * start + list(line) + [1] * (200 * DIVISOR)):
            ctx.set(dut.locked, int(cycle >= locked_at))
            ctx.set(dut.rx, level)
            for name, values in outputs.items():
                values.append(ctx.get(getattr(dut, name)))
            await ctx.tick()

    sim = Simulator(dut)
    sim.add_clock(1e-6)
    sim.add_testbench(testbench)
    sim.run()
    return outputs


@pytest.mark.parametrize("word_bits", [1, 8, 16, 24, 32])
def test_each_inference_gets_its_class(word_bits):
    rng = random.Random(word_bits)
    inferences = [draw(rng, 12, word_bits) for _ in range(6)]
    dut = Top(StandIn(word_bits=word_bits, words=12), parameters(word_bits))
    line = [
        level
        for words in inferences
        for level in levels(to_bytes(words, word_bits), DIVISOR, [rng.randrange(40)])
    ]
    outputs = talk(dut, line)
    classes = [predict(words) for words in inferences]
    assert read(outputs["tx"], DIVISOR) == classes
    assert len(set(classes)) > 1
    assert not any(outputs["failed"])


def test_inferences_back_to_back_get_their_classes_while_the_accelerator_keeps_up():
    rng = random.Random(1)
    inferences = [draw(rng, 4, 16) for _ in range(8)]
    dut = Top(StandIn(word_bits=16, words=4, busy_cycles=120), parameters(16))
    sent = [byte for words in inferences for byte in to_bytes(words, 16)]
    outputs = talk(dut, levels(sent, DIVISOR))
    assert read(outputs["tx"], DIVISOR) == [predict(words) for words in inferences]


def test_a_queue_as_long_as_an_inference_takes_it_however_slow_the_accelerator():
    words = draw(random.Random(2), 16, 16)
    dut = Top(StandIn(word_bits=16, words=16, busy_cycles=300), parameters(16, queue_words=16))
    outputs = talk(dut, levels(to_bytes(words, 16), DIVISOR) + [1] * 4000)
    assert read(outputs["tx"], DIVISOR) == [predict(words)]


def test_an_overrun_is_told_once_and_a_break_starts_over():
    rng = random.Random(3)
    lost, kept = draw(rng, 32, 16), draw(rng, 32, 16)
    dut = Top(StandIn(word_bits=16, words=32, busy_cycles=400), parameters(16, queue_words=2))
    slow = [60] * 64
    line = levels(to_bytes(lost, 16), DIVISOR) + BREAK + levels(to_bytes(kept, 16), DIVISOR, slow)
    outputs = talk(dut, line)
    assert read(outputs["tx"], DIVISOR) == [FAILURE | OVERRUN, predict(kept)]
    assert outputs["failed"][-1] == 0 and any(outputs["failed"])


def test_a_frame_error_is_told_once_and_a_break_starts_over():
    words = draw(random.Random(4), 4, 16)
    bad = levels([0x12], DIVISOR)
    bad[9 * DIVISOR : 10 * DIVISOR] = [0] * DIVISOR
    dut = Top(StandIn(word_bits=16, words=4), parameters(16))
    data = levels(to_bytes(words, 16), DIVISOR)
    outputs = talk(dut, bad + data + bad + data + BREAK + data)
    assert read(outputs["tx"], DIVISOR) == [FAILURE | FRAME_ERROR, predict(words)]


@pytest.mark.parametrize("sent", [1, 3, 7])
def test_a_break_forgets_an_unfinished_inference(sent):
    words = draw(random.Random(5), 4, 16)
    data = to_bytes(words, 16)
    dut = Top(StandIn(word_bits=16, words=4), parameters(16))
    outputs = talk(dut, levels(data[:sent], DIVISOR) + BREAK + levels(data, DIVISOR))
    assert read(outputs["tx"], DIVISOR) == [predict(words)]
    assert not any(outputs["failed"])


def test_what_comes_before_the_clock_is_stable_is_ignored():
    words = draw(random.Random(6), 4, 16)
    data = levels(to_bytes(words, 16), DIVISOR)
    dut = Top(StandIn(word_bits=16, words=4), parameters(16))
    line = data + [1] * (5 * DIVISOR) + data
    locked_at = len(data) - STARTUP_CYCLES
    outputs = talk(dut, line, start=0, locked_at=locked_at)
    assert read(outputs["tx"], DIVISOR) == [predict(words)]
    assert outputs["tx"].index(0) > 2 * len(data) - 10 * DIVISOR
    assert parameters(16).startup_cycles == STARTUP_CYCLES


def test_busy_lasts_from_the_first_byte_to_the_answer():
    words = draw(random.Random(7), 4, 16)
    dut = Top(StandIn(word_bits=16, words=4), parameters(16))
    outputs = talk(dut, levels(to_bytes(words, 16), DIVISOR))
    first = STARTUP_CYCLES + 10 + UART.receive_cycles + 1
    answer = outputs["tx"].index(0)
    rising = outputs["busy"].index(1)
    falling = outputs["busy"].index(0, rising)
    assert (rising, falling) == (first, answer - dut.latency + 1)


def test_a_word_is_on_the_line_as_long_as_its_bytes():
    assert parameters(16).word_cycles == parameters(9).word_cycles == 2 * UART.byte_cycles


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"uart": 115200}, TypeError, "Top uart must be UartParameters, not 115200"),
        ({"word_bits": 0}, ValueError, "Top word_bits must be 1…128, not 0"),
        ({"queue_words": 1}, ValueError, "Top queue_words must be 2…1048576, not 1"),
    ],
)
def test_parameters_are_checked(change, kind, message):
    settings = {"uart": UART, "word_bits": 16, "queue_words": 17}
    with pytest.raises(kind) as error:
        TopParameters(**{**settings, **change})
    assert str(error.value) == message


def refusal(**stand_in: int) -> str:
    """Return why a top for 32 bits refuses this accelerator, which is then never elaborated."""
    with pytest.raises(ValueError) as error:
        Top(StandIn(words=4, **stand_in), parameters(32))
    message = str(error.value)
    del error
    gc.collect()
    return message


@pytest.mark.filterwarnings("ignore:.*created but never used")
def test_another_word_width_than_the_accelerators_is_refused():
    assert refusal(word_bits=16) == "Top word_bits must be those of the accelerator, 16, not 32"


@pytest.mark.filterwarnings("ignore:.*created but never used")
def test_more_classes_than_an_answer_holds_are_refused(monkeypatch):
    monkeypatch.setattr("stand_in.CLASS_BITS", 8)
    assert refusal(word_bits=32) == (
        "Top answers with one of at most 128 classes, not 256: the accelerator's prediction must "
        "be narrower than 8 bits"
    )
