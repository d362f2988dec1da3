import numpy as np
import pytest
import torch
from somagate.model.neuron import Constants, TrainingRule, run
from somagate.model.quantizers import quantize

torch.set_num_threads(1)


def by_hand(acc, *, bias, threshold, multiplier, rule):
    """Return spikes and stored potentials of one neuron, in Python's integers."""
    stored, spikes, potentials = 0, [], []
    low, high = -(1 << (rule.bits - 1)), (1 << (rule.bits - 1)) - 1
    for current in acc:
        x = stored << rule.shift
        if rule.leak_at == "load":
            x = (multiplier * x) >> rule.leak_shift
        u = x + current + bias
        fire = threshold is not None and u >= threshold
        if rule.mask_negative and stored < 0:
            fire = False
        r = (multiplier * u) >> rule.leak_shift if rule.leak_at == "store" else u
        if fire:
            r = 0 if rule.reset == "zero" else r - threshold
        stored = min(max((r + ((1 << rule.shift) >> 1)) >> rule.shift, low), high)
        spikes.append(int(fire))
        potentials.append(stored)
    return spikes, potentials


@pytest.mark.parametrize("reset", ["zero", "subtract", "none"])
@pytest.mark.parametrize("leak_at", ["load", "store"])
@pytest.mark.parametrize(("bits", "shift"), [(2, 0), (3, 2), (6, 1)])
@pytest.mark.parametrize(("multiplier", "leak_shift"), [(1, 0), (0, 2), (5, 3)])
@pytest.mark.parametrize("mask", [False, True])
def test_every_neuron_is_as_by_hand(reset, leak_at, bits, shift, multiplier, leak_shift, mask):
    rule = TrainingRule(
        bits=bits, shift=shift, reset=reset, leak_at=leak_at, leak_shift=leak_shift,
        mask_negative=mask,
    )  # fmt: skip
    acc = np.random.default_rng(0).integers(-9, 12, (7, 5, 3, 2, 2))
    bias = [0, -2, 3]
    threshold = None if reset == "none" else [1, 6, 11]
    activity = run(
        torch.from_numpy(acc).float(),
        Constants(
            bias=torch.tensor(bias).float(),
            threshold=None if threshold is None else torch.tensor(threshold).float(),
            multiplier=torch.tensor(float(multiplier)),
        ),
        rule,
        record=True,
    )
    if threshold is None:
        assert activity.spikes is None
    for sample, channel, row, column in np.ndindex(5, 3, 2, 2):
        place = (slice(None), sample, channel, row, column)
        spikes, potentials = by_hand(
            acc[place].tolist(), bias=bias[channel],
            threshold=None if threshold is None else threshold[channel],
            multiplier=multiplier, rule=rule,
        )  # fmt: skip
        if activity.spikes is not None:
            assert activity.spikes[place].tolist() == spikes
        assert activity.potentials[place].tolist() == potentials
        assert activity.last[place[1:]] == potentials[-1] << shift


def test_a_masked_neuron_neither_fires_nor_is_reset_and_its_spike_has_no_gradient():
    """The sums are -5, 8 and 1: 8 would reach the threshold, but a -5 is stored before it."""
    rule = TrainingRule(
        bits=5, shift=0, reset="zero", leak_at="load", leak_shift=0, mask_negative=True
    )  # fmt: skip
    acc = torch.tensor([-5.0, 8.0, 1.0]).reshape(3, 1, 1).requires_grad_()
    constants = Constants(
        bias=torch.zeros(1), threshold=torch.tensor([3.0]), multiplier=torch.tensor(1.0)
    )
    activity = run(acc, constants, rule, record=True)
    assert activity.spikes.flatten().tolist() == [0, 0, 1]
    assert activity.potentials.flatten().tolist() == [-5, 3, 0]
    (grad,) = torch.autograd.grad(activity.spikes[1].sum(), acc, retain_graph=True)
    assert not grad.any()
    (grad,) = torch.autograd.grad(activity.spikes[2].sum(), acc)
    assert grad.all()


def test_a_float_neuron_rounds_nothing():
    rule = TrainingRule(
        bits=2, shift=0, reset="subtract", leak_at="load", leak_shift=1, quantized=False
    )  # fmt: skip
    acc = torch.tensor([0.3, 7.25, -0.5]).reshape(3, 1, 1)
    constants = Constants(
        bias=torch.tensor([0.125]), threshold=torch.tensor([1.5]), multiplier=torch.tensor(1.5)
    )
    activity = run(acc, constants, rule, record=True)
    first = 0.425
    second = 0.75 * first + 7.375 - 1.5
    third = 0.75 * second - 0.375 - 1.5
    assert torch.allclose(activity.potentials.flatten(), torch.tensor([first, second, third]))
    assert activity.spikes.flatten().tolist() == [0, 1, 1]


@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("leak_at", ["load", "store"])
@pytest.mark.parametrize("mask", [False, True])
def test_gradients_are_those_of_the_smooth_neuron(monkeypatch, reset, leak_at, mask):
    """Without roundings, a run has the gradients of the run with smooth spikes of equal slope.

    Spikes become the ramp of `quantize.fire`; it passes through 0 and 1, so where every spike is
    replaced by the ramp itself, finite differences see what the surrogate promises. A mask is a
    constant to both.
    """

    def smooth(u, threshold, peak):
        z = (u / threshold - 1).clamp(-1, 1)
        return torch.where(z < 0, (1 + z) ** 2 / 2, 1 - (1 - z) ** 2 / 2)

    monkeypatch.setattr(quantize, "fire", smooth)
    rule = TrainingRule(
        bits=3, shift=1, reset=reset, leak_at=leak_at, leak_shift=3, quantized=False,
        mask_negative=mask,
    )  # fmt: skip
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    def total(acc, bias, threshold, multiplier):
        constants = Constants(bias=bias, threshold=threshold, multiplier=multiplier)
        activity = run(acc, constants, rule)
        return (activity.spikes * weight).sum() + activity.last.sum()

    weight = draw(4, 2, 3)
    values = [
        (draw(4, 2, 3) * 4).requires_grad_(),
        draw(3).requires_grad_(),
        torch.tensor([3.0, 4.0, 6.0], dtype=torch.float64, requires_grad=True),
        torch.tensor(6.2, dtype=torch.float64, requires_grad=True),
    ]
    assert torch.autograd.gradcheck(total, values)
