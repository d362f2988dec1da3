"""Inference on a board, from Python: the other end of the line of `somagate.boards.top`."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..export.tables import Tables
from ..hw.plan import loading
from ..hw.plan.identity import shape_sha256
from ..hw.plan.plan import Plan
from . import commands
from .top import FAILURE, FRAME_ERROR, OVERRUN

BREAK_SECONDS = 0.05
"""A break needs 19.5 bits; this also outlasts the 16 ms that a USB adapter may keep a byte back."""

_REASONS = {
    OVERRUN: "words came faster than the accelerator took them: use a lower baud rate",
    FRAME_ERROR: "a byte arrived damaged: is the baud rate that of the bitstream?",
    commands.NOT_LOADED: "no tables are loaded: load them first",
    commands.CHECKSUM: "what was loaded arrived damaged: load it again",
    commands.NO_MEMORY: "what was loaded is for memories that this bitstream does not have",
    commands.NO_COMMAND: "it does not know the command: is this bitstream on it?",
}

_BLOCK_BYTES = 1024
"""Bytes written between two reports of progress: 90 ms at 115,200 baud."""


class DeviceError(RuntimeError):
    """The board did not answer, or answered with a failure."""


@dataclass(frozen=True, kw_only=True)
class DeviceIdentity:
    """What a board says of itself.

    Attributes
    ----------
    shape
        `somagate.hw.plan.identity.shape_sha256` of the plan of its bitstream.
    tables
        SHA-256 of the tables that it runs, or '' where they must be loaded first.
    """

    shape: str
    tables: str


class Line(Protocol):
    """A serial port, as pyserial's ``Serial``."""

    def write(self, data: bytes, /) -> int | None:
        """Send bytes."""

    def read(self, size: int = 1, /) -> bytes:
        """Return that many bytes, or fewer when the port's timeout has passed."""

    def send_break(self, duration: float) -> None:
        """Hold the line low for that many seconds."""

    def reset_input_buffer(self) -> None:
        """Forget what arrived and was not read."""

    def close(self) -> None:
        """Close the port."""


def connect(port: str, baud: int = 115200, timeout_seconds: float = 10) -> Line:
    """Open a serial port such as '/dev/ttyUSB1'.

    Parameters
    ----------
    port
        The port's name.
    baud
        As the bitstream was built.
    timeout_seconds
        How long a board may take for an answer once it has all words of an inference.
    """
    import serial

    line: Line = serial.Serial(port, baud, timeout=timeout_seconds)
    return line


class Device:
    """A board that runs a network.

    Parameters
    ----------
    line
        The port it is on; `connect` opens one.
    plan
        What its bitstream was built from.
    tables
        What was loaded into it before, if not the plan's own.

    Raises
    ------
    LoadError
        Where the tables don't fit the plan.
    """

    def __init__(self, line: Line, plan: Plan, tables: Tables | None = None) -> None:
        self._line = line
        self._plan = plan
        self._tables = tables or plan.tables
        self._running_plan = loading.load(plan, tables).plan if tables else plan
        self.restart()

    def __enter__(self) -> "Device":
        """Return the device itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the port."""
        self.close()

    def close(self) -> None:
        """Close the port."""
        self._line.close()

    def restart(self) -> None:
        """Bring the board to the start of an inference, whatever happened before."""
        self._line.send_break(BREAK_SECONDS)
        self._line.reset_input_buffer()
        self._runs = not self._plan.configurable

    def identify(self) -> DeviceIdentity:
        """Return what is on the board; it then waits for the start of an inference.

        Raises
        ------
        DeviceError
            If the plan is not loadable, so the bitstream does not say, or the board does not
            answer.
        """
        if not self._plan.configurable:
            raise DeviceError("Plan loadable must be True for a board to say what it runs")
        self.restart()
        self._line.write(commands.IDENTIFY)
        answer = self._line.read(commands.IDENTITY_BYTES + 1)
        if len(answer) <= commands.IDENTITY_BYTES:
            self._fail(answer)
        half = commands.IDENTITY_BYTES // 2
        tables = answer[half : 2 * half].hex() if answer[-1] else ""
        return DeviceIdentity(shape=answer[:half].hex(), tables=tables)

    def load(self, tables: Tables, *, progress: Callable[[int, int], None] | None = None) -> None:
        """Load tables, which the board runs from then on, until its power goes.

        Parameters
        ----------
        tables
            Of the shape of the plan's, or a smaller one.
        progress
            Told the bytes sent, and all of them.

        Raises
        ------
        LoadError
            Where the tables don't fit the plan.
        DeviceError
            Where the bitstream has another shape than the plan, or the board reports a failure.
        """
        loaded = loading.load(self._plan, tables)
        found, shape = self.identify(), shape_sha256(self._plan)
        if found.shape != shape:
            raise DeviceError(
                f"The board's shape must be {shape[:12]} for tables {tables.sha256[:12]}, "
                f"not {found.shape[:12]}: its bitstream was built from another plan"
            )
        words = [*loaded.words, commands.END_WORD]
        data = b"".join(word.to_bytes(4, "little") for word in words)
        data = commands.LOAD + data + zlib.crc32(data).to_bytes(4, "little")
        for first in range(0, len(data), _BLOCK_BYTES):
            self._line.write(data[first : first + _BLOCK_BYTES])
            if progress is not None:
                progress(min(first + _BLOCK_BYTES, len(data)), len(data))
        answer = self._line.read(1)
        if answer != bytes([commands.DONE]):
            self._fail(answer)
        self._tables, self._running_plan = tables, loaded.plan

    def predict(self, x: ArrayLike) -> NDArray[np.int64]:
        """Return the class of each sample of `x`, (batch,).

        Parameters
        ----------
        x
            Integers (steps, batch, *input shape), as for `somagate.sim.golden.run`.

        Raises
        ------
        DeviceError
            If the board doesn't answer in time or reports a failure; it is then restarted.
        ValueError
            If `x` is not an input of the network.
        """
        array, steps = np.asarray(x), self._tables.steps
        if array.ndim < 2 or len(array) != steps:
            raise ValueError(
                f"x must have {steps} steps on its first axis, not shape {array.shape}"
            )
        self._start()
        classes = [self._infer(array[:, sample]) for sample in range(array.shape[1])]
        return np.array(classes, np.int64)

    def _start(self) -> None:
        """Have what follows on the line taken for inferences, by the tables that we know of."""
        if self._runs:
            return
        found = self.identify().tables
        if found not in ("", self._tables.sha256):
            raise DeviceError(
                f"The board must run tables {self._tables.sha256[:12]}, not {found[:12]}: load "
                "them, or say which are loaded"
            )
        self._line.write(commands.RUN)
        self._runs = True

    def _fail(self, answer: bytes) -> NoReturn:
        """Raise what an answer says that should have been another, and restart the board."""
        self.restart()
        # A failure is one byte; what was cut short, such as an identity, can start with any.
        if len(answer) != 1 or not answer[0] & FAILURE:
            raise DeviceError(
                "The board must answer in time, but sent "
                f"{f'only {len(answer)} bytes' if answer else 'nothing'}: is this bitstream on "
                "it, and is this its port?"
            )
        reasons = [text for bit, text in _REASONS.items() if answer[0] & bit]
        raise DeviceError(f"The board failed: {'; '.join(reasons)}")

    def _infer(self, sample: NDArray[np.generic]) -> int:
        """Return the class of one sample, (steps, *input shape)."""
        size = -(-self._plan.word_bits // 8)
        words = self._running_plan.pack_input(sample)
        self._line.write(b"".join(word.to_bytes(size, "little") for word in words))
        answer = self._line.read(1)
        if not answer or answer[0] & FAILURE:
            self._fail(answer)
        return answer[0]
