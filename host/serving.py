"""A virtual board behind a pseudo-terminal: any program takes it for a board on a port."""

import os
import random
import select
import threading
import time
import tty
from dataclasses import dataclass, replace
from pathlib import Path

from .frames import END
from .virtual_board import VirtualBoard

SLICE_SECONDS = 4e-5
"""Of simulated time that passes between two looks at the port."""
QUIET_SECONDS = 5e-6
"""Of simulated time in which nothing happens, after which the port is looked at."""
IDLE_SECONDS = 0.02
"""Of real time, between two looks at a port where nothing happens."""


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What goes wrong on a line, at random.

    Attributes
    ----------
    corrupt
        Of bytes each way, the share that has a bit flipped.
    drop
        Of frames each way, the share that is left out.
    unplug
        Of frames each way, the share at which the port goes away and comes back, and the board
        loses its power.
    seed
        Of the draws.
    """

    corrupt: float = 0.0
    drop: float = 0.0
    unplug: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("corrupt", "drop", "unplug"):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise ValueError(f"Faults {name} must be 0 up to below 1, not {value}")


class FaultyLine:
    """Bytes as they arrive on a line with faults.

    Attributes
    ----------
    corrupted, dropped, unplugged
        Bytes, frames and times.
    """

    def __init__(self, faults: Faults) -> None:
        self._faults, self._random = faults, random.Random(faults.seed)
        self._dropping = False
        self.corrupted = self.dropped = self.unplugged = 0

    def passed(self, data: bytes) -> tuple[bytes, bool]:
        """Return what arrives of bytes, and whether the port goes away behind them."""
        faults, draw = self._faults, self._random.random
        result = bytearray()
        for byte in data:
            if not self._dropping:
                if faults.corrupt and draw() < faults.corrupt:
                    self.corrupted += 1
                    byte ^= 1 << self._random.randrange(8)
                result.append(byte)
            if byte == END[0]:
                self._dropping = bool(faults.drop) and draw() < faults.drop
                self.dropped += self._dropping
                if faults.unplug and draw() < faults.unplug:
                    self.unplugged += 1
                    return bytes(result), True
        return bytes(result), False


class Served:
    """A virtual board on a pseudo-terminal, in a thread of its own.

    Parameters
    ----------
    board
        Which; it is closed with this.
    link
        A path that leads to the port, also once it has been away: a pseudo-terminal's own name
        changes. None makes none, and then nothing may be unplugged.
    faults
        What goes wrong on the line.
    real_time
        Simulated seconds last as long as real ones, at least; otherwise as fast as it goes.

    Attributes
    ----------
    port
        The port's name.
    lines
        The line to the board and that from it.
    """

    AWAY_SECONDS = 0.1

    def __init__(
        self,
        board: VirtualBoard,
        *,
        link: Path | None = None,
        faults: Faults | None = None,
        real_time: bool = False,
    ) -> None:
        faults = faults or Faults()
        if faults.unplug and link is None:
            raise ValueError(
                "link must be given where a port is unplugged, as its own name changes then"
            )
        if link is not None and (link.exists() or link.is_symlink()):
            raise FileExistsError(f"{link} must not exist, as it will lead to the port")
        self._board, self._link, self._real_time = board, link, real_time
        self.lines = (
            FaultyLine(faults),
            FaultyLine(replace(faults, seed=faults.seed + 1)),
        )
        self._cycles = [int(time * board.clock_hz) for time in (SLICE_SECONDS, QUIET_SECONDS)]
        self._stop = threading.Event()
        self.error: Exception | None = None
        self._ends: list[int] = []
        self._linked = False
        self._open()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def __enter__(self) -> "Served":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.close()

    def close(self) -> None:
        """Take the port away, and end the simulation."""
        self._stop.set()
        self._thread.join()

    def _open(self) -> None:
        self._master, slave = os.openpty()
        self._ends = [self._master, slave]
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(slave)
        if self._link is not None:
            self._link.symlink_to(self.port)
            self._linked = True
            self.port = str(self._link)

    def _shut(self) -> None:
        if self._link is not None and self._linked:
            self._link.unlink(missing_ok=True)
            self._linked = False
        while self._ends:
            os.close(self._ends.pop())

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                if self._turn():
                    self._shut()
                    self._board.restart()
                    time.sleep(self.AWAY_SECONDS)
                    self._open()
        except Exception as error:  # told by who waits for the board
            self.error = error
        finally:
            self._shut()
            self._board.close()

    def _turn(self) -> bool:
        """Let a little time pass; return whether the port goes away."""
        started, cycles = time.monotonic(), self._board.cycles
        to_board, from_board = self.lines
        coming, unplugged = to_board.passed(self._read())
        self._board.send(coming)
        given, also = from_board.passed(self._board.run(*self._cycles))
        self._write(given)
        passed = (self._board.cycles - cycles) / self._board.clock_hz
        if self._real_time and (rest := passed - (time.monotonic() - started)) > 0:
            time.sleep(rest)
        if not (coming or given or self._board.busy):
            select.select([self._master], [], [], IDLE_SECONDS)
        return unplugged or also

    def _read(self) -> bytes:
        try:
            return os.read(self._master, 4096)
        except (BlockingIOError, OSError):
            return b""

    def _write(self, data: bytes) -> None:
        while data and not self._stop.is_set():
            try:
                data = data[os.write(self._master, data) :]
            except BlockingIOError:
                select.select([], [self._master], [], IDLE_SECONDS)
