"""A runner for the command line, and tiny tables for it."""

import json
from pathlib import Path
from typing import Any

import pytest
from somagate.cli.main import app
from tiny_tables import tiny
from typer.testing import CliRunner, Result


@pytest.fixture
def tables_path(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.safetensors"
    tiny().save(path)
    return path


class Somagate:
    """Calls `somagate` with arguments, in this process."""

    def __call__(self, *arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    def json(self, *arguments: object, exit_code: int = 0) -> Any:
        """Return what a verb prints for `--json`, which must be all of stdout."""
        result = self(*arguments, "--json")
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout)

    def error(self, *arguments: object) -> str:
        """Return the one line of an error, which must be the same with and without `--json`."""
        plain, as_json = self(*arguments), self(*arguments, "--json")
        assert plain.exit_code == as_json.exit_code == 2, plain.output
        assert plain.stdout == ""
        assert plain.stderr == as_json.stderr
        assert plain.stderr.startswith("error: ")
        assert plain.stderr.count("\n") == 1
        line = plain.stderr.removeprefix("error: ").removesuffix("\n")
        assert json.loads(as_json.stdout) == {"error": line}
        return line


@pytest.fixture
def somagate() -> Somagate:
    return Somagate()
