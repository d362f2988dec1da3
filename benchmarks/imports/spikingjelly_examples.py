"""The networks of SpikingJelly's examples `lif_fc_mnist` and `conv_fashion_mnist`."""

from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from spikingjelly.activation_based import encoding, functional, layer, neuron, surrogate
from torch import Tensor, nn

from benchmarks.imports.example import Example, Net

LIF_STEPS = 100


class SNN(nn.Module):
    """One dense layer of leaky neurons, called once a step."""

    def __init__(self, tau: float) -> None:
        super().__init__()
        self.layer = nn.Sequential(
            layer.Flatten(),
            layer.Linear(28 * 28, 10, bias=False),
            neuron.LIFNode(tau=tau, surrogate_function=surrogate.ATan()),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


def poisson(images: Tensor) -> Tensor:
    """Return spikes of every step, (steps, batch, 1, 28, 28)."""
    encoder = encoding.PoissonEncoder()
    return torch.stack([encoder(images) for _ in range(LIF_STEPS)])


def rates(net: Net, x: Tensor) -> Tensor:
    """Return the rate of spikes, called step by step."""
    functional.reset_net(net)
    return sum(net(part) for part in x) / len(x)


class CSNN(nn.Module):
    """Convolutions, norms and integrate-and-fire neurons; all time steps at once."""

    def __init__(self, T: int, channels: int) -> None:
        super().__init__()
        self.T = T

        def fires() -> Any:
            return neuron.IFNode(surrogate_function=surrogate.ATan())

        self.conv_fc = nn.Sequential(
            layer.Conv2d(1, channels, kernel_size=3, padding=1, bias=False),
            layer.BatchNorm2d(channels),
            fires(),
            layer.MaxPool2d(2, 2),
            layer.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False),
            layer.BatchNorm2d(channels),
            fires(),
            layer.MaxPool2d(2, 2),
            layer.Flatten(),
            layer.Linear(channels * 7 * 7, channels * 4 * 4, bias=False),
            fires(),
            layer.Linear(channels * 4 * 4, 10, bias=False),
            fires(),
        )
        functional.set_step_mode(self, step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        x_seq = x.unsqueeze(0).expand(self.T, -1, -1, -1, -1)
        return self.conv_fc(x_seq).mean(0)


def rate(net: Net, x: Tensor) -> Tensor:
    """Return what a network that takes all steps answers, from a fresh state."""
    functional.reset_net(net)
    return net(x)


def nearest(answers: Any, net: Net, x: Tensor, labels: Tensor) -> Tensor:
    """Return the squared distance of rates from 1 of the right class and 0 of the others."""
    return F.mse_loss(answers(net, x), F.one_hot(labels, 10).float())


EXAMPLES = (
    Example(
        name="spikingjelly-lif",
        title="`lif_fc_mnist`",
        data="mnist",
        steps=LIF_STEPS,
        build=partial(SNN, 2.0),
        answers=rates,
        loss=partial(nearest, rates),
        given=poisson,
        called=lambda x: x[0, :64],
        batch=64,
        images=30000,
        settings={"steps": LIF_STEPS},
    ),
    *(
        Example(
            name=f"spikingjelly-csnn-{channels}",
            title=f"`conv_fashion_mnist`, {channels} channels",
            data="fashion-mnist",
            steps=4,
            build=partial(CSNN, 4, channels),
            answers=rate,
            loss=partial(nearest, rate),
            called=lambda x: x[:8],
            epochs=epochs,
            images=images,
            samples=samples,
            verified=verified,
        )
        for channels, epochs, images, samples, verified in (
            (16, 4, 60000, 1000, 4),
            (128, 1, 16000, 100, 0),
        )  # fmt: skip
    ),
)
