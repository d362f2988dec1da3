from dataclasses import replace
from pathlib import Path

import numpy as np
from tiny_tables import tiny


def test_check_says_all_there_is_to_a_layer(somagate, tables_path: Path) -> None:
    result = somagate.json("check", tables_path)
    assert list(result) == ["tables", "supported", "steps", "layers", "findings"]
    assert result["tables"] == tiny().sha256
    assert result["supported"] is True
    assert result["steps"] == 4
    assert result["findings"] == []
    assert result["layers"] == [
        {
            "layer": "conv1",
            "supported": True,
            "reasons": [],
            "synapses": ["convolution from input"],
            "shape": [4, 8, 8],
            "channels_kept": 4,
            "silent_channels": 0,
            "saturated_channels": 0,
            "weight_bits": [3],
            "state_bits": 3,
            "mask_negative": False,
            "accumulator_bits": tiny().accumulator_bits("conv1"),
            # 4 channels of 9 weights; 4×8×8 neurons; a bias of 1 bit and a threshold of 4.
            "memory_bits": {"weights": 4 * 9 * 3, "state": 256 * 3, "parameters": 4 * (1 + 4)},
        },
        {
            "layer": "output",
            "supported": True,
            "reasons": [],
            "synapses": ["dense from conv1"],
            "shape": [10],
            "channels_kept": 10,
            "silent_channels": 0,
            "saturated_channels": 0,
            "weight_bits": [4],
            "state_bits": 10,
            "mask_negative": False,
            "accumulator_bits": tiny().accumulator_bits("output"),
            "memory_bits": {"weights": 10 * 64 * 4, "state": 10 * 10, "parameters": 10},
        },
    ]


def test_check_shows_a_row_a_layer_and_a_verdict(somagate, tables_path: Path) -> None:
    text = somagate("check", tables_path).stdout
    assert [line.split()[:4] for line in text.splitlines() if line.startswith(" conv1")] == [
        ["conv1", "4×8×8", "4/4", "3/3/5"]
    ]
    assert text.endswith("The hardware supports every layer.\n")


def test_check_counts_pruned_channels_out(somagate, tmp_path: Path) -> None:
    tables = tiny()
    mask = np.array([True, False, True, True])
    pruned = replace(
        tables, layers=(replace(tables.layers[0], channel_mask=mask), tables.layers[1])
    )
    pruned.save(tmp_path / "pruned.safetensors")
    first, second = somagate.json("check", tmp_path / "pruned.safetensors")["layers"]
    assert first["channels_kept"] == 3
    assert first["memory_bits"]["weights"] == 3 * 9 * 3
    assert second["memory_bits"]["weights"] == 10 * 48 * 4


def test_check_says_where_negative_potentials_are_masked(somagate, tmp_path: Path) -> None:
    tables = tiny()
    neuron = replace(tables.layers[0].neuron, mask_negative=True)
    changed = replace(tables, layers=(replace(tables.layers[0], neuron=neuron), tables.layers[1]))
    changed.save(tmp_path / "t.safetensors")
    result = somagate.json("check", tmp_path / "t.safetensors")
    assert [layer["mask_negative"] for layer in result["layers"]] == [True, False]
    assert somagate("check", tmp_path / "t.safetensors").stdout.endswith(
        "A negative potential keeps its neuron from firing in conv1.\n"
        "The hardware supports every layer.\n"
    )


def test_check_says_where_neurons_may_hold_more_spikes_than_they_send(
    somagate, tmp_path: Path
) -> None:
    tables = tiny()
    neuron = replace(tables.layers[0].neuron, threshold=np.array([2, 2, 2, 2]), spike_bits=2)
    changed = replace(tables, layers=(replace(tables.layers[0], neuron=neuron), tables.layers[1]))
    changed.save(tmp_path / "t.safetensors")
    found = somagate.json("check", tmp_path / "t.safetensors")["findings"]
    assert found == changed.saturation() and len(found) == 1
    assert found[0] in " ".join(somagate("check", tmp_path / "t.safetensors").stdout.split())


def test_check_names_channels_that_never_or_always_fire(somagate, tmp_path: Path) -> None:
    tables = tiny()
    neuron = replace(tables.layers[0].neuron, threshold=np.array([5, 1000, -1000, 5]))
    changed = replace(tables, layers=(replace(tables.layers[0], neuron=neuron), tables.layers[1]))
    changed.save(tmp_path / "t.safetensors")
    result = somagate.json("check", tmp_path / "t.safetensors")
    assert result["findings"] == changed.thresholds()
    assert len(result["findings"]) == 2
    assert result["layers"][0]["silent_channels"] == 1
    assert result["layers"][0]["saturated_channels"] == 1
    assert result["findings"][0] in somagate("check", tmp_path / "t.safetensors").stdout


def test_check_fails_on_a_layer_that_the_hardware_lacks(somagate, tmp_path: Path) -> None:
    tables = tiny()
    last = tables.layers[-1]
    mask = np.arange(last.neuron.channels) > 0
    changed = replace(tables, layers=(*tables.layers[:-1], replace(last, channel_mask=mask)))
    changed.save(tmp_path / "t.safetensors")
    result = somagate.json("check", tmp_path / "t.safetensors", exit_code=1)
    assert result["supported"] is False
    assert [layer["supported"] for layer in result["layers"]] == [True, False]
    reason = "channel_mask must keep every class of the readout; prune other layers"
    assert result["layers"][1]["reasons"] == [reason]
    text = somagate("check", tmp_path / "t.safetensors").stdout
    assert text.endswith(
        f"layer {last.name}: {reason}\nThe hardware does not support these tables.\n"
    )


def test_check_names_the_files_that_are_there(somagate, tables_path: Path) -> None:
    folder = tables_path.parent
    wrong = folder / "tinny.safetensors"
    assert somagate.error("check", wrong) == (
        f"{wrong} must be a .safetensors file, but does not exist; there is {tables_path}"
    )
    assert somagate.error("check", folder) == (
        f"{folder} must be a .safetensors file, but is a folder; there is {tables_path}"
    )
    (folder / "none").mkdir()
    assert somagate.error("check", folder / "none") == (
        f"{folder / 'none'} must be a .safetensors file, but is a folder; "
        f"no .safetensors file is in {folder / 'none'}/"
    )
    assert somagate.error("check", "/none") == (
        "/none must be a .safetensors file, but does not exist; no .safetensors file is in /"
    )


def test_check_refuses_a_file_that_is_no_tables(somagate, tmp_path: Path) -> None:
    path = tmp_path / "text.safetensors"
    path.write_text("this is text")
    assert somagate.error("check", path).startswith(f"{path}: ")
