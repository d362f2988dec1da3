"""`somagate import`: NIR files in, tables and their proof out."""

from pathlib import Path

import numpy as np
import pytest
import somagate as sg
from json_keys import documented
from nir_files import affine, chain, leaky, write

pytest.importorskip("h5py", reason="h5py is not installed")


@pytest.fixture
def net(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    first, second = rng.integers(-12, 17, (6, 8)) / 16, rng.integers(-12, 17, (3, 6)) / 16
    nodes, edges = chain(affine(first), leaky(0.5), affine(second), leaky(0.5), shape=(8,))
    return write(tmp_path / "net.nir", nodes, edges)


def test_an_exact_network_is_written_with_its_proof(somagate, net: Path) -> None:
    result = somagate("import", net, "--steps", 12, "--reset", "zero")
    assert result.exit_code == 0, result.stderr
    tables = sg.load(net.with_suffix(".safetensors"))
    assert tables.name == "net" and tables.steps == 12
    told = " ".join(result.stdout.split())
    assert told.startswith("From nir (snntorch) 1.0.8: exact: all ")
    assert told.endswith(f"Tables in {net.with_suffix('.safetensors')}")
    assert sg.proof(tables).exact


def test_samples_and_labels_are_measured(somagate, net: Path, tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 2, (12, 5, 8))
    np.savez(tmp_path / "data.npz", x=x, y=np.zeros(5, int))
    arguments = ("import", net, "--reset", "zero", "--data", tmp_path / "data.npz")
    told = " ".join(somagate(*arguments).stdout.split())
    assert "5 of 5 predictions are the source's" in told
    assert "right in the source," in told
    found = somagate.json(*arguments, "--force")
    assert found["equal"] and found["exact"] and set(found) == documented("import")
    kept = {"quantization", "rule", "verdict", "framework", "version", "sha256", "input", "output"}
    assert set(found["source"]) == kept | {"layers", "reasons", "notes"}


def test_a_rounding_that_moves_a_spike_is_a_no(somagate, tmp_path: Path) -> None:
    weights = np.random.default_rng(0).integers(-8, 9, (6, 5)) / 8
    nodes, edges = chain(affine(weights), leaky(15 / 16), shape=(5,))
    path = write(tmp_path / "a.nir", nodes, edges)
    result = somagate(
        "import", path, "--steps", 200, "--reset", "zero", "--weight-bits", 4, "--state-bits", 4
    )
    assert result.exit_code == 1, result.stderr
    assert "the rule differs by rounding in " in result.stdout
    exact = somagate("import", path, "--steps", 9, "--reset", "zero", "--exact", "--force")
    assert exact.exit_code == 2
    assert "layer 1 must be exact, but a decay of 15/16 rounds" in " ".join(exact.stderr.split())


def test_what_is_missing_or_there_is_said(somagate, net: Path, tmp_path: Path) -> None:
    def refused(*arguments: object) -> str:
        result = somagate("import", *arguments)
        assert result.exit_code == 2
        return " ".join(result.stderr.split())

    assert "reset must be stated for a file of 'snntorch'" in refused(net, "--steps", 3)
    assert "steps must be given" in refused(net, "--reset", "zero")
    assert "must be a .nir file, but does not exist" in refused(tmp_path / "no.nir")
    np.savez(tmp_path / "data.npz", z=[1])
    data = ("--data", tmp_path / "data.npz")
    assert "must have an array x, but has ['z']" in refused(net, "--reset", "zero", *data)
    assert somagate("import", net, "--reset", "zero", "--steps", 3).exit_code == 0
    assert "exists already" in refused(net, "--reset", "zero", "--steps", 3)
