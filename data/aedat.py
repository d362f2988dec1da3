"""The events of AEDAT files: version 3.1 (DVS128 Gesture) and version 2 (CIFAR10-DVS).

Both begin with lines of text that start with #, the first of which names the version.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .events import Events, Integers, check_clock
from .record import DataError

_END = b"#!END-HEADER\r\n"
_PACKET = np.dtype([
    ("type", "<i2"), ("source", "<i2"), ("size", "<i4"), ("time_offset", "<i4"),
    ("overflow", "<i4"), ("capacity", "<i4"), ("number", "<i4"), ("valid", "<i4"),
])  # fmt: skip
_POLARITY = 1


def read_3(path: Path, rows: int = 128, columns: int = 128) -> Events:
    """Return the polarity events of an AEDAT 3.1 file.

    It is a chain of packets, little end first: 28 bytes of header, then events of one type. A
    polarity event has 32 bits of data (bit 0 valid, bit 1 brighter, bits 2…16 the row, bits 17…31
    the column, from the upper left corner) and 31 bits of time in µs, above which the header's
    overflow counts on. Packets of other types and invalid events are passed over.

    Raises
    ------
    DataError
        Where the file is of another version or cut off, has no event, its clock wraps and no
        overflow says so, or an event lies outside the sensor.
    """
    data = path.read_bytes()
    _version(path, data, b"3.1")
    end = data.find(_END)
    if end < 0:
        raise DataError(f"{path} must have the header's last line {_END!r}, but has not")
    at = end + len(_END)
    parts = []
    while at < len(data):
        if len(data) - at < _PACKET.itemsize:
            raise DataError(
                f"{path} must have a packet's header of {_PACKET.itemsize} bytes at byte {at}, "
                f"but ends after {len(data) - at}"
            )
        header = np.frombuffer(data, _PACKET, 1, at)[0]
        size, capacity, number = (int(header[f]) for f in ("size", "capacity", "number"))
        start, at = at + _PACKET.itemsize, at + _PACKET.itemsize + size * capacity
        if size < 8 or not 0 <= number <= capacity:
            raise DataError(
                f"{path}: the packet in front of byte {start} must have events of 8 bytes or more "
                f"and no more of them than its capacity, not {number} of {size} bytes in {capacity}"
            )
        if at > len(data):
            raise DataError(
                f"{path}: the packet at byte {start} must have {capacity} events of {size} bytes, "
                f"but the file ends after {len(data) - start} bytes"
            )
        if header["type"] != _POLARITY:
            continue
        words = np.ndarray((number, 2), "<u4", data, start, (size, 4)).astype(np.int64)
        valid = words[words[:, 0] & 1 == 1]
        valid[:, 1] += int(header["overflow"]) << 31
        parts.append(valid)
    word, t = np.concatenate([np.empty((0, 2), np.int64), *parts]).T
    return _events(path, t, word >> 17, word >> 2 & 0x7FFF, word >> 1 & 1 == 1, rows, columns)


def read_2(path: Path) -> Events:
    """Return the events of an AEDAT 2 file of CIFAR10-DVS, from a camera of 128×128 pixels.

    An event is 32 bits of address and 32 bits of time in µs, big end first. Address bits 8…14 and
    1…7 count the sensor's two axes from the lower right corner of the scene, which the camera saw
    on its side; bit 0 is set where the pixel became darker. Bit 15 marks signals of other kinds,
    which are passed over. The time has a sign, and goes on at -2**31 behind 2**31 - 1.

    Raises
    ------
    DataError
        Where the file is of another version or cut off, or has no event, or its clock began anew
        in another way.
    """
    data = path.read_bytes()
    _version(path, data, b"2.0")
    at = 0
    while data[at : at + 1] == b"#":
        line = data.find(b"\n", at)
        if line < 0:
            raise DataError(f"{path} must have events behind its header, but ends in the header")
        at = line + 1
    if (len(data) - at) % 8 or at == len(data):
        raise DataError(
            f"{path} must have events of 8 bytes each behind its header, "
            f"but has {len(data) - at} bytes"
        )
    address, t = np.frombuffer(data, ">i4", offset=at).reshape(-1, 2).astype(np.int64).T
    kept = address & 0x8000 == 0
    address, t = address[kept], t[kept]
    # A step from one event to the next is what 32 bits make of it, so a wrap is a step as any.
    steps = np.diff(t, prepend=t[:1])
    t = t[:1] + np.cumsum((steps + (1 << 31)) % (1 << 32) - (1 << 31))
    x, y = 127 - (address >> 8 & 127), 127 - (address >> 1 & 127)
    return _events(path, t, x, y, address & 1 == 0, 128, 128)


def _version(path: Path, data: bytes, wanted: bytes) -> None:
    mark = b"#!AER-DAT" + wanted
    found = data[: len(mark)]
    if found != mark:
        raise DataError(f"{path} must start with {mark!r}, not {found!r}")


def _events(
    path: Path,
    t: Integers,
    x: Integers,
    y: Integers,
    on: NDArray[np.bool_],
    rows: int,
    columns: int,
) -> Events:
    if not len(t):
        raise DataError(f"{path} must hold an event of a pixel, but holds none")
    try:
        check_clock(t, 31)
        return Events(t=t, x=x, y=y, on=on, rows=rows, columns=columns)
    except ValueError as error:
        raise DataError(f"{path}: {error}") from None
