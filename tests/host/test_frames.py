"""Frames as bytes: what goes in comes out, and nothing that is damaged does."""

import random
import re

import pytest
from somagate.boards.wire.protocol import AGAIN, MOST_BYTES, Command, Kind
from somagate.host import frames


def test_stuffed_bytes_have_no_zero_and_come_back() -> None:
    rng = random.Random(0)
    for _ in range(2000):
        data = bytes(
            rng.choice((0, 0, 1, 255, rng.randrange(256))) for _ in range(rng.randrange(255))
        )
        stuffed = frames.stuffed(data)
        assert 0 not in stuffed and len(stuffed) == len(data) + 1
        assert frames.unstuffed(stuffed) == data
    # The examples of the paper's authors.
    assert frames.stuffed(b"\x11\x22\x00\x33") == b"\x03\x11\x22\x02\x33"
    assert frames.stuffed(b"\0\0") == b"\x01\x01\x01"
    message = f"a frame must have at most {MOST_BYTES} bytes, not 255"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        frames.stuffed(bytes(255))


def test_a_damaged_frame_is_none() -> None:
    rng = random.Random(1)
    whole = frames.request(7, 9, Command.INPUT, b"\0\1\2" * 20, again=True)[:-1]
    assert frames.opened(whole) == bytes([7, 9, Command.INPUT | AGAIN]) + b"\0\1\2" * 20
    for place in range(len(whole)):
        for bit in range(8):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            assert frames.opened(bytes(damaged)) is None
        assert frames.opened(whole[:place]) is None
    for _ in range(2000):
        assert frames.opened(rng.randbytes(rng.randrange(60))) is None


def test_a_reply_is_read_from_both_ends() -> None:
    found = frames.reply(frames.checked(bytes([3, 10, 20, 8, Kind.ANSWER]))[:-1])
    assert found == frames.Reply(expected=3, payload=b"\x0a\x14", number=8, kind=Kind.ANSWER)
    assert frames.reply(frames.checked(bytes([3, 10, 20, 8, 9]))[:-1]) is None
    assert frames.reply(frames.checked(bytes([3, 8, Kind.STATUS]))[:-1]) is None
    assert frames.reply(b"") is None
