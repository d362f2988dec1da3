import pytest
import torch
from own_nets import spikes
from somagate.model import LI, LIF, QuantLinear, settle

torch.set_num_threads(1)


def sums(steps=6, channels=3, **settings):
    return torch.round(8 * (spikes(steps, 4, channels, **settings) - 0.2) + 1)


@pytest.mark.parametrize(
    "settings",
    [{}, {"reset": "subtract", "leak_at": "store"}, {"store": "ternary", "state_bits": 2},
     {"recurrent": QuantLinear(3, 3)}, {"mask_negative": True, "threshold": "layer"}],
)  # fmt: skip
@pytest.mark.parametrize("training", [False, True])
def test_steps_one_by_one_are_all_at_once(settings, training):
    torch.manual_seed(0)
    layer = LIF(3, **settings).train(training)
    x = sums(rate=0.5)
    whole = layer(x)
    state, parts = None, []
    for part in x:
        fired, state = layer.step(part, state)
        parts.append(fired)
    assert torch.equal(torch.stack(parts), whole)
    assert 0 < whole.mean() < 1
    assert whole.dtype == torch.float32


def test_the_first_batch_that_is_not_all_0_chooses_unit_and_shift():
    layer = LIF(2, state_bits=3)
    assert not layer(torch.zeros(3, 1, 2)).any()
    assert (layer.unit, layer.shift) == (0, -1)
    layer(torch.tensor([[[6.0, 0], [0, -6]]]))
    assert (layer.unit, layer.shift) == (6, 1)
    assert layer.constants().threshold.tolist() == [6, 6]
    layer(torch.full((1, 1, 2), 100.0))
    assert (layer.unit, layer.shift) == (6, 1)


def test_normalized_neurons_take_the_batch_in_training_and_the_running_statistics_later():
    layer = LIF(3, normalize=True)
    x = sums() * torch.tensor([1.0, 3, 5])
    first = layer(x)
    assert torch.equal(layer.mean, x.mean((0, 1)))
    settle(layer)
    assert torch.equal(layer(x), first)
    assert torch.equal(layer.eval()(x), first)
    settle(layer.train(), False)
    layer(2 * x)
    assert not torch.equal(layer.mean, x.mean((0, 1)))


def test_a_readout_drops_more_bits_where_potentials_reach_the_end_of_its_store():
    layer = LI(2, state_bits=4)
    layer(torch.ones(2, 1, 2))
    shift = int(layer.shift)
    for _ in range(4):
        layer(torch.full((2, 1, 2), 60.0))
    assert int(layer.shift) > shift
    kept = int(layer.shift)
    layer.eval()(torch.full((2, 1, 2), 60.0 * 60))
    assert int(layer.shift) == kept


def test_a_readout_answers_in_units_and_its_steps_end_where_all_at_once_do():
    layer = LI(3, leak=0.75)
    x = sums()
    whole = layer.eval()(x)
    state = None
    for part in x:
        potentials, state = layer.step(part, state)
    assert torch.equal(whole, potentials)
    assert torch.equal(whole, (state.v / layer.unit).float())


def test_gradients_reach_threshold_bias_and_leak():
    layer = LIF(3, reset="subtract")
    layer(sums(rate=0.5)).sum().backward()
    assert layer.theta.grad.any() and layer.beta.grad.any() and layer.leak.grad.any()
    assert LIF(3, threshold="layer").theta.shape == ()
    fixed = LIF(3, threshold="fixed", leak_learned=False)
    assert not fixed.theta.requires_grad and not fixed.leak.requires_grad


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (
            lambda: LIF(3, bits=3), TypeError,
            (
                "LIF settings must be of threshold, store, state_bits, store_gradient, "
                "spike_gradient, spike_peak, reset, mask_negative, leak, leak_learned, leak_shift, "
                "leak_at, not 'bits'"
            ),
        ),
        (lambda: LIF(3, state_bits=1), ValueError, "LIF state_bits must be 2…16, not 1"),
        (
            lambda: LIF(3, store="ternary"), ValueError,
            "LIF state_bits must be 2 for store 'ternary', not 3",
        ),
        (lambda: LIF(0), ValueError, "LIF channels must be 1…16777216, not 0"),
        (
            lambda: LIF(3, recurrent=3 * [None]), TypeError,
            ("LIF recurrent must be QuantLinear, QuantConv2d, Residual, a list of them, or None, "
            "not None"),
        ),
        (lambda: LI(3, leak=2), ValueError, "LI leak must be 0…1, not 2"),
        (
            lambda: LIF(3)(torch.zeros(5, 2, 4)), ValueError,
            ("LIF must read sums of 3 channels behind the batch, and behind time where all steps "
            "come at once, not (5, 2, 4)"),
        ),
        (
            lambda: LIF(3, normalize=True).step(torch.zeros(2, 3)), ValueError,
            ("normalized neurons must be trained on all time steps at once, lif(sums) of (steps, "
            "batch, ...), not by step; or take normalize=False"),
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(make, kind, text):
    with pytest.raises(kind) as caught:
        make()
    assert str(caught.value) == text
