"""The speed of a line is found where nobody says it."""

import pytest
from served import BAUD, BOARD, planned
from somagate.boards.build import BuildParameters
from somagate.host import session, speed
from somagate.host.device import PlanDevice
from somagate.host.line import SerialLine, UnsupportedSpeedError
from somagate.host.serving import Served
from somagate.host.session import DeviceError
from somagate.host.virtual_board import VirtualBoard
from tiny_tables import tiny


class PickyLine(SerialLine):
    """A port of an adapter without some speeds, whose board hears only one."""

    def __init__(self, port: str, baud: int) -> None:
        if baud > 6_000_000:
            raise UnsupportedSpeedError(22, f"must be a port whose adapter does {baud} baud", port)
        super().__init__(port, baud)
        self._heard = baud == BAUD

    def write(self, data: bytes) -> None:
        """Send bytes, or noise."""
        super().write(data if self._heard else bytes(byte ^ 0x5A for byte in data))


def test_speeds_are_tried_until_the_board_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "SerialLine", PickyLine)
    monkeypatch.setattr(speed, "_PATIENCE_SECONDS", 0.05)
    plan = planned(tiny())
    with Served(VirtualBoard(plan, BOARD, BuildParameters(baud=BAUD))) as board:
        with PlanDevice(board.port, plan, baud=speed.SPEEDS) as device:
            assert device.baud == BAUD
            assert device.identify().tables == tiny().sha256
        with pytest.raises(DeviceError) as caught:
            PlanDevice(board.port, plan, baud=[12_000_000, 9600, 19_200])
        assert str(caught.value) == (
            f"the board on {board.port} must answer, but doesn't at 9600, 19200 baud: is a "
            "bitstream on it, is this its port, or which speed was it built for?"
        )
        with pytest.raises(OSError, match="must be a port whose adapter does 12000000 baud"):
            PlanDevice(board.port, plan, baud=12_000_000)


def test_a_speed_that_a_port_cannot_have_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import serial

    def refuse(*_: object, **__: object) -> None:
        raise ValueError("Failed to set custom baud rate")

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(UnsupportedSpeedError) as caught:
        SerialLine("/dev/ttyX", 12_345_678)
    assert str(caught.value) == (
        "[Errno 22] must be a port whose adapter does 12345678 baud: '/dev/ttyX'"
    )
