"""Inference on a board, from Python: the other end of the line of `somagate.boards.top`."""

from types import TracebackType
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..hw.plan import Plan
from .top import FAILURE, FRAME_ERROR, OVERRUN

BREAK_SECONDS = 0.05
"""A break needs 19.5 bits; this also outlasts the 16 ms that a USB adapter may keep a byte back."""

_REASONS = {
    OVERRUN: "words came faster than the accelerator took them: use a lower baud rate",
    FRAME_ERROR: "a byte arrived damaged: is the baud rate that of the bitstream?",
}


class DeviceError(RuntimeError):
    """The board did not answer, or answered with a failure."""


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
    """

    def __init__(self, line: Line, plan: Plan) -> None:
        self._line = line
        self._plan = plan
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
        array = np.asarray(x)
        classes = [self._infer(array[:, sample]) for sample in range(array.shape[1])]
        return np.array(classes, np.int64)

    def _infer(self, sample: NDArray[np.generic]) -> int:
        """Return the class of one sample, (steps, *input shape)."""
        size = -(-self._plan.word_bits // 8)
        words = self._plan.pack_input(sample)
        self._line.write(b"".join(word.to_bytes(size, "little") for word in words))
        answer = self._line.read(1)
        if not answer:
            self.restart()
            raise DeviceError(
                "The board must answer in time, but sent nothing: is this bitstream on it, and is "
                "this its port?"
            )
        if answer[0] & FAILURE:
            self.restart()
            reasons = [text for bit, text in _REASONS.items() if answer[0] & bit]
            raise DeviceError(f"The board failed: {'; '.join(reasons)}")
        return answer[0]
