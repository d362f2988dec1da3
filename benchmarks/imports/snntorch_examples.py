"""The networks of snnTorch's README and tutorials, layer by layer and call by call as there."""

from functools import partial

import snntorch as snn
import torch
import torch.nn.functional as F
from snntorch import functional as SF
from snntorch import surrogate, utils
from torch import Tensor, nn

from benchmarks.imports.example import Example, Net


def flat(images: Tensor) -> Tensor:
    """Return images as rows."""
    return images.flatten(1)


def spikes(net: Net, x: Tensor, steps: int) -> Tensor:
    """Return the spikes of a network that holds its states itself, (steps, batch, neurons)."""
    utils.reset(net)
    return torch.stack([net(x)[0] for _ in range(steps)])


def convolutional(first: int, second: int) -> Net:
    """Return the README's network, or tutorial 6's as it is trained there, with so many channels.

    The latter writes out the slope of 25 that the former has by default.
    """
    beta, grad = 0.5, surrogate.fast_sigmoid(slope=25)
    return nn.Sequential(
        nn.Conv2d(1, first, 5),
        nn.MaxPool2d(2),
        snn.Leaky(beta=beta, init_hidden=True, spike_grad=grad),
        nn.Conv2d(first, second, 5),
        nn.MaxPool2d(2),
        snn.Leaky(beta=beta, init_hidden=True, spike_grad=grad),
        nn.Flatten(),
        nn.Linear(second * 4 * 4, 10),
        snn.Leaky(beta=beta, init_hidden=True, spike_grad=grad, output=True),
    )


class Tutorial5(nn.Module):
    """Dense layers in a loop over time; spikes and potentials of every step come back."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 1000)
        self.lif1 = snn.Leaky(beta=0.95)
        self.fc2 = nn.Linear(1000, 10)
        self.lif2 = snn.Leaky(beta=0.95)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mem1, mem2 = self.lif1.init_leaky(), self.lif2.init_leaky()
        spk2_rec, mem2_rec = [], []
        for _ in range(25):
            cur1 = self.fc1(x)
            spk1, mem1 = self.lif1(cur1, mem1)
            cur2 = self.fc2(spk1)
            spk2, mem2 = self.lif2(cur2, mem2)
            spk2_rec.append(spk2)
            mem2_rec.append(mem2)
        return torch.stack(spk2_rec, dim=0), torch.stack(mem2_rec, dim=0)


def by_potentials(net: Net, x: Tensor, labels: Tensor) -> Tensor:
    """Return tutorial 5's loss: the cross entropy of every step's potentials, added up."""
    return sum(F.cross_entropy(mem, labels) for mem in net(x)[1])


def population() -> Net:
    """Return the tutorial's network of 50 output neurons a class."""
    grad, beta = surrogate.fast_sigmoid(), 0.9
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 128),
        snn.Leaky(beta=beta, spike_grad=grad, init_hidden=True),
        nn.Linear(128, 500),
        snn.Leaky(beta=beta, spike_grad=grad, init_hidden=True, output=True),
    )


class Regression1(nn.Module):
    """Decays and thresholds of every neuron, and a potential that follows a line."""

    def __init__(self) -> None:
        super().__init__()
        grad, hidden = surrogate.fast_sigmoid(), 128
        each = {"learn_beta": True, "spike_grad": grad}
        self.fc_in = nn.Linear(1, hidden)
        self.lif_in = snn.Leaky(beta=torch.rand(hidden), threshold=torch.rand(hidden), **each)
        self.fc_hidden = nn.Linear(hidden, hidden)
        self.lif_hidden = snn.Leaky(beta=torch.rand(hidden), threshold=torch.rand(hidden), **each)
        self.fc_out = nn.Linear(hidden, 1)
        self.li_out = snn.Leaky(beta=torch.rand(1), threshold=1.0, reset_mechanism="none", **each)

    def forward(self, x: Tensor) -> Tensor:
        mem_1, mem_2 = self.lif_in.init_leaky(), self.lif_hidden.init_leaky()
        mem_3, mem_3_rec = self.li_out.init_leaky(), []
        for step in range(50):
            x_timestep = x[step, :, :]
            spk_in, mem_1 = self.lif_in(self.fc_in(x_timestep), mem_1)
            spk_hidden, mem_2 = self.lif_hidden(self.fc_hidden(spk_in), mem_2)
            _, mem_3 = self.li_out(self.fc_out(spk_hidden), mem_3)
            mem_3_rec.append(mem_3)
        return torch.stack(mem_3_rec)


class Regression2(nn.Module):
    """Recurrent neurons, whose spikes of the step before are weighted by a dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 128)
        self.rlif1 = snn.RLeaky(beta=0.9, linear_features=128)
        self.fc2 = nn.Linear(128, 10)
        self.rlif2 = snn.RLeaky(beta=0.9, linear_features=10)

    def forward(self, x: Tensor) -> Tensor:
        spk1, mem1 = self.rlif1.init_rleaky()
        spk2, mem2 = self.rlif2.init_rleaky()
        spk_recording = []
        for _ in range(10):
            spk1, mem1 = self.rlif1(self.fc1(x), spk1, mem1)
            spk2, mem2 = self.rlif2(self.fc2(spk1), spk2, mem2)
            spk_recording.append(spk2)
        return torch.stack(spk_recording)


_PEOPLE = SF.mse_count_loss(
    correct_rate=1.0, incorrect_rate=0.0, population_code=True, num_classes=10
)
_COUNT = SF.mse_count_loss(correct_rate=0.8, incorrect_rate=0.2)
_RATE = SF.ce_rate_loss()

EXAMPLES = (
    Example(
        name="snntorch-readme",
        title="README",
        data="mnist",
        steps=25,
        build=partial(convolutional, 8, 16),
        answers=lambda net, x: spikes(net, x, 25).sum(0),
        loss=lambda net, x, y: _RATE(spikes(net, x, 25), y),
        epochs=3,
        rate=5e-3,
        settings={"steps": 25},
    ),
    Example(
        name="snntorch-5",
        title="tutorial 5",
        data="mnist",
        steps=25,
        build=Tutorial5,
        answers=lambda net, x: net(x)[0].sum(0),
        loss=by_potentials,
        given=flat,
        rate=5e-4,
    ),
    Example(
        name="snntorch-6",
        title="tutorial 6",
        data="mnist",
        steps=50,
        build=partial(convolutional, 12, 64),
        answers=lambda net, x: spikes(net, x, 50).sum(0),
        loss=lambda net, x, y: _RATE(spikes(net, x, 50), y),
        images=6000,
        rate=1e-2,
        settings={"steps": 50},
        verified=2,
    ),
    Example(
        name="snntorch-population",
        title="population coding",
        data="fashion-mnist",
        steps=1,
        build=population,
        answers=lambda net, x: spikes(net, x, 1).sum(0).unflatten(1, (10, 50)).sum(2),
        loss=lambda net, x, y: _PEOPLE(spikes(net, x, 1), y),
        epochs=5,
        rate=2e-3,
        settings={"steps": 1, "voters": 50},
    ),
    Example(
        name="snntorch-regression-1",
        title="regression, part I",
        data="lines",
        steps=50,
        build=Regression1,
        answers=lambda net, x: net(x),
        loss=lambda net, x, y: F.mse_loss(net(x), y),
        called=lambda x: x[:, :64],
        epochs=100,
        images=128,
        settings={"readout": "every"},
    ),
    Example(
        name="snntorch-regression-2",
        title="regression, part II",
        data="mnist",
        steps=10,
        build=Regression2,
        answers=lambda net, x: net(x).sum(0),
        loss=lambda net, x, y: _COUNT(net(x), y),
        given=flat,
        epochs=5,
    ),
)
