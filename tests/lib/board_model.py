"""A board by the rules of docs/wire.md alone: what its gates are compared with.

It sees one frame after the other, and is through with each before the next comes, so nothing ever
waits for room.
"""

from collections import deque
from collections.abc import Callable, Iterator

from somagate.boards.wire.protocol import (
    AGAIN,
    HEADER_BYTES,
    PAGE_BYTES,
    SLOTS,
    Command,
    Kind,
    Page,
    Status,
)
from somagate.host.frames import checked, opened


class BoardModel:
    """A board that can't be loaded.

    Parameters
    ----------
    description, identity
        Bytes of `Page.DESCRIPTION`, and those of `Page.SHAPE` and `Page.TABLES`.
    inference_bytes
        That are the words of an inference.
    infer
        Returns the answer to them as payloads of frames, the last of which ends it.
    modes
        That it takes, of which none changes the answers.
    """

    def __init__(
        self,
        description: bytes,
        identity: bytes,
        inference_bytes: int,
        infer: Callable[[bytes], list[bytes]],
        modes: int = 0,
    ) -> None:
        self._pages = {
            Page.DESCRIPTION: description.ljust(PAGE_BYTES, b"\0"),
            Page.SHAPE: identity[:PAGE_BYTES],
            Page.TABLES: identity[PAGE_BYTES:],
        }
        self._size, self._infer, self._modes = inference_bytes, infer, modes
        self._expected = 0
        self._greeted = False
        self._restart()

    def _restart(self) -> None:
        self._words = b""
        self._begun = False
        self._number = self._base = 0
        self._kept: list[bytes] = []  # frames of answers, from `_base` on
        self._due: deque[tuple[bytes, Kind]] = deque()  # what no slot is free for

    @property
    def number(self) -> int:
        """Of the next answer."""
        return self._number

    @property
    def crowded(self) -> bool:
        """No slot is free: further answers wait, and so would the frames behind them."""
        return len(self._kept) == SLOTS

    def take(self, data: bytes) -> list[bytes]:
        """Return the frames that the board answers a frame with, without their ends; both stuffed.

        Parameters
        ----------
        data
            What came between two ends.
        """
        body = opened(data)
        if body is None or len(body) < HEADER_BYTES:
            return []
        number, wanted, command = body[:HEADER_BYTES]
        if command & ~AGAIN == Command.HELLO:
            self._expected, self._greeted = 0, True
            self._restart()
            return [self._info(Page.DESCRIPTION)]
        said = self._acknowledged(wanted, bool(command & AGAIN))
        said += self._spoken()
        state = Status.LOADED | Status.GREETED * self._greeted
        events: list[bytes] = []
        if command & ~AGAIN == Command.POLL:
            pass
        elif number != self._expected or not self._greeted:
            state |= Status.ORDER
        else:
            self._expected = (self._expected + 1) % 256
            payload = body[HEADER_BYTES:]
            if command & ~AGAIN == Command.ASK:
                if payload and payload[0] in self._pages:
                    events = [self._info(Page(payload[0]))]
                elif payload:
                    state |= Status.UNKNOWN
            elif command & ~AGAIN == Command.INPUT:
                self._take_words(payload)
            elif command & ~AGAIN == Command.MODE and self._modes:
                if payload and (self._begun or payload[0] & ~int(self._modes)):
                    state |= Status.UNKNOWN
            elif payload:
                state |= Status.UNKNOWN
        said = [*said, self._frame(bytes([state]), Kind.STATUS), *events]
        return [*said, *self._spoken()]

    def _acknowledged(self, wanted: int, again: bool) -> list[bytes]:
        """Forget answers before the wanted one, and return those that are sent once more."""
        asked = (self._number - wanted) % (2 * SLOTS)
        if asked > len(self._kept):
            return []
        self._kept = self._kept[len(self._kept) - asked :]
        return list(self._kept) if again else []

    def _take_words(self, payload: bytes) -> None:
        self._words += payload
        self._begun |= bool(payload)
        while len(self._words) >= self._size:
            *parts, last = self._infer(self._words[: self._size])
            self._due += [*((part, Kind.PART) for part in parts), (last, Kind.ANSWER)]
            self._words = self._words[self._size :]

    def _spoken(self) -> list[bytes]:
        """Return the frames of answers for which slots are free."""
        return list(self._speak())

    def _speak(self) -> Iterator[bytes]:
        while self._due and len(self._kept) < SLOTS:
            payload, kind = self._due.popleft()
            self._kept.append(self._frame(payload, kind))
            self._number = (self._number + 1) % 256
            yield self._kept[-1]

    def _info(self, page: Page) -> bytes:
        return self._frame(bytes([page]) + self._pages[page], Kind.INFO)

    def _frame(self, payload: bytes, kind: Kind) -> bytes:
        body = bytes([self._expected]) + payload + bytes([self._number, kind])
        return checked(body)[:-1]
