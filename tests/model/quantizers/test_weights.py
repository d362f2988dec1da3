import math

import pytest
import torch
from somagate.model.quantizers import quantize
from somagate.model.quantizers.weights import Lsq, Plain


def test_a_float_network_keeps_its_weights():
    weight = torch.randn(5)
    found, scale = Plain()(weight)
    assert torch.equal(found, weight)
    assert scale == 1


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_learned_step_starts_from_the_deviation_and_gets_a_gradient(bits):
    quantizer = Lsq(bits, 0.5)
    assert math.isclose(2 ** quantizer.step.item(), 0.5 * quantize.STEPS[bits], rel_tol=1e-5)
    weight = torch.randn(50).requires_grad_()
    integers, scale = quantizer(weight)
    assert (integers == integers.round()).all()
    (integers * scale).square().sum().backward()
    assert weight.grad.abs().sum() > 0
    assert quantizer.step.grad != 0


def test_a_step_adapts_to_the_weights_that_are_not_0():
    quantizer = Lsq(4, 1.0)
    weight = torch.tensor([0.0, 0.3, -0.3, 0.0])
    quantizer.adapt(weight)
    assert math.isclose(2 ** quantizer.step.item(), 0.3 * quantize.STEPS[4], rel_tol=1e-5)
    before = quantizer.step.item()
    quantizer.adapt(torch.zeros(4))
    assert quantizer.step.item() == before
