"""A link that survives faults: numbers, acknowledgements and repetition, without any port.

It is told what came and what time it is, and says what to send, so that a port, a simulation and a
test drive it alike. To the board go frames in order, and back to the first that it hasn't taken
where one is lost (go-back-N). From the board come answers in order, asked for once more where one
is missing.
"""

from collections import deque
from dataclasses import dataclass

from ..boards.wire.protocol import SLOTS, Command, Kind, Page, Status
from .frames import END, Reply, reply, request
from .pace import WINDOW, Frame, Pace

MOST_REST = 256
"""Bytes without an end that may be the start of a frame."""


class LinkError(RuntimeError):
    """The board did not answer, or answered what can't be."""


@dataclass
class Counts:
    """What happened on a link.

    Attributes
    ----------
    sent, repeated
        Frames to the board, and those of them that were sent once more.
    taken, damaged
        Frames from the board, and those that were dropped.
    """

    sent: int = 0
    repeated: int = 0
    taken: int = 0
    damaged: int = 0


class Link:
    """The host's end of a line.

    Parameters
    ----------
    patience
        The most seconds without a word from the board before something is said once more; less
        once it is known how long an answer takes.
    retries
        How often in a row nothing may come of that, before it is given up.
    byte_seconds
        That a byte is on the line, 0 where that is not known.
    answers_each
        Of an inference.

    Attributes
    ----------
    answers
        Whole answers that came, in order: values and class, as bytes.
    parts
        What has come of the next one.
    pages
        What the board said of itself since it was asked.
    expecting
        Answers that are still to come.
    state, events
        What the board said last of its state, and all of it since the last `hello`.
    counts
        What happened.
    pace
        What is known of the line.
    buffer_bytes
        Of frames that wait on the board, as it says itself. Frames of a further inference follow
        while those that aren't answered leave room for them.
    """

    def __init__(
        self, *, patience: float = 0.3, retries: int = 12, byte_seconds: float = 0.0,
        answers_each: int = 1,
    ) -> None:  # fmt: skip
        self.retries, self.pace = retries, Pace(patience, byte_seconds)
        self.answers_each = answers_each
        self.answers: deque[bytes] = deque()
        self.pages: dict[Page, bytes] = {}
        self.expecting = 0
        self.state = self.events = Status(0)
        self.counts = Counts()
        self.buffer_bytes = 0
        self._inference = self._answered = 0
        self._rooms: dict[int, int] = {}  # of the frames of each inference without an answer
        self._number = self._wanted = 0
        self._waiting: deque[Frame] = deque()  # said, and not yet on the line
        self._flying: deque[Frame] = deque()  # on the line, and not yet taken by the board
        self._greeting = self._poll = self._again = False
        self.parts = self._rest = b""
        self._tries = 0
        self._heard = 0.0  # when the board last said something, or was last asked to
        self._resume: float | None = None  # when to go back to what the board hasn't taken
        self._went_back = 0.0  # when it last did
        self._asked = 0.0  # when answers were last asked for once more

    @property
    def busy(self) -> bool:
        """Whether something was said that the board hasn't taken."""
        return bool(self._waiting or self._flying or self._greeting)

    @property
    def room(self) -> bool:
        """Whether the next should be said: little waits for the line."""
        return len(self._waiting) < WINDOW // 2

    def hello(self, now: float) -> None:
        """Start anew: the board forgets what is under way, and says what it is."""
        self._waiting.clear()
        self._flying.clear()
        self.answers.clear()
        self.pages.clear()
        self.expecting = 0
        self.state = self.events = Status(0)
        self.parts, self._wanted = b"", 0
        self._inference = self._answered = 0
        self._rooms.clear()
        self._greeting, self._poll, self._again, self._resume = True, False, False, None
        self._number = 0
        self._tries, self._heard = 0, now - self.pace.patience

    def ask(self, page: Page) -> None:
        """Ask what the board is; `pages` has it then."""
        self.pages.pop(page, None)
        self.say(Command.ASK, bytes([page]))

    def infer(self, payload: bytes) -> None:
        """Send the words of an inference, whose answer is expected then."""
        self.expecting += self.answers_each
        self.say(Command.INPUT, payload)
        self._inference += 1

    def say(self, command: Command, payload: bytes) -> None:
        """Send bytes of a command, in as many frames as they take."""
        most = self.pace.most_payload
        for first in range(0, len(payload), most):
            part = payload[first : first + most]
            self._waiting.append(Frame(-1, command, part, self._inference))

    def poll(self) -> None:
        """Have the board say its state."""
        self._poll = True

    def take(self, data: bytes, now: float) -> None:
        """Take bytes that came from the board.

        Raises
        ------
        LinkError
            Where it isn't where it should be: it has lost its power, for example.
        """
        *parts, self._rest = (self._rest + data).split(END)
        self._rest = self._rest[-MOST_REST:]
        for part in parts:
            found = reply(part)
            if found is None:
                self.counts.damaged += bool(part)
                continue
            self.counts.taken += 1
            self._take(found, now)

    def give(self, now: float) -> bytes:
        """Return bytes to send to the board now.

        Raises
        ------
        LinkError
            Where nothing has come of what was said, too often.
        """
        frames: list[bytes] = []
        if now - self._heard >= self._patience() and (
            self._greeting or self._flying or self.expecting or self._poll
        ):
            self._try()
            self._heard = now
            self._again, self._asked = not self._greeting, now
            if self._greeting:
                frames.append(request(0, 0, Command.HELLO))
            self._resume = now if self._flying else None
        if self._resume is not None and now >= self._resume:
            self._resume, self._went_back = None, now
            self._repeat(frames)
        while self._waiting and len(self._flying) < self.pace.window and self._flows:
            if not self._fits(self._waiting[0]):
                break
            frame = self._waiting.popleft()
            self._rooms[frame.inference] = self._rooms.get(frame.inference, 0) + frame.room
            frame.number, self._number = self._number, (self._number + 1) % 256
            frame.sent = now
            self._flying.append(frame)
            frames.append(self._made(frame))
        if (self._poll or self._again) and not frames:
            frames.append(request(self._number, self._wanted, Command.POLL, again=self._again))
            self._again = self._poll = False
        self.counts.sent += len(frames)
        return END * bool(frames) + b"".join(frames)

    @property
    def _flows(self) -> bool:
        return self._resume is None and not self._greeting

    def _fits(self, frame: Frame) -> bool:
        """Whether the board has room for a frame as far as is known."""
        others = sum(size for number, size in self._rooms.items() if number != frame.inference)
        mine = self._rooms.get(frame.inference, 0)
        return not others or others + mine + frame.room < self.buffer_bytes

    @property
    def _first(self) -> int:
        """The number of the first frame that the board hasn't taken."""
        return self._flying[0].number if self._flying else self._number

    def _patience(self) -> float:
        """Return the seconds without a word after which something is said once more."""
        if self._greeting:
            return self.pace.patience
        return self.pace.silence(self._flying, self._tries)

    def _made(self, frame: Frame) -> bytes:
        again, self._again, self._poll = self._again, False, False
        return request(frame.number, self._wanted, frame.command, frame.payload, again=again)

    def _repeat(self, frames: list[bytes]) -> None:
        """Go back to what the board hasn't taken."""
        self.counts.repeated += len(self._flying)
        for frame in self._flying:
            frame.repeated = True
            frames.append(self._made(frame))

    def _try(self) -> None:
        """Count what nothing has come of yet."""
        self._tries += 1
        if self._tries > self.retries:
            raise LinkError(
                f"the board must answer, but nothing came of what was said {self.retries} times: "
                "is this bitstream on it, is this its port, and its speed?"
            )

    def _take(self, found: Reply, now: float) -> None:
        self._heard = now
        if self._greeting:
            page = found.kind == Kind.INFO and found.payload[0] == Page.DESCRIPTION
            if page and found.expected == found.number == 0:
                self._greeting, self._tries = False, 0
                self.pages[Page.DESCRIPTION] = found.payload[1:]
                self.buffer_bytes = 1 << found.payload[4]
            return
        done, flying = (found.expected - self._first) % 256, len(self._flying)
        if 0 < done <= len(self._flying):
            self._tries = 0
            for _ in range(done):
                self.pace.taken(self._flying.popleft(), now)
        if not self._flying:
            self._tries = 0  # it is there, and at work
        if found.kind == Kind.STATUS:
            ahead = (found.number - self._wanted) % 256
            state = Status(found.payload[0])
            if Status.GREETED not in state or done > flying or ahead > SLOTS:
                raise LinkError("the board must go on where it was, but has started anew")
            self._status(state, now)
        elif found.kind == Kind.INFO:
            if found.payload[0] in list(Page):
                self.pages[Page(found.payload[0])] = found.payload[1:]
        elif found.number == self._wanted:
            self._wanted = (self._wanted + 1) % 256
            self.parts += found.payload
            self._poll, self._tries = True, 0
            if found.kind == Kind.ANSWER:
                self.answers.append(self.parts)
                self.expecting = max(0, self.expecting - 1)
                self._answered += 1
                self._rooms.pop(self._answered // self.answers_each - 1, None)
                self.parts = b""
        elif 0 < (found.number - self._wanted) % 256 < SLOTS and now - self._asked > self.pace.turn(
            self._flying, self._tries
        ):
            self._again, self._asked = True, now

    def _status(self, state: Status, now: float) -> None:
        self.state, self.events = state, self.events | state
        dropped = state & (Status.ORDER | Status.ROOM) and self._flying
        turn = self.pace.turn(self._flying, self._tries)
        # What is on the line behind a frame that was dropped will be dropped as well, and told so.
        if dropped and self._resume is None and now - self._went_back >= turn:
            self._resume = now + turn
            if state & Status.ORDER:
                self._try()
