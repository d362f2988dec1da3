"""The link against the rules of a board, over lines that lose, damage and delay."""

import random
import re
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import pytest
from board_model import BoardModel
from somagate.boards.wire.protocol import Command, Page, Status
from somagate.host.frames import END
from somagate.host.link import Link, LinkError
from somagate.host.serving import Faults, FaultyLine

DESCRIPTION = bytes([1, 0, 8, 9, 4, 1, 1, 0x40, 0x1F, 0])
IDENTITY = bytes(range(64))
BYTES = 10


def infer(data: bytes) -> list[bytes]:
    """Return an answer in one to three parts."""
    total = sum(data) % 256
    return [bytes([total])] * (1 + total % 3)


def answer(data: bytes) -> bytes:
    return b"".join(infer(data))


class Wire:
    """A link, a board, and a line between them."""

    def __init__(self, faults: Faults | None = None) -> None:
        faults = faults or Faults()
        self.link = Link(patience=0.1, byte_seconds=1e-6)
        self.board = BoardModel(DESCRIPTION, IDENTITY, BYTES, infer)
        self.lines = FaultyLine(faults), FaultyLine(replace(faults, seed=faults.seed + 1))
        self.now = 0.0
        self._begun = b""
        self._coming: deque[bytes] = deque()

    def step(self) -> None:
        """Let a little time pass: what the board says comes a step later."""
        self.now += 2e-4
        data, _ = self.lines[0].passed(self.link.give(self.now))
        *frames, self._begun = (self._begun + data).split(END)
        if self._coming:
            self.link.take(self._coming.popleft(), self.now)
        for frame in frames:
            said = b"".join(reply + END for reply in self.board.take(frame))
            self._coming.append(self.lines[1].passed(said)[0])

    def until(self, done: Callable[[], bool]) -> None:
        """Let time pass until something is done."""
        end = self.now + 200
        while not done():
            assert self.now < end, "nothing came of it"
            self.step()

    def greet(self) -> None:
        self.link.hello(self.now)
        self.until(lambda: not self.link.busy)

    def infer(self, samples: list[bytes]) -> list[bytes]:
        """Return the answers to samples."""
        waiting, found = deque(samples), []
        while len(found) < len(samples):
            while waiting and self.link.room:
                self.link.infer(waiting.popleft())
            self.step()
            found += self.link.answers
            self.link.answers.clear()
        return found


def samples(count: int, seed: int) -> list[bytes]:
    rng = random.Random(seed)
    return [bytes(rng.choice((0, rng.randrange(256))) for _ in range(BYTES)) for _ in range(count)]


@pytest.mark.parametrize(
    "faults",
    [
        Faults(),
        Faults(corrupt=0.002),
        Faults(corrupt=0.01, seed=3),
        Faults(drop=0.2, seed=5),
        Faults(corrupt=0.02, drop=0.05, seed=7),
    ],
)
def test_every_answer_comes_once_and_in_order(faults: Faults) -> None:
    wire = Wire(faults)
    wire.greet()
    given = samples(400, seed=faults.seed)
    assert wire.infer(given) == [answer(sample) for sample in given]
    counts = wire.link.counts
    assert (
        bool(counts.repeated)
        == bool(counts.damaged or faults.drop)
        == bool(wire.lines[0].corrupted or faults.drop)
    )
    assert wire.link.expecting == 0


def test_a_line_that_loses_nothing_repeats_nothing() -> None:
    wire = Wire()
    wire.greet()
    wire.infer(samples(300, seed=1))
    assert (wire.link.counts.repeated, wire.link.counts.damaged) == (0, 0)
    assert wire.link.counts.sent <= 2 * 300 + 2


def test_a_bad_line_has_few_short_frames_until_it_is_a_good_one() -> None:
    wire = Wire(Faults(corrupt=0.02, seed=2))
    wire.greet()
    wire.infer(samples(100, seed=2))
    assert wire.link.pace.bad and wire.link.pace.window == 2 and wire.link.pace.most_payload == 24
    wire.lines = FaultyLine(Faults()), FaultyLine(Faults())
    wire.infer(samples(100, seed=3))
    assert not wire.link.pace.bad and wire.link.pace.window == 32


def test_pages_are_asked_for() -> None:
    wire = Wire()
    wire.greet()
    assert wire.link.pages == {Page.DESCRIPTION: DESCRIPTION.ljust(32, b"\0")}
    assert wire.link.buffer_bytes == 512
    wire.link.ask(Page.SHAPE)
    wire.link.ask(Page.TABLES)
    wire.until(lambda: len(wire.link.pages) == 3)
    assert wire.link.pages[Page.SHAPE] + wire.link.pages[Page.TABLES] == IDENTITY


def test_what_the_board_says_of_its_state_is_kept() -> None:
    wire = Wire()
    wire.greet()
    wire.link.poll()
    wire.until(lambda: bool(wire.link.events))
    assert wire.link.events == Status.LOADED | Status.GREETED
    wire.link.say(Command.LOAD, bytes(8))  # this one can't be loaded
    wire.until(lambda: not wire.link.busy)
    assert wire.link.events == Status.LOADED | Status.GREETED | Status.UNKNOWN
    wire.link.hello(wire.now)
    assert wire.link.events == Status(0)


def test_a_board_that_is_not_there_is_given_up() -> None:
    message = (
        "the board must answer, but nothing came of what was said 12 times: is this bitstream on "
        "it, is this its port, and its speed?"
    )
    link, now = Link(patience=0.1), 0.0
    link.hello(now)
    with pytest.raises(LinkError, match=f"^{re.escape(message)}$"):
        while now < 10:
            link.give(now)
            now += 0.01
    assert 1.1 < now < 1.4


def test_a_board_that_has_lost_its_power_is_given_up() -> None:
    wire = Wire()
    wire.greet()
    wire.infer(samples(20, seed=1))
    wire.board = BoardModel(DESCRIPTION, IDENTITY, BYTES, infer)
    message = "the board must go on where it was, but has started anew"
    with pytest.raises(LinkError, match=f"^{message}$"):
        wire.infer(samples(20, seed=1))
    wire.greet()
    given = samples(20, seed=4)
    assert wire.infer(given) == [answer(sample) for sample in given]


@pytest.mark.parametrize("waiting", range(4))
def test_a_board_that_lost_its_power_where_all_numbers_begin_anew_is_noticed(waiting: int) -> None:
    wire = Wire()
    wire.board = BoardModel(DESCRIPTION, IDENTITY, BYTES, lambda data: [b"right"])
    wire.greet()
    assert wire.infer(samples(256 - waiting, seed=1)) == [b"right"] * (256 - waiting)
    for sample in samples(waiting, seed=2):
        wire.link.infer(sample)
    wire.link.give(wire.now)  # and the board never sees it
    wire.board = BoardModel(DESCRIPTION, IDENTITY, BYTES, lambda data: [b"wrong"])
    with pytest.raises(LinkError, match="^the board must go on where it was, but has started anew"):
        wire.infer(samples(20, seed=3))
    assert not wire.link.answers
