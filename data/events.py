"""Events of an event camera, and the frames that they are counted into."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Frames = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Events:
    """A recording: changes of brightness, each at one pixel and one time.

    Attributes
    ----------
    t
        int64 (events,), in µs.
    x, y
        int64 (events,): column and row, from the upper left corner.
    on
        bool (events,): the pixel became brighter.
    rows, columns
        Of the sensor.
    """

    t: Integers
    x: Integers
    y: Integers
    on: NDArray[np.bool_]
    rows: int
    columns: int

    def __post_init__(self) -> None:
        for name, limit, place in (("x", self.columns, self.x), ("y", self.rows, self.y)):
            if len(place) and not 0 <= place.min() <= place.max() < limit:
                worst = place.max() if place.max() >= limit else place.min()
                raise ValueError(f"{name} of an event must be 0…{limit - 1}, not {worst}")

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.t)

    def between(self, start: int, end: int) -> "Events":
        """Return the events with start ≤ t < end, in µs."""
        kept = (self.t >= start) & (self.t < end)
        return Events(
            t=self.t[kept], x=self.x[kept], y=self.y[kept], on=self.on[kept],
            rows=self.rows, columns=self.columns,
        )  # fmt: skip


def check_clock(t: Integers, bits: int) -> None:
    """Refuse times, in the order of a file, whose clock of `bits` bits began anew unmarked.

    Events of a camera are nearly in order. Where a time falls back by half of what the clock counts
    to, it is later than the one before, and nothing says how much.
    """
    fallen = np.flatnonzero(np.diff(t) <= -(1 << (bits - 1)))
    if len(fallen):
        place = int(fallen[0])
        raise ValueError(
            f"times must go on, but fall from {t[place]} to {t[place + 1]} µs at event "
            f"{place + 1}, as of a clock of {bits} bits that began anew; cut the file there"
        )


@dataclass(frozen=True, kw_only=True)
class Binning:
    """How events become frames.

    Attributes
    ----------
    steps
        Frames, one a time step, 1…65535.
    bins
        'time': bins of equal duration, from the first event to the last. 'count': bins of equally
        many events, up to one.
    crop
        (top, left, rows, columns) of the sensor's part that is kept; None keeps all of it.
    size
        (rows, columns) of a frame, no more than what is kept. Each of its pixels counts the events
        of the area that it covers: column x goes to `floor(x · columns / kept columns)`. None keeps
        the size.
    maximum
        Counts above it become it, 1…255; 1 is a bit.
    """

    steps: int = 10
    bins: Literal["time", "count"] = "time"
    crop: tuple[int, int, int, int] | None = None
    size: tuple[int, int] | None = None
    maximum: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= 65535:
            raise ValueError(f"Binning steps must be 1…65535, not {self.steps}")
        if self.bins not in ("time", "count"):
            raise ValueError(f"Binning bins must be 'time' or 'count', not {self.bins!r}")
        if not 1 <= self.maximum <= 255:
            raise ValueError(f"Binning maximum must be 1…255, not {self.maximum}")

    def kept(self, rows: int, columns: int) -> tuple[int, int, int, int]:
        """Return (top, left, rows, columns) of what is kept of a sensor."""
        top, left, height, width = self.crop or (0, 0, rows, columns)
        if min(top, left) < 0 or min(height, width) < 1 or top + height > rows or (
            left + width > columns
        ):  # fmt: skip
            raise ValueError(
                f"Binning crop must lie in the sensor's {rows}×{columns}, "
                f"not be {height}×{width} from row {top} and column {left}"
            )
        return top, left, height, width

    def shape(self, rows: int, columns: int) -> tuple[int, int]:
        """Return (rows, columns) of a frame of a sensor."""
        _, _, height, width = self.kept(rows, columns)
        size = self.size or (height, width)
        if not (1 <= size[0] <= height and 1 <= size[1] <= width):
            raise ValueError(f"Binning size must be 1×1…{height}×{width}, not {size[0]}×{size[1]}")
        return size


def frames(events: Events, binning: Binning) -> Frames:
    """Count events into frames.

    Returns
    -------
    uint8 (steps, 2, rows, columns), 0…binning.maximum; channel 0 counts events where the pixel
    became darker, channel 1 those where it became brighter. The bins are those of the whole
    recording, whatever is cropped. No events give frames of zeros.

    Raises
    ------
    ValueError
        Where crop or size don't fit the sensor.
    """
    rows, columns = binning.shape(events.rows, events.columns)
    top, left, height, width = binning.kept(events.rows, events.columns)
    x, y = (events.x - left) * columns // width, (events.y - top) * rows // height
    place = ((_bins(events.t, binning) * 2 + events.on) * rows + y) * columns + x
    inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    if not inside.all():
        place = place[inside]
    shape = (binning.steps, 2, rows, columns)
    counts = np.bincount(place, minlength=int(np.prod(shape)))
    return np.minimum(counts, binning.maximum).astype(np.uint8).reshape(shape)


def _bins(t: Integers, binning: Binning) -> Integers:
    """Return the time step of each event."""
    if not len(t):
        return t
    if binning.bins == "time":
        first = t.min()
        step: Integers = (t - first) * binning.steps // (t.max() - first + 1)
        return step
    rank: Integers = np.arange(len(t)) * binning.steps // len(t)
    if (np.diff(t) >= 0).all():
        return rank
    result = np.empty_like(rank)
    result[np.argsort(t, kind="stable")] = rank
    return result
