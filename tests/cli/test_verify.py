import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from somagate.boards.registry import BOARDS
from somagate.export.neuron import Shift
from somagate.export.tables import Tables
from somagate.hw.plan import loading, plan_file
from tiny_tables import tiny

KEYS = [
    *("tables", "equal", "samples", "spikes", "potentials", "cycles_per_sample", "predicted"),
    *("layers", "first_difference"),
]
NEURONS = 4 * (256 + 10)
"""Updates of a sample: the neurons in every time step."""


@pytest.fixture
def generated(somagate, tables_path: Path) -> Path:
    somagate.json("generate", tables_path, "--lanes", 4, "--update-lanes", 2)
    return tables_path.with_name("rtl")


def with_one_weight_changed(tables: Tables) -> Tables:
    layer = tables.layers[0]
    weights = layer.synapses[0].weights.copy()
    weights[2, 0, 1, 1] += 1 if weights[2, 0, 1, 1] < 3 else -1
    changed = replace(layer, synapses=(replace(layer.synapses[0], weights=weights),))
    return replace(tables, layers=(changed, *tables.layers[1:]))


def test_generate_writes_an_accelerator(somagate, tables_path: Path) -> None:
    result = somagate.json("generate", tables_path, "--lanes", 4, "--update-lanes", 2)
    folder = tables_path.with_name("rtl")
    assert result["tables"] == tiny().sha256
    assert result["folder"] == str(folder)
    assert result["verilog"] == str(folder / "somagate.v")
    stage = {"layers": 2, "lanes": 4, "update_lanes": 2, "banks": 1, "holds": False}
    stage["weight_memory"] = "block"
    assert result["plan"] == {
        "word_bits": 16, "loadable": False, "stages": [stage], "orders": {}
    }  # fmt: skip
    assert sorted(result["files"]) == sorted(path.name for path in folder.iterdir())
    assert {memory["memory"] for memory in result["memories"]} >= {"maps", "parameters"}
    assert "module somagate" in (folder / "somagate.v").read_text()


def test_generate_is_the_same_every_time(somagate, tables_path: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        somagate.json("generate", tables_path, "--out", tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_generate_overwrites_only_its_own_folders(somagate, generated: Path) -> None:
    tables = generated.with_name("tiny.safetensors")
    assert somagate.error("generate", tables) == (
        f"{generated} exists already: name another with --out, or give --force"
    )
    assert somagate("generate", tables, "--force").exit_code == 0
    (generated / "manifest.json").unlink()
    assert somagate.error("generate", tables, "--force") == (
        f"{generated} must be a folder of ours to be replaced, but has no manifest.json"
    )


def test_generate_refuses_what_the_hardware_lacks(somagate, tmp_path: Path) -> None:
    tables = tiny()
    last = tables.layers[-1]
    mask = np.arange(last.neuron.channels) > 0
    layers = (*tables.layers[:-1], replace(last, channel_mask=mask))
    replace(tables, layers=layers).save(tmp_path / "t.safetensors")
    assert somagate.error("generate", tmp_path / "t.safetensors") == (
        f"layer {last.name}: channel_mask must keep every class of the readout; prune other layers"
    )
    assert not (tmp_path / "rtl").exists()


def test_generate_follows_a_plan_file(somagate, tables_path: Path, tmp_path: Path) -> None:
    plan = tmp_path / "two.toml"
    plan.write_text("[[stages]]\nlayers = 1\nlanes = 4\nbanks = 2\n[[stages]]\nlayers = 1\n")
    result = somagate.json("generate", tables_path, "--plan", plan)
    assert [stage["lanes"] for stage in result["plan"]["stages"]] == [4, 16]
    assert [stage["banks"] for stage in result["plan"]["stages"]] == [2, 1]
    verdict = somagate.json(
        "verify", tables_path, "--generated", tables_path.with_name("rtl"), "--samples", 2
    )
    assert verdict["equal"]


def test_generate_refuses_wrong_options(somagate, tables_path: Path) -> None:
    assert somagate.error("generate", tables_path, "--board", "icebraker") == (
        f"board must be one of {', '.join(sorted(BOARDS))}, not 'icebraker'; "
        "did you mean 'icebreaker'?"
    )
    assert somagate.error("generate", tables_path, "--update-lanes", 3) == (
        "update_lanes must divide lanes 16, not be 3"
    )


@pytest.fixture
def loadable(somagate, tables_path: Path, tmp_path: Path) -> Path:
    plan = tmp_path / "loadable.toml"
    plan.write_text("loadable = true\n[[stages]]\nlayers = 2\nlanes = 4\nupdate_lanes = 2\n")
    somagate.json("generate", tables_path, "--plan", plan)
    return tables_path.with_name("rtl")


def test_verify_loads_other_tables_where_the_plan_takes_them(
    somagate, loadable: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.safetensors"
    replace(with_one_weight_changed(tiny()), steps=3).save(other)
    words = (loadable / "config.hex").read_text().split()
    assert [int(word, 16) for word in words] == loading.words(plan_file.built(loadable), tiny())
    result = somagate.json("verify", other, "--generated", loadable, "--samples", 2)
    assert result["equal"] and result["spikes"] == 2 * NEURONS * 3 // 4
    own = somagate.json(
        "verify", loadable / "tables.safetensors", "--generated", loadable, "--samples", 2
    )
    assert own["equal"] and own["spikes"] == 2 * NEURONS


def test_weights_that_must_be_loaded_are_the_accelerators_own(
    somagate, tables_path: Path, tmp_path: Path
) -> None:
    plan = tmp_path / "spram.toml"
    plan.write_text('[[stages]]\nlayers = 2\nlanes = 4\nweight_memory = "spram"\n')
    files = somagate.json("generate", tables_path, "--plan", plan)["files"]
    assert "config.hex" in files and not any(name.startswith("weights") for name in files)
    call = ("--generated", tables_path.with_name("rtl"), "--samples", 1)
    assert somagate.json("verify", tables_path, *call)["equal"]
    other = with_one_weight_changed(tiny())
    other.save(tmp_path / "other.safetensors")
    assert somagate.error("verify", tmp_path / "other.safetensors", *call) == (
        f"tables {other.sha256[:12]} do not fit the accelerator of {tiny().sha256[:12]}: "
        "Plan loadable must be True to load other tables than its own"
    )


def test_verify_refuses_other_tables_that_do_not_fit(
    somagate, loadable: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.safetensors"
    longer = tiny(steps=5)
    longer.save(other)
    assert somagate.error("verify", other, "--generated", loadable) == (
        f"tables {longer.sha256[:12]} do not fit the accelerator of {tiny().sha256[:12]}: "
        "steps must be at most 4, not 5"
    )


def test_verify_compares_every_spike_and_potential(somagate, tables_path: Path) -> None:
    result = somagate.json(
        "verify", tables_path, "--data", "digits", "--samples", 20,
        "--lanes", 4, "--update-lanes", 2,
    )  # fmt: skip
    assert list(result) == KEYS
    assert result["equal"] is True
    assert result["samples"] == 20
    assert result["spikes"] == result["potentials"] == 20 * NEURONS
    assert result["cycles_per_sample"] > 100
    assert [layer["layer"] for layer in result["layers"]] == ["conv1", "output"]
    for layer in result["layers"]:
        assert list(layer) == [
            *("layer", "cycles", "predicted", "additions", "lanes", "efficiency")
        ]
        assert layer["predicted"] == layer["cycles"]
        assert 0 < layer["efficiency"] <= 1
    assert result["predicted"] == {
        "samples": 20,
        "exactly": 20,
        "largest_error": 0.0,
        "cycles_per_sample": result["cycles_per_sample"],
    }
    assert result["first_difference"] is None


def test_verify_predicts_as_many_samples_as_it_is_told(somagate, tables_path: Path) -> None:
    arguments = ("verify", tables_path, "--samples", 20, "--lanes", 4, "--update-lanes", 2)
    assert "cycles predicted exactly for 20 of 20 samples" in somagate(*arguments).stdout
    some = somagate(*arguments, "--predict", 1).stdout
    assert "cycles predicted exactly for 16 of 16 samples" in some
    assert some.count(" – ") == 2
    none = somagate.json(*arguments, "--predict", 0)
    assert none["predicted"] is None
    assert [layer["predicted"] for layer in none["layers"]] == [None, None]


def test_verify_takes_what_generate_wrote(somagate, tables_path: Path, generated: Path) -> None:
    arguments = ("verify", tables_path, "--samples", 3, "--generated", generated)
    assert somagate.json(*arguments)["equal"] is True
    text = somagate(*arguments, "--stalls", 0.3).stdout
    assert f"RTL equals golden on 3 samples: {3 * NEURONS} spikes" in text


def test_verify_finds_one_changed_weight(somagate, generated: Path, tmp_path: Path) -> None:
    path = tmp_path / "changed.safetensors"
    with_one_weight_changed(tiny()).save(path)
    arguments = ("verify", path, "--samples", 20, "--generated", generated)
    result = somagate.json(*arguments, exit_code=1)
    assert list(result) == KEYS
    assert result["equal"] is False
    assert result["predicted"] is None
    difference = result["first_difference"]
    assert difference["layer"] == "conv1"
    assert difference["quantity"] in ("spike", "potential")
    assert difference["place"][0] == 2  # the channel whose weight was changed
    assert difference["golden"] != difference["rtl"]
    assert difference["differences"] > 0
    plain = somagate(*arguments)
    assert plain.exit_code == 1
    assert difference["summary"] in plain.stdout
    assert "golden and RTL differ first in layer conv1, step 0, sample 0, channel 2" in plain.stdout


def test_verify_writes_waves_of_a_difference(somagate, generated: Path, tmp_path: Path) -> None:
    path = tmp_path / "changed.safetensors"
    with_one_weight_changed(tiny()).save(path)
    result = somagate.json(
        "verify", path, "--samples", 1, "--generated", generated, "--waves", tmp_path / "first",
        exit_code=1,
    )  # fmt: skip
    assert result["first_difference"]["waves"] == str(tmp_path / "first.gtkw")
    assert (tmp_path / "first.vcd").stat().st_size > 1000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--engine", "verilator"),
            (
                "engine must be one of native, cocotb-verilator, cocotb-icarus, amaranth, "
                "not 'verilator'; did you mean 'cocotb-verilator'?"
            ),
        ),
        (("--stalls", "2"), "stalls must be a probability 0…0.9, not 2.0"),
        (("--samples", "900"), "samples must be 1…500 for digits, not 900"),
    ],
)
def test_verify_refuses(
    somagate, tables_path: Path, options: tuple[str, ...], message: str
) -> None:
    assert somagate.error("verify", tables_path, *options) == message


def test_verify_refuses_a_folder_that_is_not_generated(
    somagate, tables_path: Path, generated: Path
) -> None:
    folder = tables_path.parent
    assert somagate.error("verify", tables_path, "--generated", folder) == (
        f"{folder} must be a folder that `somagate generate` wrote, but has no manifest.json"
    )
    (generated / "somagate.v").unlink()
    assert somagate.error("verify", tables_path, "--generated", generated) == (
        f"{generated} must be a folder that `somagate generate` wrote, but has no somagate.v"
    )


def test_verify_refuses_verilog_of_another_shape(somagate, generated: Path, tmp_path: Path) -> None:
    tables = tiny()
    layers = list(tables.layers)
    neuron = replace(layers[1].neuron, store=Shift(bits=12, shift=0))
    layers[1] = replace(layers[1], neuron=neuron)
    replace(tables, layers=tuple(layers)).save(tmp_path / "other.safetensors")
    message = somagate.error("verify", tmp_path / "other.safetensors", "--generated", generated)
    assert json.loads((generated / "manifest.json").read_text())["readout_bits"] == 10
    assert "bits" in message


def test_native_is_the_engine_of_that_name(somagate, tables_path: Path) -> None:
    result = somagate.json("verify", tables_path, "--samples", 2, "--native")
    assert (result["equal"], result["samples"]) == (True, 2)
    assert somagate.error("verify", tables_path, "--native", "--engine", "amaranth") == (
        "--engine must be 'native' with --native, not 'amaranth'"
    )
