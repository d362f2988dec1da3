"""The benchmarks say what was measured: bounds, break-evens and kept results are what they seem."""

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module


@pytest.mark.parametrize(
    ("most", "measured", "row"),
    [
        (True, 11, ["x", "≤ 10 MHz", "11 MHz", "**no**"]),
        (True, 10, ["x", "≤ 10 MHz", "10 MHz", "yes"]),
        (False, 9, ["x", "≥ 10 MHz", "9 MHz", "**no**"]),
        (False, 10, ["x", "≥ 10 MHz", "10 MHz", "yes"]),
    ],
)
def test_a_goal_that_is_missed_says_so(load, most, measured, row):
    hardware = load("hardware")
    goal = hardware.Goal(what="x", goal=10, measured=measured, most=most, unit="MHz")
    assert goal.row() == row


def test_results_are_kept_for_what_they_follow_from(load, tmp_path):
    output = load("bench_output")
    runs = []

    def make():
        runs.append(1)
        return {"n": len(runs)}

    kept = output.Kept(tmp_path, "code")
    assert kept.get("a", {"seed": 1}, make) == kept.get("a", {"seed": 1}, make) == {"n": 1}
    assert kept.get("a", {"seed": 2}, make) == {"n": 2}
    assert output.Kept(tmp_path, "other code").get("a", {"seed": 1}, make) == {"n": 3}


def test_a_break_even_lies_where_the_line_crosses(load):
    nonspiking = load("nonspiking")
    assert nonspiking.break_even([(0.1, 100), (0.2, 200)], 150) == pytest.approx(0.15)
    assert nonspiking.break_even([(0.1, 100), (0.2, 200)], 300) is None


def test_values_have_the_zeros_that_were_asked_for(load):
    networks = load("bench_networks")
    tables = networks.convolution(steps=1, value_bits=4)
    x = networks.values(tables, 0.5, 2)
    assert x.shape == (1, 2, 32, 16, 16)
    assert 0.48 < (x == 0).mean() < 0.52
    assert (x.min(), x.max()) == (0, 15)
    assert 0.09 < networks.spikes(networks.convolution(), 0.1, 1).mean() < 0.11


def test_a_rival_is_wrapped_in_registers_for_every_bit(load, tmp_path):
    rivals = load("rivals")
    ports = {
        "CLK": {"direction": "input", "bits": [2]},
        "SCK": {"direction": "input", "bits": [3]},
        "data": {"direction": "input", "bits": [4, 5, 6]},
        "q": {"direction": "output", "bits": [7, 8]},
    }
    text, count = rivals.wrapper(rivals.RIVALS[0], ports)
    assert count == 5
    for part in (".CLK(clk)", ".SCK(pin_SCK)", ".data(shift[2:0])", ".q(result[1:0])"):
        assert part in text


def test_what_is_not_there_is_named(load, tmp_path, monkeypatch):
    rivals = load("rivals")
    monkeypatch.setenv("PATH", str(tmp_path))
    tiny, _, spiker = rivals.RIVALS
    told = rivals.attempt(lambda: rivals.synthesized(tiny, tmp_path, tmp_path / "build"))
    assert told == {"missing": f"not in {tmp_path.name}/tinyODIN"}
    (tmp_path / "tinyODIN").mkdir()
    told = rivals.attempt(lambda: rivals.synthesized(tiny, tmp_path, tmp_path / "build"))
    assert told == {"missing": "tinyODIN has no *.v"}
    (tmp_path / "Spiker").mkdir()
    (tmp_path / "Spiker" / "network.vhd").write_text("entity network is end;")
    told = rivals.attempt(lambda: rivals.synthesized(spiker, tmp_path, tmp_path / "build"))
    assert told == {"missing": "its VHDL needs GHDL, which is not installed"}
    result = {"designs": {"x": told}, "cycles": {"2%": {"x": told}}}
    assert rivals.report(result).count("GHDL, which is not installed") == 2


def test_a_result_is_written_as_json_and_as_tables(load, tmp_path, capsys):
    output = load("bench_output")
    text = output.markdown(("a", "b"), [[1, "x"]])
    assert text == "| a | b |\n| --- | --- |\n| 1 | x |\n"
    output.write(tmp_path, "result", {"a": 1}, text, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"a": 1}
    assert (tmp_path / "result.md").read_text() == text
    assert json.loads((tmp_path / "result.json").read_text()) == {"a": 1}


class Leaky(torch.nn.Module):
    """Neurons as snnTorch's: spike above 1, reset to 0."""

    def __init__(self, beta, reset_mechanism):
        super().__init__()
        assert reset_mechanism == "zero"
        self.beta = beta

    def reset_mem(self):
        return torch.zeros(())

    def forward(self, x, mem):
        mem = self.beta * mem + x
        spike = (mem >= 1).to(x.dtype) + 0 * mem
        return spike, mem * (1 - spike)


@pytest.fixture
def training(load, monkeypatch):
    monkeypatch.setitem(sys.modules, "snntorch", SimpleNamespace(Leaky=Leaky))
    monkeypatch.setitem(sys.modules, "spikingjelly.activation_based.functional", None)
    return load("training")


def test_the_networks_that_train_have_the_shapes_they_are_named_after(training):
    dense = training.ours(training.CASES[0], quantized=True)
    assert [tuple(layer.main.weight.shape) for layer in dense] == [(128, 784), (10, 128)]
    vgg = training.ours(training.CASES[2], quantized=True)
    assert [tuple(layer.main.weight.shape) for layer in vgg] == [
        (16, 1, 3, 3), (16, 16, 3, 3), (32, 16, 3, 3), (32, 32, 3, 3), (10, 32 * 7 * 7)
    ]  # fmt: skip
    assert [layer.target[1:] for layer in vgg][:4] == [(28, 28), (14, 14), (14, 14), (7, 7)]


@pytest.mark.parametrize("index", [0, 2, 4], ids=["dense", "VGG", "direct"])
def test_equal_weights_spike_alike_in_another_library(training, index):
    case = training.CASES[index]
    everyone = training.contenders(case, fuse=False, batch=4)
    ours, other = everyone[training.REFERENCE], everyone["snnTorch"]
    ours.train()
    assert training.differing(ours, other) < 1e-3  # floats round differently
    assert other.network(other.x).shape == (case.steps, 4, 10)
    other.network.stages[0][2].beta = 0.0
    assert training.differing(ours, other) > 0.01


def test_networks_that_can_not_be_compared_are_refused(training):
    everyone = training.contenders(training.CASES[0], fuse=False, batch=4)
    ours, other = everyone[training.REFERENCE], everyone["snnTorch"]
    ours.x, other.x = 0 * ours.x, 0 * other.x
    with pytest.raises(RuntimeError) as refused:
        training.differing(ours, other)
    assert str(refused.value) == (
        "networks must spike for their spikes to be compared, but none does"
    )
    other.network.parts[0].weight.requires_grad_(False)
    with pytest.raises(RuntimeError) as refused:
        training.differing(ours, other)
    assert str(refused.value) == (
        "networks must learn the 101,632 numbers of ours without the scale of its logits, not 1,280"
    )


def test_an_image_that_stays_is_seen_and_not_copied(training):
    everyone = training.contenders(training.CASES[4], fuse=False, batch=2)
    assert everyone["somagate, float"].x.stride(0) == 0
    assert everyone["somagate, float, first layer in every step"].x.stride(0) > 0


def test_training_times_are_ratios_to_the_same_turn(training):
    assert training.figures([2.0, 4.0, 9.0], [1.0, 2.0, 3.0]) == {
        "ms": 4000.0, "ratio": 2.0, "range": [2.0, 3.0]
    }  # fmt: skip


def test_a_library_that_is_not_installed_is_named_and_the_others_are_measured(training):
    found = training.measure(training.CASES[0], rounds=1, fuse=False, batch=4)
    text = training.report({"on": training.surroundings(), "cases": [found]})
    assert "spikingjelly is not measured: import of spikingjelly.activation_based" in text
    rows = [line[2:-2].split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert ["somagate, float", "101,633"] in rows
    assert ["snnTorch", "101,632"] in rows
    assert ["snnTorch", "0"] in rows
    times = found["contenders"]["snnTorch"]
    assert [
        "snnTorch",
        f"{times['train_ratio']:.2f} ({{:.2f}}…{{:.2f}})".format(*times["train_range"]),
    ] in rows
    assert [
        "somagate, float",
        f"1 ({found['contenders'][training.REFERENCE]['infer_ms']:,.1f} ms)",
    ] in rows
