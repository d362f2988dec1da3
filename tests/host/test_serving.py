"""A virtual board behind a port: what goes wrong on it changes no answer."""

import os
import re
import time
from pathlib import Path

import numpy as np
import pytest
from served import BAUD, BOARD, planned
from somagate.boards.build import BuildParameters
from somagate.host.device import PlanDevice
from somagate.host.frames import END
from somagate.host.serving import Faults, FaultyLine, Served
from somagate.host.session import DeviceError
from somagate.host.virtual_board import VirtualBoard
from somagate.sim.golden import golden
from tiny_tables import tiny


def served(**more: object) -> Served:
    return Served(VirtualBoard(planned(tiny()), BOARD, BuildParameters(baud=BAUD)), **more)


def spikes(count: int) -> np.ndarray:
    return (np.random.default_rng(1).random((4, count, 1, 8, 8)) < 0.4).astype(np.uint8)


def test_a_port_that_goes_away_is_opened_again(tmp_path: Path) -> None:
    x = spikes(120)
    trace = golden.run(tiny(), x)
    faults = Faults(corrupt=0.005, drop=0.002, unplug=0.01, seed=2)
    with served(link=tmp_path / "port", faults=faults) as board:
        with PlanDevice(board.port, planned(tiny()), baud=BAUD, patience=0.1) as device:
            answers = device.predict(x)
        assert np.array_equal(answers.output, trace.output)
        assert np.array_equal(answers.prediction, trace.prediction)
        assert sum(line.unplugged for line in board.lines) >= 1 and answers.restarts >= 1
        assert board.error is None
    assert not (tmp_path / "port").exists()


def test_a_port_that_does_not_come_back_is_an_error(tmp_path: Path) -> None:
    board = served(link=tmp_path / "port")
    device = PlanDevice(board.port, planned(tiny()), baud=BAUD, timeout=0.3)
    board.close()
    message = f"{tmp_path}/port must come back within 0.3 s, but is gone: is the board plugged in?"
    with pytest.raises(DeviceError, match=f"^{re.escape(message)}$"):
        device.predict(spikes(3))


def test_what_takes_the_place_of_a_link_stays_and_ends_the_board(tmp_path: Path) -> None:
    link = tmp_path / "port"
    with served(link=link, faults=Faults(unplug=0.9)) as board:
        port = os.open(link, os.O_RDWR | os.O_NOCTTY)
        os.write(port, END * 20)
        while link.is_symlink():
            time.sleep(0.001)
        link.write_text("mine", encoding="utf-8")
        while board.error is None:
            time.sleep(0.01)
        os.close(port)
    assert isinstance(board.error, FileExistsError)
    assert link.read_text(encoding="utf-8") == "mine"


def test_a_line_is_as_bad_as_is_asked() -> None:
    data = (bytes(range(1, 100)) + END) * 300
    assert FaultyLine(Faults()).passed(data) == (data, False)
    line = FaultyLine(Faults(corrupt=0.01, seed=1))
    passed, away = line.passed(data)
    assert len(passed) == len(data) and not away
    wrong = [bin(a ^ b).count("1") for a, b in zip(passed, data, strict=True) if a != b]
    assert set(wrong) == {1} and 200 < len(wrong) == line.corrupted < 400
    line = FaultyLine(Faults(drop=0.1, seed=1))
    frames = line.passed(data)[0].split(END)[:-1]
    assert set(frames) == {bytes(range(1, 100))} and 10 < 300 - len(frames) == line.dropped < 60
    line = FaultyLine(Faults(unplug=0.5, seed=1))
    ends = [line.passed(data)[1] for _ in range(20)]
    assert all(ends) and line.unplugged == 20


@pytest.mark.parametrize("name", ["corrupt", "drop", "unplug"])
def test_faults_are_shares(name: str) -> None:
    message = f"Faults {name} must be 0 up to below 1, not -0.1"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Faults(**{name: -0.1})
