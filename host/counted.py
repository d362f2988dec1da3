"""What a board counts, sample by sample."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..boards.wire.protocol import COUNTER_BYTES, Page
from .session import Session

_NAMES = ("cycles", "waits", "stalls", "events")


@dataclass(frozen=True, kw_only=True, eq=False)
class DeviceProfile:
    """What a board counted, sample by sample; all int64 (batch,).

    Attributes
    ----------
    cycles
        From the first word of a sample to the last value of its answer.
    waits, stalls
        Those of them in which the accelerator would have taken a word, be it the next sample's, and
        none was there; and in which its answer waited for the line.
    events
        Weight rows that were added.
    clock_hz
        Cycles a second, to the kHz.
    """

    cycles: NDArray[np.int64]
    waits: NDArray[np.int64]
    stalls: NDArray[np.int64]
    events: NDArray[np.int64]
    clock_hz: int

    @property
    def latencies(self) -> NDArray[np.float64]:
        """Seconds of each sample on the board."""
        return self.cycles / self.clock_hz


class Counted:
    """Notes what each sample adds to a board's numbers."""

    def __init__(self) -> None:
        self._before: dict[str, int] = {}
        self._samples: dict[str, list[int]] = {name: [] for name in _NAMES}

    def start(self, session: Session) -> None:
        """Note where the numbers stand."""
        self._before = read_counters(session)

    def add(self, session: Session) -> None:
        """Note what a sample has added to them."""
        now = read_counters(session)
        for name, values in self._samples.items():
            values.append((now[name] - self._before[name]) % (1 << 8 * COUNTER_BYTES[name]))
        self._before = now

    def profile(self, clock_hz: int) -> DeviceProfile:
        """Return all of it."""
        found = {name: np.array(values, np.int64) for name, values in self._samples.items()}
        return DeviceProfile(**found, clock_hz=clock_hz)


def read_counters(session: Session) -> dict[str, int]:
    """Return the numbers of `Page.COUNTERS` by their names.

    Raises
    ------
    LinkError, LineLost
        Where the board doesn't say them.
    """
    (page,) = session.pages(Page.COUNTERS)
    found, at = {}, 0
    for name, size in COUNTER_BYTES.items():
        found[name] = int.from_bytes(page[at : at + size], "little")
        at += size
    return found
