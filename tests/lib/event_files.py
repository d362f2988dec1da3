"""Files of event cameras, written byte by byte from their formats' descriptions."""

import struct
from collections.abc import Sequence
from pathlib import Path

Event = tuple[int, int, int, bool]
"""Time in µs, column, row, brighter."""


def atis(events: Sequence[Event]) -> bytes:
    """Return 40 bits an event: column, row, polarity and 23 bits of time."""
    return b"".join(
        bytes([x, y, on << 7 | t >> 16, t >> 8 & 255, t & 255]) for t, x, y, on in events
    )


def packet(
    events: Sequence[Event], *, kind: int = 1, overflow: int = 0, invalid: Sequence[int] = (),
    size: int = 8, number: int | None = None,
) -> bytes:  # fmt: skip
    """Return a packet of AEDAT 3.1; the events at the places `invalid` are marked so."""
    count = len(events)
    head = struct.pack(
        "<hhiiiiii", kind, 1, size, 4, overflow, count, count if number is None else number, count
    )
    words = b""
    for place, (t, x, y, on) in enumerate(events):
        data = x << 17 | y << 2 | on << 1 | (place not in invalid)
        words += struct.pack("<II", data, t)
    return head + words


def aedat_3(*packets: bytes) -> bytes:
    """Return a file of AEDAT 3.1."""
    lines = ("#!AER-DAT3.1", "#Format: RAW", "#Source 1: DVS128", "#!END-HEADER")
    return "".join(f"{line}\r\n" for line in lines).encode() + b"".join(packets)


def aedat_2(events: Sequence[Event], other: Sequence[int] = ()) -> bytes:
    """Return a file of AEDAT 2 as CIFAR10-DVS has them, with signals of another kind at times."""
    words = [
        ((127 - x) << 8 | (127 - y) << 1 | (not on), t) for t, x, y, on in events
    ] + [(0x8000, t) for t in other]  # fmt: skip
    head = b"#!AER-DAT2.0\r\n# This is a raw AE data file - do not edit\r\n"
    return head + b"".join(struct.pack(">II", address, t) for address, t in words)


def write(path: Path, content: bytes) -> Path:
    """Write a file, and the folders around it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
