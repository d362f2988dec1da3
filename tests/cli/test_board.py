"""`somagate board`, `ports` and `flash`."""

import json
import signal
import subprocess
import sys
from pathlib import Path

from somagate.boards.program import built
from somagate.host.line import Port
from tiny_tables import tiny


def test_a_board_without_a_board_is_taken_for_one_and_ends(somagate, tmp_path: Path) -> None:
    tables, link = tmp_path / "t.safetensors", tmp_path / "port"
    tiny().save(tables)
    design = ("--lanes", "4", "--baud", "3000000")
    command = [sys.executable, "-c", "from somagate.cli.main import main; main()", "board",
               str(tables), *design, "--json", "--link", str(link),
               "--corrupt", "0.002"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as board:
        try:
            assert board.stdout is not None
            told = json.loads(board.stdout.readline())
            assert told == {"port": str(link), "baud": 3000000, "board": "icebreaker"}
            result = somagate.json("run", tables, "--port", link, *design, "--samples", 30)
            assert result["samples"] == 30 and result["per_second"] > 0
        finally:
            board.send_signal(signal.SIGINT)
        assert board.wait(20) == 0
    assert not link.exists() and not link.is_symlink()


def test_a_board_is_refused_what_can_not_be(somagate, tmp_path: Path) -> None:
    tables = tmp_path / "t.safetensors"
    tiny().save(tables)
    assert somagate.error("board", tables, "--corrupt", 1) == (
        "Faults corrupt must be 0 up to below 1, not 1.0"
    )
    assert somagate.error("board", tables, "--lanes", 4, "--unplug", 0.1) == (
        "link must be given where a port is unplugged, as its own name changes then"
    )
    assert somagate.error("board", tables, "--lanes", 4, "--link", tables) == (
        f"{tables} must not exist, as it will lead to the port"
    )
    assert somagate.error("board", tables, "--baud", 12_000_000).startswith(
        "UART baud must be at most an eighth of the clock"
    )


def test_ports_are_listed(somagate, monkeypatch) -> None:
    found = [Port(name="/dev/ttyUSB1", title="Dual RS232-HS", serial="ib123")]
    monkeypatch.setattr("somagate.host.line.ports", lambda: found)
    assert somagate.json("ports") == {
        "ports": [{"name": "/dev/ttyUSB1", "title": "Dual RS232-HS", "serial": "ib123"}]
    }
    assert "/dev/ttyUSB1   Dual RS232-HS   ib123" in somagate("ports").stdout
    found.clear()
    assert somagate("ports").stdout == (
        "No board is plugged in: no USB adapter has a serial port\n"
    )


def test_flash_writes_what_build_left(somagate, tmp_path: Path, monkeypatch) -> None:
    assert somagate.error("flash", tmp_path) == (
        f"{tmp_path} must be a folder that `build` wrote, but has no report.json"
    )
    report = {"target": "ulx3s-85f", "bitstream": "top.bit"}
    (tmp_path / "report.json").write_text(json.dumps(report), encoding="utf-8")
    (tmp_path / "top.bit").write_bytes(b"bits")
    board, bitstream = built(tmp_path)
    assert (board.name, bitstream) == ("ulx3s-85f", tmp_path / "top.bit")
    loader = tmp_path / "loader"
    loader.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/said\n', encoding="utf-8")
    loader.chmod(0o755)
    monkeypatch.setenv("OPENFPGALOADER", str(loader))
    assert somagate.json("flash", tmp_path) == {
        "board": "ulx3s-85f", "bitstream": str(tmp_path / "top.bit"), "permanent": False,
    }  # fmt: skip
    assert (tmp_path / "said").read_text(encoding="utf-8").strip().endswith("top.bit")
    assert "for good" in somagate("flash", tmp_path, "--permanent").stdout
