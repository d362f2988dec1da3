import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
from plans import network
from somagate.data import names, read
from somagate.data.encode import encode
from somagate.export.neuron import Neuron, Shift
from somagate.export.synapse import Dense
from somagate.export.tables import Input, Layer, Readout, Tables
from somagate.imports.graph import Linear, Network, Node
from somagate.imports.graph import Neuron as SourceNeuron
from somagate.imports.importing import ImportSettings, imported
from somagate.sim.golden import golden
from somagate.sim.golden.trace import Trace
from tiny_tables import tiny


def expected(count: int):
    data = read("digits")
    x = encode(data.test_images[:count], encoding="rate", steps=4, maximum=16)
    return x, golden.run(tiny(), x, potentials=True), data.test_labels[:count]


def test_simulate_measures_what_golden_does(somagate, tables_path: Path) -> None:
    x, run, labels = expected(300)
    result = somagate.json("simulate", tables_path, "--samples", 300)
    correct = int((run.prediction == labels).sum())
    assert {key: value for key, value in result.items() if key != "layers"} == {
        "tables": tiny().sha256,
        "data": "digits",
        "samples": 300,
        "steps": 4,
        "correct": correct,
        "accuracy": correct / 300,
        "error": None,
        "trace": None,
    }
    counts = [int(x.sum()), int(run.spikes["conv1"].sum()), 0]
    assert [layer["layer"] for layer in result["layers"]] == ["input", "conv1", "output"]
    assert [layer["spikes_per_sample"] for layer in result["layers"]] == [n / 300 for n in counts]
    assert [layer["neurons"] for layer in result["layers"]] == [64, 256, 10]
    assert result["layers"][1]["activity"] == run.spikes["conv1"].mean()


def test_simulate_counts_silent_and_saturated_channels(somagate, tmp_path: Path) -> None:
    tables = tiny()
    neuron = replace(tables.layers[0].neuron, threshold=np.array([5, 1000, -1000, 5]))
    changed = replace(tables, layers=(replace(tables.layers[0], neuron=neuron), tables.layers[1]))
    changed.save(tmp_path / "t.safetensors")
    result = somagate.json("simulate", tmp_path / "t.safetensors", "--samples", 50)
    assert result["layers"][1]["silent_channels"] == 1
    assert result["layers"][1]["saturated_channels"] == 1


def test_simulate_uses_all_test_samples_by_default(somagate, tables_path: Path) -> None:
    text = somagate("simulate", tables_path).stdout
    assert " of 500 right" in text
    assert text.strip().endswith("4 time steps a sample")


def test_simulate_keeps_a_trace(somagate, tables_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.trace"
    result = somagate.json("simulate", tables_path, "--samples", 7, "--trace", path)
    assert result["trace"] == str(path)
    _, run, _ = expected(7)
    kept = Trace.load(path)
    assert np.array_equal(kept.potentials["conv1"], run.potentials["conv1"])
    assert somagate.error("simulate", tables_path, "--trace", path) == (
        f"{path} exists already: name another with --trace, or give --force"
    )
    somagate.json("simulate", tables_path, "--samples", 1, "--trace", path, "--force")
    assert Trace.load(path).output.shape == (1, 10)


def test_simulate_refuses_data_that_does_not_exist(somagate, tables_path: Path) -> None:
    assert somagate.error("simulate", tables_path, "--data", "nowhere") == (
        f"data must be NAME[:OPTIONS][@DIR], with a NAME of {', '.join(names())}, or a folder "
        "with the files of one of them, but there is no folder 'nowhere'"
    )


def test_simulate_refuses_a_folder_without_a_data_set(somagate, tables_path: Path) -> None:
    folder = tables_path.parent
    assert somagate.error("simulate", tables_path, "--data", folder) == (
        f"{folder} must hold the files of a data set, but has none of data_batch_1* (cifar10), "
        "airplane/*.aedat (cifar10-dvs), train.json (coco), trials_to_train.txt (dvs-gesture), "
        "*-ubyte* (mnist), */image_0001.bin (ncaltech101), Train/0/*.bin (nmnist), shd_train.h5 "
        "(shd), ssc_train.h5 (ssc); "
        f"say what it is with NAME@{folder}"
    )


def test_simulate_refuses_more_samples_than_there_are(somagate, tables_path: Path) -> None:
    assert somagate.error("simulate", tables_path, "--samples", 501) == (
        "samples must be 1…500 for digits, not 501"
    )


def idx_folder(folder: Path, rows: int, columns: int | None = None) -> Path:
    """Write four IDX files of random images; test labels are 0…4."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for name, count in (("train", 3), ("t10k", 5)):
        images = random.integers(0, 256, (count, rows, columns or rows), np.uint8)
        header = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in images.shape)
        path = folder / f"{name}-images-idx3-ubyte.gz"
        path.write_bytes(gzip.compress(header + images.tobytes()))
        labels = b"\0\0\x08\x01" + count.to_bytes(4, "big") + bytes(range(count))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(labels)
    return folder


def test_simulate_takes_a_folder_of_idx_files(somagate, tmp_path: Path) -> None:
    tables = tiny()
    replace(tables, input=replace(tables.input, maximum=255)).save(tmp_path / "t.safetensors")
    folder = idx_folder(tmp_path / "images", 8)
    result = somagate.json("simulate", tmp_path / "t.safetensors", "--data", folder)
    assert result["samples"] == 5
    assert result["data"] == str(folder)


def test_simulate_refuses_samples_of_another_size_or_range(
    somagate, tables_path: Path, tmp_path: Path
) -> None:
    folder = idx_folder(tmp_path / "large", 28)
    assert somagate.error("simulate", tables_path, "--data", folder) == (
        f"the tables take 'rate' samples of shape (1, 8, 8), but {folder} has images of shape "
        "(1, 28, 28); choose the data they were trained on"
    )
    folder = idx_folder(tmp_path / "small", 8)
    assert somagate.error("simulate", tables_path, "--data", folder) == (
        f"the tables take pixels 0…16, but {folder} has 0…255; choose the data they were trained on"
    )


def test_samples_of_another_shape_with_as_many_elements_are_refused(
    somagate, tables_path: Path, tmp_path: Path
) -> None:
    folder = idx_folder(tmp_path / "flat", 4, 16)
    message = (
        f"the tables take 'rate' samples of shape (1, 8, 8), but {folder} has images of shape "
        "(1, 4, 16); choose the data they were trained on"
    )
    for verb in ("simulate", "verify", "estimate"):
        assert somagate.error(verb, tables_path, "--data", folder) == message


def test_tables_of_one_axis_take_images_flattened(somagate, tmp_path: Path) -> None:
    flat = Tables(
        name="flat",
        input=Input(shape=(64,), encoding="rate", maximum=255),
        steps=2,
        layers=(
            Layer(
                name="output",
                synapses=(Dense(source="input", weights=np.eye(5, 64, dtype=int), bits=2),),
                neuron=Neuron(
                    bias=np.zeros(5, int),
                    threshold=None,
                    reset="none",
                    store=Shift(bits=8, shift=0),
                ),
            ),
        ),
        readout=Readout(layer="output", kind="potential"),
    )
    flat.save(tmp_path / "flat.safetensors")
    folder = idx_folder(tmp_path / "images", 4, 16)
    result = somagate.json("simulate", tmp_path / "flat.safetensors", "--data", folder)
    assert result["samples"] == 5
    # The very same pixels have another label each than the two classes of other tables have.
    two = replace(
        flat.layers[0],
        synapses=(Dense(source="input", weights=np.eye(2, 64, dtype=int), bits=2),),
        neuron=replace(flat.layers[0].neuron, bias=np.zeros(2, int)),
        channel_mask=None,
    )
    replace(flat, layers=(two,)).save(tmp_path / "two.safetensors")
    assert somagate.error("simulate", tmp_path / "two.safetensors", "--data", folder) == (
        f"{folder} must have labels 0…1 for the 2 classes of the tables, not reach 4; "
        "choose the data they were trained on"
    )


def test_data_of_another_number_of_classes_is_not_scored(somagate, tmp_path: Path) -> None:
    tables, path = network((1, 8, 8), [], classes=12), tmp_path / "twelve.safetensors"
    replace(tables, input=Input(shape=(1, 8, 8), encoding="rate", maximum=16)).save(path)
    assert somagate.error("simulate", path, "--data", "digits") == (
        "digits must have 12 classes as the tables have, not 10; "
        "choose the data they were trained on"
    )
    # Nothing is scored where cycles are predicted, so any spikes will do.
    given = ("estimate", path, "--data", "digits", "--samples", 1)
    assert somagate.json(*given)["samples"] == 1


def test_simulate_takes_fewer_samples_at_once_where_neurons_are_many(
    somagate, tables_path: Path, monkeypatch
) -> None:
    wanted = somagate.json("simulate", tables_path, "--samples", 9)
    monkeypatch.setattr("somagate.simulating.BATCH_UPDATES", 1)
    monkeypatch.setattr("somagate.checks.memory.machine_bytes", lambda: 2000)
    assert somagate.json("simulate", tables_path, "--samples", 9) == wanted
    # A trace keeps them all: 4 steps of 64 pixels each.
    kept = tables_path.with_name("all.trace")
    assert somagate.error("simulate", tables_path, "--samples", 9, "--trace", kept) == (
        "the maps of 9 samples must fit the machine's 0.0 GB of memory, but takes 0.0 GB; take "
        "fewer samples"
    )


def test_samples_beyond_those_of_an_import_are_a_line_of_warning(somagate, tmp_path: Path) -> None:
    net = Network(
        input_shape=(8,),
        nodes=(
            Node(name="fc", op=Linear(weight=np.eye(8)), sources=("input",)),
            Node(name="lif", op=SourceNeuron(threshold=np.array(1.0)), sources=("fc",)),
        ),
    )
    x = np.arange(64).reshape(8, 8) / 64
    imported(net, ImportSettings(samples=x, steps=4)).save(tmp_path / "t.safetensors")
    np.savez(tmp_path / "x.npz", x=2 * x, y=np.arange(8))
    result = somagate("simulate", tmp_path / "t.safetensors", "--data", f"arrays@{tmp_path}/x.npz")
    assert result.stderr == (
        "warning: 32 of 64 numbers are beyond 0…0.984375 and saturate: tables imported were "
        "imported with samples of another range\n"
    )
