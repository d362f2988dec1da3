import torch
from somagate.model.methods.hardening import Hardening
from somagate.model.network import Network
from somagate.model.recipe import Conv, Recipe
from somagate.model.settings import SigmoidSum

RECIPE = Recipe(
    name="r", data="digits", classes=3, steps=2, epochs=8, weights="sigmoid", weight_bits=2,
    layers=(Conv(channels=4, weight_bits=8), Conv(channels=4)), readout_weight_bits=8,
    method=SigmoidSum(epochs=5, rise=15, cap=100),
)  # fmt: skip


def made():
    network = Network(RECIPE, (1, 4, 4)).train()
    return network, Hardening(RECIPE), list(network)[1].main.quantizer


def test_float_comes_first_and_the_levels_last():
    network, method, quantizer = made()
    float_, quantized = method.phases()
    assert (float_.epochs, quantized.epochs) == (5, 8)
    method.enter(float_, network, None)
    method.start(float_, 4, network)
    assert not quantizer.started and not quantizer.hard
    method.enter(quantized, network, None)
    temperatures, hard = [], []
    for epoch in range(8):
        method.start(quantized, epoch, network)
        temperatures.append(float(quantizer.temperature))
        hard.append(quantizer.hard)
    assert quantizer.started
    assert temperatures == [15, 30, 45, 60, 75, 90, 100, 100]
    assert hard == [False] * 6 + [True] * 2


def test_only_layers_without_a_width_of_their_own_have_the_levels():
    network, _, _ = made()
    kinds = [type(layer.main.quantizer).__name__ for layer in network]
    assert kinds == ["Lsq", "SigmoidSum", "Lsq"]


def test_an_update_keeps_scales_and_thresholds_in_range():
    network, method, quantizer = made()
    with torch.no_grad():
        quantizer.beta.fill_(-1)
        list(network)[1].theta.fill_(-1)
    method.updated(method.phases()[0], network)
    assert quantizer.beta > 0
    assert list(network)[1].theta.min() > 0
