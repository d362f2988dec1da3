"""The network of Norse's task `mnist`: its own `ConvNet4`, the encoder on the host."""

import torch
import torch.nn.functional as F
from norse.torch.models.conv import ConvNet4
from norse.torch.module.encode import ConstantCurrentLIFEncoder
from torch import Tensor, nn

from benchmarks.imports.example import Example

STEPS = 32


class LIFConvNet(nn.Module):
    """Norse's convolutional network, which answers by the largest potential of all steps."""

    def __init__(self) -> None:
        super().__init__()
        self.rsnn = ConvNet4(method="super")

    def forward(self, x: Tensor) -> Tensor:
        voltages = self.rsnn(x)
        m, _ = torch.max(voltages, 0)
        return F.log_softmax(m, dim=1)


def encoded(images: Tensor) -> Tensor:
    """Return the spikes of a constant current a pixel, (steps, batch, 1, 28, 28)."""
    encoder = ConstantCurrentLIFEncoder(seq_length=STEPS)
    with torch.no_grad():
        spikes = encoder((images - 0.1307).flatten(1) / 0.3081)
    return spikes.reshape(STEPS, len(images), 1, 28, 28)


EXAMPLES = (
    Example(
        name="norse-mnist",
        title="`norse.task.mnist`",
        data="mnist",
        steps=STEPS,
        build=LIFConvNet,
        answers=lambda net, x: net(x),
        loss=lambda net, x, y: F.nll_loss(net(x), y),
        given=encoded,
        called=lambda x: x[:, :8],
        images=4000,
        batch=32,
        rate=2e-3,
        samples=200,
        verified=1,
    ),
)
