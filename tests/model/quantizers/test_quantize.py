import numpy as np
import pytest
import torch
from somagate.model.quantizers import quantize

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


def test_a_peak_scales_the_gradient_of_fire():
    u = torch.linspace(0, 9, 50, dtype=DOUBLE)
    threshold = torch.tensor(4.0, dtype=DOUBLE)
    full, low = (gradient(lambda x, p=p: quantize.fire(x, threshold, p), u) for p in (1.0, 0.3))
    assert torch.allclose(low, 0.3 * full)


def test_window_has_the_gradient_of_its_ramp_in_every_argument():
    generator = torch.Generator().manual_seed(0)
    u = torch.randn(50, 3, generator=generator, dtype=DOUBLE) * 8
    threshold = torch.tensor([1.3, 4.0, 9.7], dtype=DOUBLE)
    width = torch.tensor([5.0, 2.5, 8.0], dtype=DOUBLE)

    def smooth(u, threshold, width):
        return 0.7 * ramp((u - threshold) / width)

    fired = quantize.window(u, threshold, width, 0.7)
    assert (fired == (u >= threshold)).all()
    expected = difference(lambda x: smooth(x, threshold, width), u)
    found = gradient(lambda x: quantize.window(x, threshold, width, 0.7), u)
    assert torch.allclose(found, expected, atol=1e-6)
    assert (found == 0).any() and (found > 0).any()
    expected = difference(lambda x: smooth(u, x, width), threshold).sum(0)
    found = gradient(lambda x: quantize.window(u, x, width, 0.7), threshold)
    assert torch.allclose(found, expected, atol=1e-6)
    expected = difference(lambda x: smooth(u, threshold, x), width).sum(0)
    found = gradient(lambda x: quantize.window(u, threshold, x, 0.7), width)
    assert torch.allclose(found, expected, atol=1e-6)


def test_a_learned_threshold_adds_the_term_of_lt_snn():
    """-Σ g · tri(z) · sigmoid(z) where z >= 0, beside -Σ g · tri(z), for a deviation of 1."""
    u = torch.linspace(-1, 3, 41, dtype=DOUBLE)
    one = torch.tensor(1.0, dtype=DOUBLE)
    z = u - one
    triangle = (1 - z.abs()).clamp(min=0)
    expected = -(triangle + triangle * torch.sigmoid(z) * (z >= 0)).sum()
    found = gradient(lambda x: quantize.window(u, x, one, 1.0, True), one)
    assert torch.allclose(found, expected)


def stacked(z, boundaries):
    """Return the staircase of sigmoids whose slope is SpQuant's surrogate at T = 2."""
    return sum(torch.sigmoid(2 * (z - boundary)) for boundary in boundaries)


@pytest.mark.parametrize(("bits", "shift"), [(2, 0), (2, 3), (3, 2), (5, 1)])
def test_a_stacked_store_has_a_bump_at_every_boundary(bits, shift):
    r = torch.linspace(-45, 45, 200, dtype=DOUBLE) + 0.013
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    unit, half = 1 << shift, (1 << shift) // 2
    assert (quantize.store(r, bits, shift, stacked=True) == quantize.store(r, bits, shift)).all()
    found = gradient(lambda x: quantize.store(x, bits, shift, stacked=True), r)
    boundaries = range(low + 1, high + 1)
    expected = difference(lambda x: unit * stacked((x + half) / unit, boundaries), r)
    assert torch.allclose(found, expected, atol=1e-6)


def test_ternary_gives_a_boundary_to_the_upper_state():
    r = torch.tensor([-9.0, -4.001, -4.0, 0.0, 3.999, 4.0, 9.0], dtype=DOUBLE)
    boundary = torch.tensor(4.0, dtype=DOUBLE)
    assert quantize.ternary(r, boundary).tolist() == [-1, -1, 0, 0, 0, 1, 1]


@pytest.mark.parametrize("smooth", [False, True])
def test_ternary_has_the_gradient_of_its_staircase_or_its_clamp(smooth):
    r = torch.linspace(-25, 25, 173, dtype=DOUBLE)[:, None]
    boundary = torch.tensor([2.0, 5.5], dtype=DOUBLE)

    def stairs(r, boundary):
        z = r / (2 * boundary)
        return stacked(z, (-0.5, 0.5)) if smooth else z.clamp(-1.5, 1.5)

    found = gradient(lambda x: quantize.ternary(x, boundary, stacked=smooth), r)
    assert torch.allclose(found, difference(lambda x: stairs(x, boundary), r).sum(1, True))
    found = gradient(lambda x: quantize.ternary(r, x, stacked=smooth), boundary)
    expected = difference(lambda x: stairs(r, x), boundary).sum(0)
    if not smooth:  # what saturates has no gradient, as in `store`
        inside = (r / (2 * boundary)).abs() < 1.5
        expected = (-r / (2 * boundary**2) * inside).sum(0)
    assert torch.allclose(found, expected, atol=1e-6)


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
