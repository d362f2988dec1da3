"""Tiny tables on the bundled digits, and a runner for the command line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from somagate.cli.main import app
from somagate.export.neuron import Neuron, Shift
from somagate.export.synapse import Convolution, Dense
from somagate.export.tables import Input, Layer, Pool, Readout, Tables
from typer.testing import CliRunner, Result


def tiny(seed: int = 0, **changes: Any) -> Tables:
    """A convolution, a pool and a dense readout on 8×8 digits, with random weights."""
    random = np.random.default_rng(seed)
    convolution = Layer(
        name="conv1",
        synapses=(
            Convolution(
                source="input", weights=random.integers(-2, 4, (4, 1, 3, 3)), bits=3, padding=1
            ),
        ),
        neuron=Neuron(
            bias=np.zeros(4, np.int32),
            threshold=np.full(4, 5, np.int32),
            store=Shift(bits=3, shift=1),
        ),
        pool=Pool(kind="max", size=(2, 2)),
    )
    dense = Layer(
        name="output",
        synapses=(Dense(source="conv1", weights=random.integers(-8, 8, (10, 64)), bits=4),),
        neuron=Neuron(
            bias=np.zeros(10, np.int32),
            threshold=None,
            reset="none",
            store=Shift(bits=10, shift=0),
        ),
    )
    settings = {
        "name": "tiny",
        "input": Input(shape=(1, 8, 8), encoding="rate", maximum=16),
        "steps": 4,
        "layers": (convolution, dense),
        "readout": Readout(layer="output", kind="potential"),
    }
    return Tables(**{**settings, **changes})


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
        assert plain.exit_code == as_json.exit_code == 1, plain.output
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
