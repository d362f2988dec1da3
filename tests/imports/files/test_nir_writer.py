"""Tables as NIR files: read back identical, and near for whoever knows NIR alone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import somagate as sg
from plans import late
from refusal import refused
from somagate.export.layer import Pool
from somagate.export.tables import Tables
from somagate.imports.files.nir_file import NirFileError, Stated, read
from somagate.imports.files.nir_writer import contained, write
from somagate.imports.reference import run
from somagate.sim.golden import golden
from tiny_tables import tiny

pytest.importorskip("h5py")
EXAMPLES = Path(__file__).parents[3] / "examples"
NIR_WORDS = Stated(source="nir", dt=1e-4, reset="zero", comparator=">")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.safetensors")), ids=lambda p: p.stem)
def test_tables_come_back_as_they_were(path: Path, tmp_path: Path) -> None:
    tables = Tables.load(path)
    sg.to_nir(tables, tmp_path / "net.nir")
    again = sg.from_nir(tmp_path / "net.nir")
    assert again.sha256 == tables.sha256
    again.save(tmp_path / "again.safetensors")
    tables.save(tmp_path / "first.safetensors")
    first, second = (tmp_path / f"{name}.safetensors" for name in ("first", "again"))
    assert first.read_bytes() == second.read_bytes()


def wide(tables: Tables) -> Tables:
    """Return tables whose potentials neither round nor leak, and are reset to zero."""
    from somagate.export.neuron import Leak, Shift

    layers = [
        replace(
            layer,
            neuron=replace(
                layer.neuron, store=Shift(bits=16, shift=0), leak=Leak(), amount=None,
                mask_negative=False,
                reset="none" if layer.neuron.threshold is None else "zero",
            ),
        )
        for layer in tables.layers
    ]  # fmt: skip
    return replace(tables, layers=tuple(layers))


@pytest.mark.parametrize("name", ["digits", "digits-spquant", "mnist-dense"])
def test_the_graph_computes_what_tables_do_where_nothing_rounds(name: str, tmp_path: Path) -> None:
    tables = wide(Tables.load(EXAMPLES / f"{name}.safetensors"))
    rng = np.random.default_rng(0)
    activation = tables.input.activation
    x = rng.integers(activation.low, activation.high + 1, (tables.steps, 3, *tables.input.shape))
    write(tables, tmp_path / "net.nir")
    network = read(tmp_path / "net.nir", NIR_WORDS)
    trace, done = golden.run(tables, x), run(network, x.astype(np.float64))
    for layer, spikes in trace.spikes.items():
        theirs = done.spikes[layer]
        covered = theirs[tuple(slice(size) for size in spikes.shape)]
        assert np.array_equal(covered, spikes), layer
    assert any(spikes.any() for spikes in trace.spikes.values())


def test_nirs_own_reader_takes_the_file(tmp_path: Path) -> None:
    nir = pytest.importorskip("nir")
    write(Tables.load(EXAMPLES / "digits.safetensors"), tmp_path / "net.nir")
    graph = nir.read(tmp_path / "net.nir")
    assert {*graph.nodes} >= {"input", "output"}


def test_another_tools_file_holds_no_tables(tmp_path: Path) -> None:
    import h5py

    write(tiny(), tmp_path / "net.nir")
    with h5py.File(tmp_path / "net.nir", "a") as file:
        del file["node/metadata"]
    assert contained(tmp_path / "net.nir") is None


def test_what_would_not_be_used_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.nir"
    sg.to_nir(tiny(), path)
    with refused(
        ValueError,
        f"{path} holds somagate's own tables, which are taken as they are: leave out steps, reset",
    ):
        sg.from_nir(path, steps=3, reset="zero")
    with refused(
        ValueError,
        f"{path} holds somagate's own tables, which are taken as they are: leave out reset_delay, "
        "voters, samples, weight_bits, state_bits, scales, exact",
    ):
        sg.from_nir(
            path, samples=np.zeros((3, 2)), voters=2, weight_bits={"*": 4}, state_bits=8,
            scales="layer", exact=True, reset_delay=False,
        )  # fmt: skip
    with pytest.raises(FileExistsError):
        sg.to_nir(tiny(), path, overwrite=False)


def test_a_maximum_of_currents_is_refused(tmp_path: Path) -> None:
    tables = Tables.load(EXAMPLES / "digits.safetensors")
    first = replace(tables.layers[0], pool=Pool(kind="max", size=(2, 2), of="sums"))
    pooled = replace(tables, layers=(first, *tables.layers[1:]))
    with refused(
        NirFileError,
        f"{tmp_path}/net.nir: layer conv1 has a maximum of currents, which NIR has no node for; "
        "keep the tables in a .safetensors file",
    ):
        write(pooled, tmp_path / "net.nir")
    assert list(tmp_path.iterdir()) == []


def with_delays() -> Tables:
    """Return tables of maps of which each layer sees the one before a step later."""
    tables = Tables.load(EXAMPLES / "digits.safetensors")
    layers = [
        replace(layer, synapses=(replace(layer.synapses[0], delay=number),))
        for number, layer in enumerate(tables.layers)
    ]
    return replace(tables, layers=tuple(layers))


@pytest.mark.parametrize("make", [with_delays, late])
def test_delays_are_nodes_before_the_weights(make: Callable[[], Tables], tmp_path: Path) -> None:
    tables = wide(make())
    rng = np.random.default_rng(0)
    high = tables.input.activation.high
    x = rng.integers(0, high + 1, (tables.steps, 3, *tables.input.shape))
    write(tables, tmp_path / "net.nir")
    network = read(tmp_path / "net.nir", NIR_WORDS)
    trace, done = golden.run(tables, x), run(network, x.astype(np.float64))
    for layer, spikes in trace.spikes.items():
        covered = done.spikes[layer][tuple(slice(size) for size in spikes.shape)]
        assert np.array_equal(covered, spikes), layer
    assert all(trace.spikes[layer.name].any() for layer in tables.layers[:2])
    again = contained(tmp_path / "net.nir")
    assert again is not None and again.sha256 == tables.sha256
