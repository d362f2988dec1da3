"""Serial lines: what a link needs of one, and the ports of this machine."""

import errno
import time
from dataclasses import dataclass
from typing import Any, Protocol

WAIT_SECONDS = 0.002
"""That a line is listened to before the link is asked again what to say."""
READ_BYTES = 4096
FULL_SECONDS = 10.0
"""That a port may take nothing before it counts as gone."""


class LineLost(OSError):
    """The port went away: unplugged, or its other end was closed."""


class UnsupportedSpeedError(OSError):
    """The adapter can't have the speed that is wanted."""


class Line(Protocol):
    """Bytes to a board and back."""

    def write(self, data: bytes, /) -> None:
        """Send bytes.

        Raises
        ------
        LineLost
            Where the port has gone.
        """

    def read(self, /) -> bytes:
        """Return what has come, after `WAIT_SECONDS` at the latest.

        Raises
        ------
        LineLost
            Where the port has gone.
        """

    def close(self) -> None:
        """Close it."""


class SerialLine:
    """A serial port by pyserial, such as '/dev/ttyUSB1', or a pseudo-terminal.

    Parameters
    ----------
    port
        Its name.
    baud
        Bits a second, as the bitstream was built.

    Raises
    ------
    OSError
        Where there is no such port, another program has it, or its adapter can't have the speed.
    ModuleNotFoundError
        Without pyserial.
    """

    def __init__(self, port: str, baud: int) -> None:
        import serial

        self._lost: tuple[type[Exception], ...] = (serial.SerialException, OSError, TypeError)
        try:
            self._serial: Any = serial.Serial(
                port, baud, timeout=WAIT_SECONDS, write_timeout=FULL_SECONDS, exclusive=True
            )
        except serial.SerialException as error:
            raise OSError(
                getattr(error, "errno", None) or errno.ENXIO,
                "must be a serial port that no other program has open; `somagate ports` lists them",
                port,
            ) from None
        except ValueError:
            raise UnsupportedSpeedError(
                errno.EINVAL, f"must be a port whose adapter does {baud} baud", port
            ) from None

    def write(self, data: bytes) -> None:
        """Send bytes."""
        try:
            self._serial.write(data)
        except self._lost as error:
            raise LineLost(str(error)) from None

    def read(self) -> bytes:
        """Return what has come."""
        try:
            first: bytes = self._serial.read(1)
            waiting = self._serial.in_waiting if first else 0
            return first + (self._serial.read(min(waiting, READ_BYTES)) if waiting else b"")
        except self._lost as error:
            raise LineLost(str(error)) from None

    def close(self) -> None:
        """Close the port."""
        self._serial.close()


@dataclass(frozen=True, kw_only=True)
class Port:
    """A serial port of this machine.

    Attributes
    ----------
    name
        As `SerialLine` takes it.
    title
        What the adapter says that it is.
    serial
        The adapter's serial number, '' where it has none.
    """

    name: str
    title: str
    serial: str


def ports() -> list[Port]:
    """Return the serial ports of this machine that a board can be on; needs pyserial."""
    from serial.tools import list_ports

    return [
        Port(name=port.device, title=port.description or "", serial=port.serial_number or "")
        for port in sorted(list_ports.comports(), key=lambda port: str(port.device))
        if port.vid is not None
    ]


def reopened(port: str, baud: int, seconds: float) -> SerialLine:
    """Return a port that went away, once it is there again.

    Raises
    ------
    OSError
        Where it isn't within `seconds`.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            return SerialLine(port, baud)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
