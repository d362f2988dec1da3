"""Your own training loop, on an .npz file of your own, to Verilog: a network of our layers.

It needs `pip install -e '.[train,sim]'`: python own_loop.py
"""

import numpy as np
import somagate as sg
import torch
from sklearn.datasets import load_digits
from somagate.model import LI, LIF, QuantLinear
from torch import nn

pixels, classes = load_digits(return_X_y=True)
np.savez("own.npz", x=pixels.astype(np.uint8), y=classes)  # yours: whole numbers, and labels

own = np.load("own.npz")
x, y = torch.tensor(own["x"]).float().view(-1, 8, 8), torch.tensor(own["y"])
test = slice(1400, None)


class Net(nn.Module):
    """Reads an image row by row, a row a time step."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.rec = QuantLinear(8, 96, bits=4), QuantLinear(96, 96, bits=4)
        self.lif, self.fc2, self.out = LIF(96, state_bits=6), QuantLinear(96, 10), LI(10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        spikes, hidden, answer = torch.zeros(len(images), 96), None, None
        for row in images.unbind(1):
            spikes, hidden = self.lif.step(self.fc1(row) + self.rec(spikes), hidden)
            potentials, answer = self.out.step(self.fc2(spikes), answer)
        return potentials


torch.manual_seed(0)
net = Net()
optimizer = torch.optim.Adam(net.parameters(), 1e-2)
for _ in range(15):
    for part in torch.randperm(1400).split(64):
        loss = nn.functional.cross_entropy(net(x[part]), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

tables = sg.from_torch(net, x[test])
data = sg.samples(tables, (x[test].long(), y[test]))
print(sg.measure(tables, data))
tables.save("own.safetensors")
print(sg.verify(sg.design(tables), data[:4]))
