import numpy as np
import pytest
import torch
from somagate.model import MaxPool2d, QuantConv2d, QuantLinear, Residual, SumPool2d
from torch import nn

torch.set_num_threads(1)


@pytest.mark.parametrize("method", ["lsq", "sawb"])
@pytest.mark.parametrize("bits", [1, 2, 3, 4, 8])
def test_sums_are_whole_numbers_of_weights_in_their_width(bits, method):
    if bits == 1 and method == "sawb":
        return
    torch.manual_seed(0)
    layer = QuantLinear(6, 9, bits=bits, method=method).eval()
    weights = layer.integers()
    low, high = (-1, 1) if bits < 3 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    assert weights.dtype == torch.float64
    assert low <= weights.min() < 0 < weights.max() <= high
    x = torch.ones(2, 3, 6)
    assert torch.equal(layer(x), weights.sum(1).expand(2, 3, 9))
    assert layer.bits == bits


def test_maps_are_made_one_row_with_any_axes_before():
    layer = QuantLinear(24, 5).eval()
    x = torch.randint(0, 2, (4, 3, 2, 3, 4)).float()
    assert torch.equal(layer(x), layer(x.flatten(2)))
    assert torch.equal(layer(x[0]), layer(x)[0])


def test_a_convolution_is_torch_s():
    torch.manual_seed(0)
    layer = QuantConv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), groups=2, bits=3).eval()
    plain = nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 0), groups=2, bias=False).double()
    with torch.no_grad():
        plain.weight.copy_(layer.integers())
        x = torch.randint(0, 5, (3, 2, 4, 6, 5)).double()
        assert torch.equal(layer(x), plain(x.flatten(0, 1)).reshape(3, 2, 6, 3, 4).round())


def test_a_residual_has_one_weight_a_channel_and_starts_at_16():
    layer = Residual(3).eval()
    x = torch.randint(0, 2, (2, 3, 3, 3)).float()
    assert torch.equal(layer(x), 16 * x)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([1.0, -0.5, 0.0]))
    weights = torch.tensor([16.0, -8, 0])
    assert torch.equal(layer(x), weights.reshape(3, 1, 1) * x)
    assert torch.equal(layer(x[..., 0, 0]), weights * x[..., 0, 0])


def test_gradients_reach_the_weights_and_their_step():
    layer = QuantLinear(6, 9)
    layer(torch.ones(2, 6)).square().sum().backward()
    assert layer.weight.grad.any()
    assert layer.quantizer.step.grad


def test_pools_leave_out_what_no_window_covers():
    x = torch.from_numpy(np.arange(2 * 3 * 5 * 4).reshape(1, 2, 3, 5, 4) % 3).float()
    inside = x[..., :4, :3].unfold(-2, 2, 2).unfold(-2, 3, 3)
    assert torch.equal(MaxPool2d((2, 3))(x), inside.amax((-2, -1)))
    assert torch.equal(SumPool2d((2, 3))(x), inside.sum((-2, -1)))


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda: QuantLinear(2, 2, bits=9), ValueError, "QuantLinear bits must be 1…8, not 9"),
        (
            lambda: QuantLinear(2, 2, method="max"), ValueError,
            "QuantLinear method must be 'lsq' or 'sawb', not 'max'",
        ),
        (
            lambda: QuantConv2d(2, 2, 3, bits=1, method="sawb"), ValueError,
            "QuantConv2d bits must be 2…8 for method 'sawb', not 1; choose 'lsq'",
        ),
        (
            lambda: QuantConv2d(4, 3, 3, groups=2), ValueError,
            "QuantConv2d groups must divide 4 and 3 channels, not be 2",
        ),
        (
            lambda: QuantLinear(5, 2)(torch.zeros(3, 4)), ValueError,
            "QuantLinear must read maps of 5 elements, not a tensor of shape (3, 4)",
        ),
        (
            lambda: QuantConv2d(4, 3, 3)(torch.zeros(2, 3, 5, 5)), ValueError,
            ("QuantConv2d must read maps of 4 channels, rows and columns behind a batch, not a "
            "tensor of shape (2, 3, 5, 5)"),
        ),
        (
            lambda: Residual(4)(torch.zeros(2, 3, 5, 5)), ValueError,
            "Residual must read maps of 4 channels, not a tensor of shape (2, 3, 5, 5)",
        ),
        (lambda: MaxPool2d(16), ValueError, "MaxPool2d size rows must be 1…15, not 16"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(make, kind, text):
    with pytest.raises(kind) as caught:
        make()
    assert str(caught.value) == text
