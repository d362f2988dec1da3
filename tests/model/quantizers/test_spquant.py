import pytest
import torch
from somagate.model.quantizers.spquant import Sawb, Ternary

DOUBLE = torch.float64


def test_ternary_keeps_what_is_a_twentieth_of_the_largest():
    weight = torch.tensor([2.0, -1.0, 0.1, -0.1, 0.099, 0.0], dtype=DOUBLE)
    integers, scale = Ternary()(weight)
    assert integers.tolist() == [1, -1, 1, -1, 0, 0]
    assert float(scale) == pytest.approx((2 + 1 + 0.1 + 0.1) / 4)


def test_ternary_passes_gradients_straight_through():
    weight = torch.randn(50, dtype=DOUBLE, requires_grad=True)
    integers, scale = Ternary()(weight)
    upstream = torch.randn(50, dtype=DOUBLE)
    (integers * scale * upstream).sum().backward()
    assert torch.allclose(weight.grad, upstream)


def test_weights_that_are_all_zero_stay_so():
    for quantizer in (Ternary(), Sawb(4)):
        integers, scale = quantizer(torch.zeros(5))
        assert integers.tolist() == [0] * 5
        assert scale > 0


@pytest.mark.parametrize("bits", [3, 4, 8])
def test_sawb_clips_at_twice_the_mean_and_rounds(bits):
    weight = torch.randn(2000, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)
    weight.requires_grad_()
    largest = 2 ** (bits - 1) - 1
    alpha = 2 * weight.detach().abs().mean()
    integers, scale = Sawb(bits)(weight)
    assert float(scale) == pytest.approx(float(alpha) / largest)
    expected = torch.floor(weight.clamp(-alpha, alpha) * largest / alpha + 0.5)
    assert (integers == expected).all()
    assert integers.max() == largest and integers.min() == -largest
    (integers * scale).sum().backward()
    assert (weight.grad == (weight.abs() <= alpha)).all()
