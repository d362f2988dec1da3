import pytest
import torch
from somagate.model.quantizers.sigmoid_sum import LEVELS, SigmoidSum, clusters

DOUBLE = torch.float64


def quantizer(bits, temperature=5.0):
    one = SigmoidSum(bits).double().train()
    one.adapt(torch.randn(4000, generator=torch.Generator().manual_seed(0), dtype=DOUBLE))
    one.temperature.fill_(temperature)
    return one


def weights():
    return torch.linspace(-4, 4, 161, dtype=DOUBLE)


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_training_sees_the_sum_of_sigmoids(bits):
    one = quantizer(bits)
    integers, scale = one(weights())
    expected = -(LEVELS[bits][-1] - LEVELS[bits][0]) / 2
    for low, high, bias in zip(LEVELS[bits], LEVELS[bits][1:], one.biases, strict=False):
        inside = (5 * (one.beta * weights() - bias)).clamp(-10, 10)
        expected = expected + (high - low) * torch.sigmoid(inside)
    assert torch.allclose(integers, expected)
    assert scale == one.alpha


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_evaluation_sees_every_level_and_nothing_else(bits):
    one = quantizer(bits).eval()
    integers, _ = one(weights())
    levels = (-1, 1) if bits == 1 else LEVELS[bits]
    assert set(integers.tolist()) == set(levels)
    assert (integers.diff() >= 0).all()
    one.train()
    one.hard = True
    assert torch.equal(one(weights())[0], integers)


def test_a_weight_of_0_is_minus_1_where_there_are_only_two():
    assert quantizer(1).eval()(torch.zeros(1, dtype=DOUBLE))[0].tolist() == [-1]


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_gradients_are_those_of_the_sum(bits):
    one = quantizer(bits, 2.0)
    upstream = torch.randn(161, generator=torch.Generator().manual_seed(1), dtype=DOUBLE)

    def total(weight, beta, alpha):
        risen = sum(
            (high - low) * torch.sigmoid((2 * (beta * weight - bias)).clamp(-10, 10))
            for low, high, bias in zip(LEVELS[bits], LEVELS[bits][1:], one.biases, strict=False)
        )
        return (alpha * (risen - LEVELS[bits][-1]) * upstream).sum()

    weight = weights().div(4).requires_grad_()
    integers, scale = one(weight)
    (integers * scale * upstream).sum().backward()
    other = weights().div(4).requires_grad_()
    beta, alpha = (v.detach().clone().requires_grad_() for v in (one.beta, one.alpha))
    total(other, beta, alpha).backward()
    assert torch.allclose(weight.grad, other.grad)
    assert torch.allclose(one.beta.grad, beta.grad)
    assert torch.allclose(one.alpha.grad, alpha.grad)
    assert weight.grad.abs().min() > 1e-9


def test_binary_weights_have_the_gradient_of_slope_1_times_the_temperature():
    one = quantizer(1, 7.0)
    weight = weights().requires_grad_()
    one(weight)[0].sum().backward()
    risen = torch.sigmoid((one.beta * weights()).clamp(-10, 10))
    assert torch.allclose(weight.grad, one.beta * 7 * 2 * risen * (1 - risen))


def test_until_it_starts_weights_are_float_on_their_later_scale():
    one = SigmoidSum(3).double().train()
    weight = weights().requires_grad_()
    rescaled, scale = one(weight)
    assert rescaled.abs().max().item() == pytest.approx(1.25 * 2)
    assert torch.allclose(rescaled * scale, weight)
    one.adapt(weights())
    assert one.alpha.item() == pytest.approx(scale.item())
    assert (one.alpha * one.beta).item() == pytest.approx(1)


def test_tables_have_integers_even_before_it_starts():
    integers, _ = SigmoidSum(2).double().eval()(weights())
    assert set(integers.tolist()) <= {-1, 0, 1}


def test_biases_lie_between_the_clusters():
    values = torch.cat([torch.full((30,), v, dtype=DOUBLE) for v in (-1.5, -1.3, 0.1, 0.9)])
    centers = clusters(values, (-1, 0, 1))
    assert torch.allclose(centers, torch.tensor([-1.4, 0.1, 0.9], dtype=DOUBLE))
    one = SigmoidSum(2).double()
    one.adapt(values)
    beta = 1.25 / 1.5
    expected = torch.tensor([(-1.4 + 0.1) / 2, (0.1 + 0.9) / 2], dtype=DOUBLE) * beta
    assert torch.allclose(one.biases, expected)


def test_an_empty_cluster_stays():
    assert clusters(torch.tensor([-1.0, -1.0, 1.0]), (-1, 0, 1)).tolist() == [-1, 0, 1]


def test_scales_stay_positive():
    one = SigmoidSum(2)
    with torch.no_grad():
        one.alpha.fill_(-1)
        one.beta.fill_(-1)
    one.project()
    assert one.alpha > 0 and one.beta > 0
