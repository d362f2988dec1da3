"""A conversation with a board: a line, its link, and what is begun anew where they fail."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..boards.wire.protocol import VERSION, Command, Extra, Page, Status
from .line import Line, LineLost, SerialLine, reopened
from .link import Link, LinkError

TRIES = 8
"""How often in a row work is begun anew without any of it getting done."""


class DeviceError(RuntimeError):
    """The board can't do what is asked, or doesn't answer."""


@dataclass(frozen=True, kw_only=True)
class DeviceIdentity:
    """What a board says of itself.

    Attributes
    ----------
    shape
        `somagate.hw.plan.identity.shape_sha256` of the plan of its bitstream.
    tables
        SHA-256 of the tables that it runs, or '' where they must be loaded first.
    clock_hz
        Of its accelerator, to the kHz.
    """

    shape: str
    tables: str
    clock_hz: int


class Session:
    """A board on a line.

    Parameters
    ----------
    line
        The port it is on, opened; or a port's name, which is opened again where it goes away.
    baud
        Of the line.
    timeout
        Seconds that a port may be away.
    link
        Of the line.

    Attributes
    ----------
    baud, link
        Of the line.
    restarts
        How often it had to start anew.
    greetings
        How often the board was greeted; between two of them it may have become another one.
    mode
        That the board is put into when it is greeted; see `enter`.
    """

    def __init__(self, line: Line | str, baud: int, timeout: float, link: Link) -> None:
        self._port, self.baud = (line if isinstance(line, str) else None), baud
        self._timeout = timeout
        self._line: Line = SerialLine(line, baud) if isinstance(line, str) else line
        self.link = link
        self.restarts = self.greetings = 0
        self.mode = Extra(0)
        self._closed = False

    def close(self) -> None:
        """Close the port, for good."""
        self._closed = True
        self._line.close()

    def identify(self) -> DeviceIdentity:
        """Return what is on the board.

        Raises
        ------
        DeviceError
            If it does not answer.
        """
        found: list[DeviceIdentity] = []
        self.again(lambda: found.append(self.ask()))
        return found[0]

    def again(self, work: Callable[[], None], done: Callable[[], int] = lambda: 0) -> None:
        """Do work, and begin it anew where the line fails, until nothing of it gets `done`.

        Raises
        ------
        DeviceError
            Where it fails `TRIES` times in a row, or the port doesn't come back.
        """
        tries, before = 0, done()
        while True:
            try:
                if tries:
                    self.greet()
                work()
                return
            except LineLost as error:
                self._reopen(error)
                failure: Exception = error
            except LinkError as error:
                failure = error
            tries, before = (tries + 1 if done() == before else 1), done()
            self.restarts += 1
            if tries > TRIES:
                raise DeviceError(str(failure)) from None

    def _reopen(self, error: LineLost) -> None:
        """Open a port again that went away."""
        self._line.close()
        if self._port is None:
            raise DeviceError(f"the line must stay open, but is lost: {error}") from None
        try:
            self._line = reopened(self._port, self.baud, self._timeout)
        except OSError:
            raise DeviceError(
                f"{self._port} must come back within {self._timeout:g} s, but is gone: is the "
                "board plugged in?"
            ) from None

    def serve(self, done: Callable[[], bool], seconds: float) -> bool:
        """Let the link work until something is done, or so many seconds have passed."""
        if self._closed:
            raise DeviceError("the device must be open, but was closed")
        end = time.monotonic() + seconds
        while not done():
            now = time.monotonic()
            if now > end:
                return False
            if data := self.link.give(now):
                self._line.write(data)
            if data := self._line.read():
                self.link.take(data, time.monotonic())
        return True

    def greet(self) -> None:
        """Have the board start anew.

        Raises
        ------
        LinkError, LineLost
            Where it doesn't.
        DeviceError
            Where it speaks another version of the protocol.
        """
        self.link.hello(time.monotonic())
        self.serve(lambda: not self.link.busy, math.inf)
        version = self.link.pages[Page.DESCRIPTION][0]
        if version != VERSION:
            raise DeviceError(
                f"the board must speak version {VERSION} of the protocol, not {version}: build its "
                "bitstream again"
            )
        self.greetings += 1
        if self.mode:
            self.link.say(Command.MODE, bytes([self.mode]))

    @property
    def extras(self) -> Extra:
        """What the board has beyond inferences."""
        return Extra(self.link.pages[Page.DESCRIPTION][10])

    @property
    def clock_hz(self) -> int:
        """Of the board's accelerator, to the kHz."""
        return 1000 * int.from_bytes(self.link.pages[Page.DESCRIPTION][7:10], "little")

    def enter(self, mode: Extra) -> None:
        """Put the board into a mode that it has; it is greeted where it is in another."""
        if mode != self.mode:
            self.mode = mode
            self.again(self.greet)

    def ask(self) -> DeviceIdentity:
        """Return what is on the board.

        Raises
        ------
        LinkError, LineLost
            Where it doesn't say so.
        """
        shape, tables = self.pages(Page.SHAPE, Page.TABLES)
        loaded = Status.LOADED in self.link.state
        return DeviceIdentity(
            shape=shape.hex(), tables=tables.hex() if loaded else "", clock_hz=self.clock_hz
        )

    def pages(self, *wanted: Page) -> list[bytes]:
        """Return pages; what is lost of them is asked for again.

        Raises
        ------
        LinkError, LineLost
            Where the board doesn't say them.
        """
        link = self.link
        for page in wanted:
            link.pages.pop(page, None)
        for _ in range(TRIES):
            missing = [page for page in wanted if page not in link.pages]
            for page in missing:
                link.ask(page)
            if self.serve(
                lambda: not link.busy and all(page in link.pages for page in wanted),
                link.pace.patience,
            ):
                return [link.pages[page] for page in wanted]
        raise LinkError("the board must say what it is, but what it says doesn't arrive")
