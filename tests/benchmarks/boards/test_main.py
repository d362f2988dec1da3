"""Every board is built once, told in one table, and a board that isn't right is the exit status."""

import json
from pathlib import Path
from typing import Any

import pytest
from somagate.boards.flow import BuildError
from somagate.boards.registry import BOARDS

from benchmarks.boards import __main__ as boards


class Report:
    """A build with as much as the table needs; it fits its clock by `fmax_hz`."""

    def __init__(self, name: str, fmax_hz: int) -> None:
        self.name, self.fmax_hz = name, fmax_hz

    def to_dict(self) -> dict[str, Any]:
        clock_hz = BOARDS[self.name].clock_hz
        usage = {"used": 1234, "available": 5280}
        return {
            "device": BOARDS[self.name].family.device,
            "utilization": {"logic_cells": usage, "block_rams": usage},
            "clock_hz": clock_hz,
            "timing": "pass" if self.fmax_hz >= clock_hz else "fail",
        }


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every build that is made: iCEBreaker fits, ULX3S is too slow, OrangeCrab fails."""
    made: list[str] = []

    def build(accelerator: Any, board: Any, folder: Path) -> Report:
        made.append(board.name)
        if board.name == "orangecrab":
            raise BuildError("Packing failed in ecppack: why (all of it: log)")
        return Report(board.name, 30_000_000)

    monkeypatch.setattr(boards, "build", build)
    monkeypatch.setattr(boards, "Accelerator", lambda plan: plan)
    return made


def test_the_table_has_a_line_a_board_and_what_is_built_is_kept(builds, tmp_path, capsys):
    names = ["icebreaker", "ulx3s-85f", "orangecrab"]
    for _ in range(2):
        assert boards.main([*names, "--out", str(tmp_path)]) == 1
    assert builds == names
    assert capsys.readouterr().out.splitlines()[:5] == [
        "| board | part | logic | block RAM | fmax | wanted | timing |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        (
            "| icebreaker | iCE40UP5K-SG48 | 1,234 of 5,280 | 1,234 of 5,280 | 30.0 MHz "
            "| 24.0 MHz | met |"
        ),
        (
            "| ulx3s-85f | LFE5U-85F-6BG381C | 1,234 of 5,280 | 1,234 of 5,280 | 30.0 MHz "
            "| 100.0 MHz | NOT met |"
        ),
        (
            "| orangecrab | LFE5U-25F-8MG285C |  |  |  |  | not built: Packing failed in ecppack: "
            "why (all of it: log) |"
        ),
    ]
    assert set(json.loads((tmp_path / "boards.json").read_text())) == set(names)


def test_all_boards_are_right_where_each_meets_its_clock(builds, tmp_path):
    assert boards.main(["icebreaker", "--out", str(tmp_path), "--json"]) == 0


def test_a_board_that_is_not_there_is_refused(capsys, tmp_path):
    with pytest.raises(SystemExit):
        boards.main(["icebraker", "--out", str(tmp_path)])
    assert capsys.readouterr().err.endswith(
        f"error: BOARD must be some of {', '.join(boards.OPEN)}, not icebraker\n"
    )
