"""Networks that train beside other libraries' are the same, and their times are ratios."""

import importlib
import sys
from types import SimpleNamespace

import pytest
import torch


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
def training(monkeypatch):
    monkeypatch.setitem(sys.modules, "snntorch", SimpleNamespace(Leaky=Leaky))
    monkeypatch.setitem(sys.modules, "spikingjelly.activation_based.functional", None)
    return importlib.import_module("benchmarks.training.__main__")


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
