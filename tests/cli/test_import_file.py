"""`somagate import`: NIR files in, tables and their proof out."""

from pathlib import Path

import numpy as np
import pytest
import somagate as sg
from json_keys import documented
from nir_files import affine, chain, leaky, write

pytest.importorskip("h5py", reason="h5py is not installed")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


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
    assert told.endswith("Tables in net.safetensors")
    assert sg.proof(tables).exact


def test_tables_are_written_here_and_nothing_is_read_where_some_are_already(
    somagate, net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert somagate("import", net, "--steps", 3, "--reset", "zero").exit_code == 0
    assert [path.name for path in here.iterdir()] == ["net.safetensors"]
    assert not net.with_suffix(".safetensors").exists()
    net.write_bytes(b"no HDF5")
    assert somagate.error("import", net) == (
        "net.safetensors exists already: name another with --out, or give --force"
    )
    assert somagate.error("import", net, "--out", here) == (
        f"{here} must be a file to write, but is a folder; name one with --out"
    )


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
    assert set(found["source"]) == kept | {"layers", "reasons", "notes", "own_run"}


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


def test_bits_are_of_all_layers_or_of_each(somagate, net: Path) -> None:
    arguments = ("import", net, "--steps", 6, "--reset", "zero", "--force")
    result = somagate(*arguments, "--weight-bits", "4, 3=3", "--state-bits", "3=5")
    assert result.exit_code in (0, 1), result.stderr
    layers = sg.load(net.with_suffix(".safetensors")).layers
    assert [layer.synapses[0].bits for layer in layers] == [4, 3]
    assert layers[1].neuron.store.bits <= 5 < layers[0].neuron.store.bits
    for text in ("", "x", "3=", "4,5", "3=4,3=5", "-1"):
        assert somagate.error(*arguments, "--weight-bits", text) == (
            "--weight-bits must be bits, such as 4, or those of layers too, each once, such as "
            f"4,fc2=3, not {text!r}"
        )
    assert somagate.error(*arguments, "--state-bits", "no=4") == (
        "bits must be of a layer that there is, 1, 3, not of 'no'"
    )
    assert somagate.error(*arguments, "--weight-bits", "9") == "weight_bits must be 1…8, not 9"


@pytest.fixture
def searched(net: Path, tmp_path: Path) -> tuple[object, ...]:
    """Arguments of a search, whose labels are the source's own answers."""
    x = np.random.default_rng(0).integers(0, 2, (6, 40, 8))
    tables = sg.from_nir(net, steps=6, reset="zero", samples=x)
    np.savez(tmp_path / "data.npz", x=x, y=sg.simulate(tables, x).prediction)
    return ("import", net, "--reset", "zero", "--data", tmp_path / "data.npz", "--search")


def test_the_fewest_bits_are_searched_and_drawn(somagate, searched, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    out, picture = tmp_path / "out.safetensors", tmp_path / "pareto.svg"
    arguments = (*searched, "--loss", 20, "--narrow", "states", "--out", out, "--picture", picture)
    result = somagate(*arguments)
    assert result.exit_code == 0, result.stderr
    told = " ".join(result.stdout.split())
    assert "are within 20 points of the source" in told and f"Picture in {picture}" in told
    assert "right in the source," in told and told.endswith(f"Tables in {out}")
    assert picture.read_text().startswith("<?xml")
    assert "exists already: name another with --picture" in " ".join(
        somagate(*searched, "--out", tmp_path / "b", "--picture", picture).stderr.split()
    )
    found = somagate.json(*arguments, "--force")
    assert set(found) == documented("import")
    search = found["search"]
    assert search["within"] and search["tables"] == found["tables"] == sg.load(out).sha256
    assert search["samples"] == search["held_out"] == 20 and search["picture"] == str(picture)
    assert [row["front"] for row in search["points"]].count(True) >= 1
    assert search["chosen"] in search["points"]
    assert found["source"]["quantization"]["samples"] == 20


def test_no_bits_within_the_loss_are_a_no(somagate, searched) -> None:
    result = somagate(*searched, "--loss", 0, "--weight-bits", 1, "--state-bits", 2)
    assert result.exit_code == 1, result.stderr
    assert "No bits are within 0 points of the source, not even the widest," in result.stdout


def test_what_a_search_cannot_do_is_said_and_nothing_is_written(
    somagate, searched, net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = searched[:-1]
    assert somagate.error(*alone, "--loss", 2) == "--loss must come with --search"
    assert somagate.error(*alone, "--held-out", 0.2) == "--held-out must come with --search"
    assert somagate.error(*searched, "--picture", tmp_path / "a.pdf") == (
        f"picture must be a file in .svg or .png, not {tmp_path / 'a.pdf'}"
    )
    assert somagate.error(*searched, "--workers", 0) == "workers must be an integer of 1…256, not 0"
    no_labels = ("import", net, "--reset", "zero", "--steps", 3, "--search")
    assert somagate.error(*no_labels) == (
        "labels must be given to a search, the right class of each sample"
    )
    pytest.importorskip("distributed", reason="dask is not installed")
    from somagate.workers import cluster

    monkeypatch.setattr(cluster, "SECONDS", 0.3)
    assert somagate.error(*searched, "--scheduler", "tcp://127.0.0.1:1") == (
        "scheduler must be the address of a dask scheduler, such as 'tcp://host:8786', not "
        "'tcp://127.0.0.1:1': nothing answers there"
    )
    assert not net.with_suffix(".safetensors").exists()
