"""A board's top through serial bits: when it starts, what it says, and what it refuses."""

import gc
from collections.abc import Sequence
from typing import Any

import pytest
from amaranth.sim import Simulator
from serial_line import levels, read
from somagate.boards.core import TopParameters
from somagate.boards.top import Top
from somagate.boards.uart import UartParameters
from somagate.boards.wire.protocol import Command, Kind, Page, Status
from somagate.host.frames import END, Reply, reply, request
from stand_in import StandIn, last_state, predict

DIVISOR = 8
UART = UartParameters(clock_hz=DIVISOR * 1_000_000, baud=1_000_000)
STARTUP_CYCLES = 128
WORDS = [0x1234, 0xFEDC, 0, 7]
GREETING = request(9, 0, Command.HELLO)
INFERENCE = request(0, 0, Command.INPUT, b"".join(word.to_bytes(2, "little") for word in WORDS))


def parameters(word_bits: int = 16, buffer_bytes: int = 512) -> TopParameters:
    return TopParameters(uart=UART, word_bits=word_bits, buffer_bytes=buffer_bytes)


def talk(
    data: bytes, *, early: Sequence[int] = (), locked_at: int = 0
) -> tuple[list[Reply], dict[str, list[int]]]:
    """Send bytes behind what is on the line early, and return what comes, and all outputs."""
    dut = Top(StandIn(word_bits=16, words=len(WORDS)), parameters())
    outputs: dict[str, list[int]] = {"tx": [], "busy": [], "failed": []}
    line = [*early, *[1] * (STARTUP_CYCLES + 10), *levels(END + data, DIVISOR)]

    async def testbench(ctx: Any) -> None:
        cycle = quiet = 0
        while cycle < len(line) or quiet < 400 * DIVISOR:
            ctx.set(dut.locked, int(cycle >= locked_at))
            ctx.set(dut.rx, line[cycle] if cycle < len(line) else 1)
            for name, values in outputs.items():
                values.append(ctx.get(getattr(dut, name)))
            quiet = quiet + 1 if outputs["tx"][-1] else 0
            cycle += 1
            await ctx.tick()

    sim = Simulator(dut)
    sim.add_clock(1e-6)
    sim.add_testbench(testbench)
    sim.run()
    *frames, rest = bytes(read(outputs["tx"], DIVISOR)).split(END)
    assert rest == b""
    found = [reply(frame) for frame in frames]
    assert None not in found
    return [each for each in found if each], outputs


def test_an_inference_is_answered_by_its_values_and_its_class() -> None:
    found, outputs = talk(GREETING + INFERENCE)
    assert sorted(each.kind for each in found) == [Kind.ANSWER, Kind.STATUS, Kind.INFO]
    values = [last_state(WORDS) ^ index for index in range(16)]
    wanted = b"".join(value.to_bytes(2, "little") for value in values) + bytes([predict(WORDS)])
    assert Reply(expected=1, payload=wanted, number=0, kind=Kind.ANSWER) in found
    assert not any(outputs["failed"])
    busy = outputs["busy"]
    assert busy[busy.index(1) : len(busy) - busy[::-1].index(1)].count(0) == 0 and not busy[-1]


def test_a_board_that_was_not_greeted_takes_nothing() -> None:
    found, outputs = talk(INFERENCE)
    state = bytes([Status.ORDER | Status.LOADED])
    assert found == [Reply(expected=0, payload=state, number=0, kind=Kind.STATUS)]
    assert not any(outputs["busy"])


@pytest.mark.filterwarnings("ignore:.*created but never used")
def test_a_board_says_what_it_is() -> None:
    found, _ = talk(GREETING + request(0, 0, Command.ASK, bytes([Page.SHAPE])))
    assert [each.kind for each in found] == [Kind.INFO, Kind.STATUS, Kind.INFO]
    dut = Top(StandIn(word_bits=16, words=4), parameters())
    assert dut.core.description == bytes([1, 0, 16, 9, 4, 2, 1, *(8000).to_bytes(3, "little"), 0])
    assert found[0].payload == bytes([Page.DESCRIPTION, *dut.core.description]).ljust(33, b"\0")
    assert found[2].payload == bytes([Page.SHAPE]) + bytes(32)
    del dut
    gc.collect()  # it was never elaborated


def test_what_comes_before_the_clock_is_stable_is_ignored() -> None:
    early = levels(END + GREETING + INFERENCE, DIVISOR)
    found, outputs = talk(GREETING + INFERENCE, early=early, locked_at=len(early))
    assert sorted(each.kind for each in found) == [Kind.ANSWER, Kind.STATUS, Kind.INFO]
    greeted = len(early) + STARTUP_CYCLES + len(levels(END + GREETING, DIVISOR))
    assert outputs["tx"].index(0) > greeted
    assert parameters().startup_cycles == STARTUP_CYCLES


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"uart": 115200}, TypeError, "Top uart must be UartParameters, not 115200"),
        ({"word_bits": 129}, ValueError, "Top word_bits must be 1…128, not 129"),
        ({"buffer_bytes": 256}, ValueError, "Top buffer_bytes must be 512…65536, not 256"),
        ({"buffer_bytes": 600}, ValueError, "Top buffer_bytes must be a power of two, not 600"),
    ],
)
def test_parameters_that_can_not_be_are_refused(
    change: dict[str, Any], kind: type[Exception], message: str
) -> None:
    given = {"uart": UART, "word_bits": 16, "buffer_bytes": 512} | change
    with pytest.raises(kind) as caught:
        TopParameters(**given)
    assert str(caught.value) == message


@pytest.mark.filterwarnings("ignore:.*created but never used")
@pytest.mark.parametrize(
    ("size", "message"),
    [
        ({"word_bits": 8}, "Top word_bits must be those of the accelerator, 8, not 16"),
        (
            {"word_bits": 16, "class_bits": 17},
            (
                "Top answers with one of at most 65536 classes, not 131072: the accelerator's "
                "prediction must have 16 bits or less"
            ),
        ),
    ],
)
def test_an_accelerator_that_does_not_fit_is_refused(size: dict[str, int], message: str) -> None:
    text = ""
    try:
        Top(StandIn(words=4, **size), parameters())
    except ValueError as error:
        text = str(error)
    assert text == message
    gc.collect()  # what was refused is never elaborated
