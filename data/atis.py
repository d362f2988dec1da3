"""The events of N-MNIST and N-Caltech101: 40 bits each.

Byte 0 is the column, byte 1 the row; byte 2 holds the polarity in bit 7 and, with bytes 3 and 4, a
time of 23 bits in µs, big end first. An event in row 240 is none: it says that the camera's clock
of 13 bits has overflown, and all events behind it are 8192 µs later.
"""

from pathlib import Path

import numpy as np

from .events import Events, check_clock
from .record import DataError

_OVERFLOW_ROW = 240
_OVERFLOW = 1 << 13
_CLOCK_BITS = 23


def read(path: Path, rows: int, columns: int) -> Events:
    """Return the events of a `.bin` file.

    Raises
    ------
    DataError
        Where the file has no event or is cut off, its clock wraps, or an event lies outside the
        sensor.
    """
    data = np.frombuffer(path.read_bytes(), np.uint8)
    if not len(data) or len(data) % 5:
        raise DataError(f"{path} must hold events of 5 bytes each, but has {len(data)} bytes")
    x, y, high, middle, low = data.reshape(-1, 5).astype(np.int64).T
    t = (high & 0x7F) << 16 | middle << 8 | low
    on = high >= 0x80
    marks = y == _OVERFLOW_ROW
    if marks.any():
        t += _OVERFLOW * np.cumsum(marks)
        x, y, t, on = x[~marks], y[~marks], t[~marks], on[~marks]
    if not len(t):
        raise DataError(
            f"{path} must hold an event, but holds {len(marks)} marks of overflow alone"
        )
    try:
        check_clock(t, _CLOCK_BITS)
        return Events(t=t, x=x, y=y, on=on, rows=rows, columns=columns)
    except ValueError as error:
        raise DataError(f"{path}: {error}") from None
