"""Frames as bytes: COBS and CRC-32, on the host's side of docs/wire.md."""

import zlib
from dataclasses import dataclass

from ..boards.wire.protocol import AGAIN, CRC_BYTES, HEADER_BYTES, MOST_BYTES, Command, Kind

END = b"\0"
"""Behind each frame; before one, it ends whatever came there."""


def stuffed(data: bytes) -> bytes:
    """Return bytes without zeros, by consistent overhead byte stuffing; 254 bytes at most.

    S. Cheshire and M. Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on
    Networking 7 (2), 1999.
    """
    if len(data) > MOST_BYTES:
        raise ValueError(f"a frame must have at most {MOST_BYTES} bytes, not {len(data)}")
    return b"".join(bytes([len(part) + 1]) + part for part in data.split(END))


def unstuffed(data: bytes) -> bytes | None:
    """Return what was stuffed, or None where it wasn't by these rules."""
    parts, place = [], 0
    while place < len(data):
        length = data[place]
        part = data[place + 1 : place + length]
        if length == 0 or len(part) != length - 1:
            return None
        parts.append(part)
        place += length
    return END.join(parts) if parts else None


def checked(body: bytes) -> bytes:
    """Return a body as it is on the line, with its CRC, stuffed and ended."""
    return stuffed(body + zlib.crc32(body).to_bytes(CRC_BYTES, "little")) + END


def opened(data: bytes) -> bytes | None:
    """Return the body of a frame without its end, or None where it is damaged."""
    plain = unstuffed(data)
    if plain is None or len(plain) < CRC_BYTES:
        return None
    body, crc = plain[:-CRC_BYTES], plain[-CRC_BYTES:]
    return body if zlib.crc32(body).to_bytes(CRC_BYTES, "little") == crc else None


def request(
    number: int, wanted: int, command: Command | int, payload: bytes = b"", *, again: bool = False
) -> bytes:
    """Return a frame to the board, as it is on the line.

    Parameters
    ----------
    number
        Of the frame, modulo 256.
    wanted
        The answer that is wanted next, modulo 256.
    command, payload
        What it asks, and with which bytes; `MOST_PAYLOAD` at most.
    again
        All answers from `wanted` on are to be sent once more.
    """
    header = bytes([number % 256, wanted % 256, command | (AGAIN if again else 0)])
    return checked(header + payload)


MOST_PAYLOAD = MOST_BYTES - CRC_BYTES - HEADER_BYTES


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A frame of the board.

    Attributes
    ----------
    expected
        The number of the frame that it takes next.
    payload
        What it says.
    number
        Of an answer, its own; otherwise of the next.
    kind
        What it is.
    """

    expected: int
    payload: bytes
    number: int
    kind: Kind


def reply(data: bytes) -> Reply | None:
    """Return a frame of the board, without its end, or None where it is damaged or none."""
    body = opened(data)
    if body is None or len(body) < 4 or body[-1] not in list(Kind):
        return None  # each says something
    return Reply(expected=body[0], payload=body[1:-2], number=body[-2], kind=Kind(body[-1]))
