"""`somagate board`, `ports` and `flash`."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import somagate as sg
from somagate.boards.program import built
from somagate.host.line import Port
from tiny_tables import tiny


def test_a_board_without_a_board_is_taken_for_one_and_ends(somagate, tmp_path: Path) -> None:
    tables, link = tmp_path / "t.safetensors", tmp_path / "port"
    tiny().save(tables)
    design = ("--lanes", "4", "--baud", "3000000")
    # Where the tests were started in the background, an interrupt would be ignored from the start.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from somagate.cli.main import main; main()"
    )
    command = [sys.executable, "-c", program, "board", str(tables), *design, "--json",
               "--link", str(link), "--corrupt", "0.002"]  # fmt: skip
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


def test_what_a_board_can_do_beyond_inferences(somagate, tmp_path: Path) -> None:
    tables, link, kept = tmp_path / "t.safetensors", tmp_path / "port", tmp_path / "trace"
    tiny().save(tables)
    design = sg.design(sg.load(tables), board="icebreaker", lanes=4)
    with sg.virtual_board(design, baud=3_000_000, extras=["trace", "counters"], link=link):
        options = ("run", tables, "--port", link, "--lanes", 4, "--samples", 3)
        result = somagate.json(*options, "--profile", "--trace", kept)
        assert result["traced"] and result["difference"] == ""
        assert result["cycles"] > result["waits"] > 0 and result["events"] > 0
        data = sg.samples(sg.load(tables), "digits", 3)
        wanted, found = sg.simulate(sg.load(tables), data), sg.Trace.load(kept)
        assert all((found.spikes[name] == spikes).all() for name, spikes in wanted.spikes.items())
        assert somagate.error(*options, "--trace", kept) == (
            f"{kept} exists already: name another with --trace, or give --force"
        )
        text = somagate(*options, "--profile", "--trace", kept, "--force").stdout
        assert "Every spike and potential on the board is golden's\n" in text
        assert " cycles a sample, " in text and " weight rows added\n" in text
    assert somagate.error("board", tables, "--extra", "tracing") == (
        "extras must be some of stream, trace, pixels, counters, not 'tracing'"
    )


def test_a_difference_on_a_board_is_told() -> None:
    tables = tiny()
    data = sg.samples(tables, "digits", 2)
    trace = sg.simulate(tables, data)
    trace.potentials["conv1"][1, 0, 2, 3, 4] += 1
    run = sg.DeviceRun(
        port="p", tables=tables.sha256, data="digits", samples=2, correct=1, per_second=1.0,
        latency_ms=1.0, frames=1, repeated=0, damaged=0, restarts=0, started=0.0, ended=1.0,
    ).compared(tables, data, trace)  # fmt: skip
    assert run.difference.startswith(
        "layer conv1, step 1, sample 0, channel 2, row 3, column 4: potential "
    )
    assert str(run.shown()[-1]) == f"The board and golden differ first in {run.difference}"


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
