"""How fast a link may go: what the frames that arrive say of the line."""

from collections import deque
from dataclasses import dataclass

from ..boards.wire.protocol import (
    CRC_BYTES,
    HEADER_BYTES,
    SLOT_BYTES,
    SLOTS,
    Command,
)
from .frames import MOST_PAYLOAD

WINDOW, BAD_WINDOW = 32, 2
"""Frames that may be on their way, also on a bad line; the board's numbers are modulo 256."""
BAD_PAYLOAD = 24
"""Of frames on a bad line: 33 bytes, of which 72 % arrive where 1 % of bytes are damaged."""
LEAST_SILENCE = 0.004
"""Seconds; programs and adapters keep bytes back for a while."""
RECENT = 32
"""The last frames, by which a line is a good or a bad one."""
BAD = 4
"""Of the recent frames, those that had to be repeated and make a line a bad one."""
STUFFING_BYTES = 2
"""That COBS adds to a frame, its end included."""


@dataclass
class Frame:
    number: int
    command: Command
    payload: bytes
    inference: int
    sent: float = 0.0
    repeated: bool = False

    @property
    def room(self) -> int:
        """Bytes that it takes while it waits on the board: itself and its length."""
        return len(self.payload) + HEADER_BYTES + CRC_BYTES


class Pace:
    """What is known of a line.

    Parameters
    ----------
    patience
        The most seconds without a word before something is said once more.
    byte_seconds
        That a byte is on the line, 0 where that is not known.

    Attributes
    ----------
    bad
        Frames have to be repeated, so they are short and few until they don't.
    """

    def __init__(self, patience: float, byte_seconds: float) -> None:
        self.patience, self._byte_seconds = patience, byte_seconds
        self.bad = False
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self._round = 0.0  # seconds from a frame to the word that the board has it

    @property
    def window(self) -> int:
        """Frames that may be on their way."""
        return BAD_WINDOW if self.bad else WINDOW

    @property
    def most_payload(self) -> int:
        """Bytes of a frame's payload."""
        return BAD_PAYLOAD if self.bad else MOST_PAYLOAD

    def taken(self, frame: Frame, now: float) -> None:
        """Learn from a frame that the board has."""
        self._recent.append(frame.repeated)
        if not frame.repeated:
            self._round += (now - frame.sent - self._round) / 8
        many = sum(self._recent)
        if many > BAD:
            self.bad = True
        elif not many and len(self._recent) == RECENT:
            self.bad = False

    def turn(self, flying: deque[Frame], tries: int) -> float:
        """Return the seconds after which what is on the line, and its answers, have arrived.

        It is taken to be longer with each try that nothing came of: repeated frames don't tell
        (P. Karn and C. Partridge, "Improving Round-Trip Time Estimates in Reliable Transport
        Protocols", SIGCOMM 1987).
        """
        size = sum(frame.room + STUFFING_BYTES for frame in flying) + SLOTS * SLOT_BYTES
        least = max(1.5 * self._round, 2 * size * self._byte_seconds)
        return float(min(self.patience / 2, least * 2.0 ** min(tries, 16)))

    def silence(self, flying: deque[Frame], tries: int) -> float:
        """Return the seconds without a word after which something is said once more.

        It is longer with each try that nothing came of.
        """
        if not self._round:
            return self.patience
        least = LEAST_SILENCE * 2.0 ** min(tries, 16)
        return float(min(self.patience, max(least, 2 * self.turn(flying, tries))))
