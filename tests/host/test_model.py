"""The gates of the line against the rules, over frames of all commands and faults."""

import os
import random

from somagate.boards.wire.protocol import Command, Extra, Kind, Status
from somagate.host.frames import END, reply, request
from wire_bench import INFERENCE_BYTES, Board, frames, infer


def spoken(frames: list[bytes]) -> list[bytes]:
    """Return all but statuses: while answers are being made, the next one's number is any."""
    return [frame for frame in frames if reply(frame).kind != Kind.STATUS]


COUNT = int(os.environ.get("SOMAGATE_FRAMES", "1500"))


def test_random_frames_are_answered_by_the_rules() -> None:
    rng = random.Random(int(os.environ.get("SOMAGATE_SEED", "1")))
    board = Board()
    model = board.model()
    answered = 0
    for number, data in zip(range(COUNT), frames(rng), strict=False):
        while model.crowded:  # it would take no further words
            poll = request(0, model.number, Command.POLL)
            assert spoken(board.take(poll)) == spoken(model.take(poll[:-1]))
        theirs: list[bytes] = []
        for part in data.split(END)[:-1]:
            theirs += model.take(part)
        ours = board.take(data)
        assert sorted(ours) == sorted(theirs), (number, data.hex())
        answered += len(ours)
    assert answered > COUNT / 2


def test_what_has_no_room_is_dropped_and_said_and_nothing_is_lost() -> None:
    rng = random.Random(3)
    board = Board()
    board.take(request(0, 0, Command.HELLO))
    words = [rng.randbytes(20 * INFERENCE_BYTES) for _ in range(6)]
    taken: list[bytes] = []
    states: list[Status] = []
    number = 0
    for data in words:
        replies = [reply(frame) for frame in board.take(request(number, 0, Command.INPUT, data))]
        said = [each for each in replies if each and each.kind == Kind.STATUS]
        assert len(said) == 1
        states.append(Status(said[0].payload[0]))
        if said[0].expected == number + 1:
            taken.append(data)
            number += 1
    # Four answers are kept, and no more are made; 512 bytes hold two frames of 240.
    state = Status.LOADED | Status.GREETED
    assert states[:2] == [state] * 2 and len(taken) < 6
    assert set(states[len(taken) :]) == {state | Status.ROOM}
    answers: dict[int, bytes] = {}
    wanted = 0
    while len(answers) < 20 * len(taken):
        for frame in board.take(request(0, wanted, Command.POLL, again=True)):
            found = reply(frame)
            assert found is not None
            if found.kind == Kind.ANSWER:
                answers[wanted + (found.number - wanted) % 256] = found.payload
        wanted = len(answers)
    data = b"".join(taken)
    size = INFERENCE_BYTES
    assert [answers[index] for index in range(len(answers))] == [
        infer(data[first : first + size])[0] for first in range(0, len(data), size)
    ]


def test_a_damaged_frame_spoils_no_other() -> None:
    board = Board()
    words = bytes(range(INFERENCE_BYTES))
    for garbage in (b"\5\5", bytes([255]) * 300, b"\1\1\1\1\1\1\1\1\1"):
        board.take(END + request(0, 0, Command.HELLO))
        found = board.take(garbage + END + request(0, 0, Command.INPUT, words))
        kinds = [each.kind for frame in found if (each := reply(frame))]
        assert kinds == [Kind.STATUS, Kind.ANSWER]
        # Without an end of its own, garbage spoils the frame that it is before, and that alone.
        found = board.take(garbage + request(1, 1, Command.INPUT, words))
        assert found == []
        found = board.take(request(1, 1, Command.INPUT, words))
        kinds = [each.kind for frame in found if (each := reply(frame))]
        assert kinds == [Kind.STATUS, Kind.ANSWER]


def test_a_mode_with_a_bit_that_the_board_lacks_is_passed_over_and_said() -> None:
    board = Board()
    for modes in range(256):
        board.take(request(0, 0, Command.HELLO))
        found = board.take(request(0, 0, Command.MODE, bytes([modes])))
        (status,) = [reply(frame) for frame in found]
        assert status is not None and status.kind == Kind.STATUS
        unknown = Status.UNKNOWN if modes > Extra.STREAM else Status(0)
        assert Status(status.payload[0]) == Status.LOADED | Status.GREETED | unknown, modes
