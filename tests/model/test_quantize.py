import numpy as np
import pytest
import torch
from somagate.model import quantize

DOUBLE = torch.float64


def gradient(function, x):
    """Return d(sum of function(x)) / dx."""
    x = x.clone().requires_grad_()
    function(x).sum().backward()
    return x.grad


def difference(function, x, width=1e-6):
    """Return the same by central differences, element by element."""
    return (function(x + width) - function(x - width)) / (2 * width)


def ramp(z):
    """Return the integral of the triangle max(0, 1 - |z|): 0 up to -1, 1 from 1 on."""
    z = z.clamp(-1, 1)
    return torch.where(z < 0, (1 + z) ** 2 / 2, 1 - (1 - z) ** 2 / 2)


def test_floor_and_round_half_up_are_exact_and_pass_gradients():
    x = torch.tensor([-2.5, -1.5, -1.2, -0.5, 0.0, 0.49, 0.5, 1.5], dtype=DOUBLE)
    assert quantize.floor(x).tolist() == [-3, -2, -2, -1, 0, 0, 0, 1]
    assert quantize.round_half_up(x).tolist() == [-2, -1, -1, 0, 0, 0, 1, 2]
    assert (gradient(quantize.floor, x) == 1).all()
    assert (gradient(quantize.round_half_up, x) == 1).all()


def test_fire_includes_the_threshold():
    u = torch.tensor([[3.0, 4.0, 5.0], [6.0, 7.0, 8.0]])
    assert quantize.fire(u, torch.tensor([4.0, 7.0, 5.0])).tolist() == [[0, 0, 1], [1, 1, 1]]


def test_fire_has_the_gradient_of_its_ramp():
    generator = torch.Generator().manual_seed(0)
    u = torch.randn(50, 3, generator=generator, dtype=DOUBLE) * 8
    threshold = torch.tensor([1.3, 4.0, 9.7], dtype=DOUBLE)
    expected = difference(lambda x: ramp(x / threshold - 1), u)
    found = gradient(lambda x: quantize.fire(x, threshold), u)
    assert torch.allclose(found, expected, atol=1e-6)
    assert (found == 0).any() and (found > 0).any()
    # One threshold serves 50 potentials: its gradient is their sum.
    expected = difference(lambda x: ramp(u / x - 1), threshold).sum(0)
    assert torch.allclose(gradient(lambda x: quantize.fire(u, x), threshold), expected, atol=1e-6)


@pytest.mark.parametrize(("bits", "shift"), [(2, 0), (2, 3), (3, 1), (3, 2), (8, 1), (16, 0)])
def test_store_rounds_half_up_then_saturates(bits, shift):
    r = torch.arange(-700, 700).double()
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    half = (1 << shift) // 2
    kept = np.clip((r.numpy().astype(int) + half) >> shift, low, high)
    assert (quantize.store(r, bits, shift).numpy() == kept << shift).all()


@pytest.mark.parametrize(("bits", "shift"), [(2, 1), (3, 2), (4, 0)])
def test_store_has_the_gradient_of_its_clamp(bits, shift):
    r = torch.linspace(-45, 45, 200, dtype=DOUBLE) + 0.013
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    half, unit = (1 << shift) // 2, 1 << shift
    # What rounds to a stored integer reaches from half a stored LSB below it to half above.
    expected = difference(lambda x: x.clamp(low * unit - half, (high + 1) * unit - half), r)
    found = gradient(lambda x: quantize.store(x, bits, shift), r)
    assert torch.allclose(found, expected)
    assert (found == 0).any() and (found == 1).any()


@pytest.mark.parametrize("bits", range(1, 9))
def test_weights_are_the_nearest_integers_of_their_width(bits):
    weight = torch.linspace(-3, 3, 4001, dtype=DOUBLE)
    step = torch.tensor(0.5 ** (bits - 1), dtype=DOUBLE)
    found = quantize.weights(weight, step, bits).numpy()
    if bits == 1:
        assert (found == np.where(weight.numpy() >= 0, 1, -1)).all()
        return
    low, high = (-1, 1) if bits == 2 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    assert set(found) == set(range(low, high + 1))
    levels = np.arange(low, high + 1)
    nearest = np.abs(weight.numpy()[:, None] / float(step) - levels)
    assert np.allclose(np.abs(weight.numpy() / float(step) - found), nearest.min(1))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_weights_have_the_gradient_of_their_clamp(bits):
    weight = torch.linspace(-3, 3, 200, dtype=DOUBLE) + 0.0013
    step = torch.tensor(0.5 ** (bits - 1), dtype=DOUBLE)
    low, high = (-1, 1) if bits <= 2 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    found = gradient(lambda x: quantize.weights(x, step, bits), weight)
    expected = difference(lambda x: (x / step).clamp(low, high), weight)
    assert torch.allclose(found, expected, atol=1e-4)
    found = gradient(lambda x: quantize.weights(weight, x, bits), step)
    expected = difference(lambda x: (weight / x).clamp(low, high), step).sum()
    assert torch.allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("bits", range(1, 9))
def test_the_first_step_is_the_best_for_normal_weights(bits):
    weight = torch.randn(20000, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)

    def error(step):
        integers = quantize.weights(weight, torch.tensor(step, dtype=DOUBLE), bits)
        # ±1 stands for half a step.
        return float(((integers * (step / 2 if bits == 1 else step) - weight) ** 2).mean())

    best = quantize.STEPS[bits]
    assert error(best) < min(error(best * 0.8), error(best * 1.25))
