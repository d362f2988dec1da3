"""The front door's search for the fewest bits."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import somagate as sg
from frameworks import snntorch
from nir_files import affine, chain, leaky, write
from tiny_tables import tiny


def test_a_network_of_modules_is_searched() -> None:
    snn, torch = snntorch()
    nn = torch.nn
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(8, 6), snn.Leaky(beta=0.5, init_hidden=True), nn.Linear(6, 3),
        snn.Leaky(beta=0.5, init_hidden=True),
    )  # fmt: skip
    with torch.no_grad():
        net[0].weight.mul_(4)
        net[2].weight.mul_(4)
    x = torch.randint(0, 4, (60, 8)) / 4
    labels = sg.simulate(
        (first := sg.from_snntorch(net, x, steps=5)), sg.as_input(first, x)
    ).prediction
    found = sg.search_bits(
        sg.from_snntorch, net, x, steps=5, labels=labels, weight_bits=5, state_bits=6, loss=15,
        narrow="states", held_out=0.2,
    )  # fmt: skip
    assert found.within and found.tables.source["quantization"]["samples"] == 12
    assert found.tables.source["own_run"]["steps"] == 5
    as_json = found.to_dict()
    assert as_json["layers"] == ["1", "3"]
    page = (Path(__file__).parents[2] / "docs" / "bit_search.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(\w+)`", page.split("| key | holds |")[1]))
    assert {*as_json, *as_json["chosen"]} <= documented
    assert [row for row in found.table if row["front"]] == found.front
    told = str(found)
    assert "on 12 samples held out" in told and "tables were tried" in told


def test_what_is_no_importer_is_refused(tmp_path: Path) -> None:
    message = (
        "importer must be from_nir, from_snntorch, from_spikingjelly or from_norse, not a function"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        sg.search_bits(sg.load, "a.safetensors")
    with pytest.raises(TypeError, match="^got an unexpected keyword argument 'bits'$"):
        sg.search_bits(sg.from_nir, "a.nir", bits=4)


def test_own_tables_are_not_searched(tmp_path: Path) -> None:
    pytest.importorskip("h5py", reason="h5py is not installed")
    path = tmp_path / "own.nir"
    sg.to_nir(tiny(), path)
    message = (
        f"{path} must be a network of a framework to be searched, but holds somagate's own "
        "tables, which are taken as they are"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        sg.search_bits(sg.from_nir, path, labels=[0])


def test_a_file_is_searched_and_drawn(tmp_path: Path) -> None:
    pytest.importorskip("h5py", reason="h5py is not installed")
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    rng = np.random.default_rng(0)
    weights: Any = rng.normal(0.1, 0.5, (3, 8))
    nodes, edges = chain(affine(weights), leaky(0.5), shape=(8,))
    path = write(tmp_path / "net.nir", nodes, edges)
    found = sg.search_bits(
        sg.from_nir, path, reset="zero", samples=rng.integers(0, 2, (5, 30, 8)),
        labels=np.zeros(30), loss=10, picture=tmp_path / "a.png",
    )  # fmt: skip
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert str(found).endswith(f"Picture in {tmp_path / 'a.png'}")
    found.picture(tmp_path / "b.png")
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()
