"""Networks of `somagate.model`'s layers as users write them: loops, all steps at once, and both."""

from typing import Any

import torch
from somagate import model as m
from torch import Tensor, nn


class Loop(nn.Module):
    """Dense, recurrent by hand, one step at a time; answers by potential, or by count."""

    def __init__(self, count: bool = False, **settings: Any) -> None:
        super().__init__()
        self.fc1, self.rec = m.QuantLinear(20, 16), m.QuantLinear(16, 16, bits=3)
        self.lif1 = m.LIF(16, leak=0.9, **settings)
        self.fc2 = m.QuantLinear(16, 4, bits=5)
        self.out: Any = m.LIF(4) if count else m.LI(4)

    def forward(self, x: Tensor) -> Tensor:
        hidden = answer = None
        spikes = torch.zeros(x.shape[1], 16)
        outs = []
        for frame in x:
            spikes, hidden = self.lif1.step(self.fc1(frame) + self.rec(spikes), hidden)
            out, answer = self.out.step(self.fc2(spikes), answer)
            outs.append(out)
        return torch.stack(outs).sum(0) if self.out.fires else outs[-1]


class Residual(nn.Module):
    """Convolutions with a residual sum and pools, of images shown in every step."""

    def __init__(self, kind: type[nn.Module] = m.SumPool2d, **settings: Any) -> None:
        super().__init__()
        self.conv1, self.lif1 = m.QuantConv2d(1, 6, 3, padding=1), m.LIF(6, **settings)
        self.conv2, self.lif2 = m.QuantConv2d(6, 6, 3, padding=1, bits=2), m.LIF(6, **settings)
        self.skip, self.pool = m.Residual(6), kind(2)
        self.fc, self.out = m.QuantLinear(6 * 16, 10), m.LI(10, leak=0.75)

    def forward(self, images: Tensor) -> Tensor:
        x = images.unsqueeze(0).repeat(6, 1, 1, 1, 1)
        first = self.lif1(self.conv1(x))
        second = self.lif2(self.conv2(first) + self.skip(first))
        return torch.as_tensor(self.out(self.fc(self.pool(second))))


class Mixed(nn.Module):
    """Sums of all steps at once, then a loop; the recurrent weights are the neurons' own."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = m.QuantConv2d(2, 4, (3, 2), stride=(2, 1), groups=2, method="sawb")
        self.before, self.lif1 = m.MaxPool2d((1, 2)), m.LIF(4, reset="subtract", mask_negative=True)
        self.fc = m.QuantLinear(64, 12)
        back = [m.QuantLinear(12, 12), m.Residual(12, bits=4)]
        self.lif2 = m.LIF(12, recurrent=back, store="ternary", state_bits=2)
        self.fc2, self.lif3 = m.QuantLinear(12, 3, bits=1), m.LIF(3, threshold="layer")

    def forward(self, x: Tensor) -> Tensor:
        maps = self.lif1(self.before(self.conv(x)))
        sums = self.fc(maps.flatten(2))
        state, last, total = None, None, torch.zeros(())
        for t in range(len(x)):
            spikes, state = self.lif2.step(sums[t], state)
            out, last = self.lif3.step(self.fc2(spikes), last)
            total = total + out
        return total


def sequence(**settings: Any) -> nn.Sequential:
    """Return a network that takes all steps at once, normalized."""
    return nn.Sequential(
        m.QuantConv2d(2, 5, 3, padding=1), m.LIF(5, normalize=True, **settings), m.SumPool2d(2),
        m.QuantConv2d(5, 6, 3), m.LIF(6, threshold="leak", leak=0.25, spike_gradient="window"),
        nn.Flatten(2), nn.Dropout(0.2), m.QuantLinear(6, 3), m.LIF(3),
    )  # fmt: skip


def spikes(*shape: int, rate: float = 0.3, seed: int = 0) -> Tensor:
    """Return random spikes."""
    draw = torch.Generator().manual_seed(seed)
    return (torch.rand(shape, generator=draw) < rate).float()


def train(net: nn.Module, x: Tensor, updates: int = 3) -> None:
    """Train a network for a few updates, on random labels of the classes that it has."""
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    net.train()
    for _ in range(updates):
        out = net(x)
        out = out.sum(0) if out.ndim == 3 else out
        loss = nn.functional.cross_entropy(out, torch.arange(len(out)) % out.shape[1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
