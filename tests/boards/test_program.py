"""The loader is called for the board, and what it says last is the reason of a failure."""

import json
import sys
from pathlib import Path

import pytest
from somagate.boards.program import ProgramError, built, program
from somagate.boards.registry import BOARDS


@pytest.fixture
def bitstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bitstream, beside a loader that notes its arguments in `called.json` or fails."""
    loader = tmp_path / "loader"
    loader.write_text(
        f"#!{sys.executable}\n"
        "import json, pathlib, sys\n"
        "if sys.argv[1:] == ['--Version']:\n"
        "    sys.exit(print('openFPGALoader v1.1.1'))\n"
        "if 'bad' in sys.argv[-1]:\n"
        "    sys.exit(print('Looking\\nJTAG init failed\\n'.strip()) or 1)\n"
        "if 'mute' in sys.argv[-1]:\n"
        "    sys.exit(2)\n"
        f"pathlib.Path({str(tmp_path)!r}, 'called.json').write_text(json.dumps(sys.argv[1:]))\n"
    )
    loader.chmod(0o755)
    monkeypatch.setenv("OPENFPGALOADER", str(loader))
    path = tmp_path / "top.bit"
    path.write_bytes(b"\xff\x00")
    return path


@pytest.mark.parametrize(
    ("name", "permanent", "arguments"),
    [
        ("icebreaker", False, ["--board", "ice40_generic"]),
        ("icebreaker", True, ["--board", "ice40_generic"]),
        ("ulx3s-85f", False, ["--board", "ulx3s"]),
        ("ulx3s-85f", True, ["--board", "ulx3s", "--write-flash"]),
    ],
)
def test_the_loader_gets_the_board_and_the_bitstream(bitstream, name, permanent, arguments):
    program(BOARDS[name], bitstream, permanent=permanent)
    called = json.loads((bitstream.parent / "called.json").read_text())
    assert called == [*arguments, str(bitstream)]


@pytest.mark.parametrize(
    ("file", "reason"), [("bad.bit", "JTAG init failed"), ("mute.bit", "exit status 2")]
)
def test_a_loader_that_fails_is_an_error_with_its_last_line(bitstream, file, reason):
    path = bitstream.rename(bitstream.with_name(file))
    with pytest.raises(ProgramError) as error:
        program(BOARDS["ulx3s-85f"], path)
    assert str(error.value) == f"Programming the ULX3S-85F failed in openFPGALoader: {reason}"


def test_a_bitstream_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        program(BOARDS["icebreaker"], tmp_path / "top.bin")
    assert str(error.value) == (
        f"Bitstream must be a file that `build` wrote, not {tmp_path}/top.bin"
    )


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"target": "zedboard"}', '{"target": "icebreaker"}'], ids=repr
)
def test_a_report_that_names_no_board_or_bitstream_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError) as error:
        built(tmp_path)
    assert str(error.value) == (
        f"{path} must be the report of a `build` for one of {', '.join(sorted(BOARDS))}, but "
        "isn't: build it again"
    )
