"""SpikingJelly to Verilog: a small CSNN as in its documentation, imported and verified.

It needs `pip install -e '.[spikingjelly,sim]'`, `pip install --no-deps spikingjelly` and
scikit-learn: python import_spikingjelly.py
"""

import somagate as sg
import torch
from sklearn.datasets import load_digits
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import nn

torch.manual_seed(0)
pixels, labels = load_digits(return_X_y=True)
images = torch.tensor(pixels / 16, dtype=torch.float32).view(-1, 1, 8, 8)
labels = torch.tensor(labels)
train, test = slice(0, 1400), slice(1400, None)


class CSNN(nn.Module):
    """Convolutions, norms and integrate-and-fire neurons; all time steps at once."""

    def __init__(self, steps: int, channels: int) -> None:
        super().__init__()
        self.steps = steps
        fire = {"surrogate_function": surrogate.ATan()}
        self.conv_fc = nn.Sequential(
            layer.Conv2d(1, channels, 3, padding=1, bias=False), layer.BatchNorm2d(channels),
            neuron.IFNode(**fire), layer.MaxPool2d(2, 2),
            layer.Flatten(), layer.Linear(channels * 16, 64, bias=False), neuron.IFNode(**fire),
            layer.Linear(64, 10, bias=False), neuron.IFNode(**fire),
        )  # fmt: skip
        functional.set_step_mode(self, "m")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x_seq = x.unsqueeze(0).repeat(self.steps, 1, 1, 1, 1)
        return self.conv_fc(x_seq).mean(0)


net = CSNN(steps=4, channels=8)
optimizer = torch.optim.Adam(net.parameters(), 5e-3)
for _ in range(15):
    for part in torch.randperm(1400).split(64):
        loss = nn.functional.mse_loss(net(images[part]), nn.functional.one_hot(labels[part]) * 1.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        functional.reset_net(net)

tables = sg.from_spikingjelly(net, images[test], labels=labels[test])
print(sg.proof(tables))
tables.save("spikingjelly.safetensors")
print(sg.verify(sg.design(tables), sg.as_input(tables, images[test][:4])))
