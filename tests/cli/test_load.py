"""`somagate load`, with a board that answers from a list."""

import json
from pathlib import Path

import pytest
from somagate.boards import device
from somagate.export.tables import Tables
from somagate.hw.generate import save_manifest
from somagate.hw.plan.identity import shape_sha256
from somagate.hw.plan.plan import Plan
from tiny_tables import tiny


class Board:
    """A serial port behind which all goes well."""

    def __init__(self, plan: Plan, loaded: Tables) -> None:
        said = [bytes.fromhex(shape_sha256(plan) + t.sha256) + b"\1" for t in (plan.tables, loaded)]
        self.answers = [said[0], b"\0", said[1]]
        self.sent = 0
        self.closed = False

    def write(self, data: bytes) -> None:
        self.sent += len(data)

    def read(self, size: int = 1) -> bytes:
        return self.answers.pop(0)

    def send_break(self, duration: float) -> None:
        pass

    def reset_input_buffer(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def built(tmp_path: Path) -> Plan:
    plan = Plan.single(tiny(), lanes=4, update_lanes=2, word_bits=16, loadable=True)
    (tmp_path / "built").mkdir()
    save_manifest(plan, tmp_path / "built")
    return plan


def test_load_sends_tables_to_the_board_of_a_folder(
    somagate, built: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tiny(1)
    other.save(tmp_path / "other.safetensors")
    boards: list[Board] = []

    def connect(port: str, baud: int) -> Board:
        assert (port, baud) == ("/dev/board", 9600)
        boards.append(Board(built, other))
        return boards[-1]

    monkeypatch.setattr(device, "connect", connect)
    call = ("load", tmp_path / "other.safetensors", "--port", "/dev/board", "--baud", 9600)
    result = somagate.json(*call, "--generated", tmp_path / "built")
    assert result == {
        "tables": other.sha256,
        "accelerator": built.tables.sha256,
        "shape": shape_sha256(built),
        "port": "/dev/board",
    }
    assert boards[0].closed and boards[0].sent > 1000
    told = somagate(*call, "--generated", tmp_path / "built")
    assert told.stdout == f"The board on /dev/board runs tables {other.sha256[:12]}\n"


def test_load_refuses_folders_that_are_not_ours(somagate, built: Plan, tmp_path: Path) -> None:
    call = ("load", tmp_path / "built" / "tables.safetensors", "--port", "/dev/none")
    assert somagate.error(*call, "--generated", tmp_path) == (
        f"{tmp_path} must be a folder that `somagate generate` wrote, but has no manifest.json"
    )
    (tmp_path / "built" / "manifest.json").write_text(json.dumps({}))
    assert somagate.error(*call, "--generated", tmp_path / "built") == (
        f"{tmp_path}/built/manifest.json must be of version 2, not None: generate it anew"
    )
