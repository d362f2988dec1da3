"""Norse to Verilog: leaky integrate-and-fire cells in a loop over time, imported and verified.

It needs `pip install -e '.[norse,sim]'`, `pip install --no-deps norse` and scikit-learn:
python import_norse.py
"""

import norse.torch as norse
import somagate as sg
import torch
from sklearn.datasets import load_digits
from torch import nn

STEPS = 12

torch.manual_seed(0)
pixels, labels = load_digits(return_X_y=True)
images = torch.tensor(pixels / 16, dtype=torch.float32)
labels = torch.tensor(labels)
train, test = slice(0, 1400), slice(1400, None)


class Net(nn.Module):
    """Two layers of cells; the second never fires, and answers by its potential."""

    def __init__(self) -> None:
        super().__init__()
        rates = {"tau_mem_inv": torch.tensor(500.0)}
        self.fc1 = nn.Linear(64, 100)
        self.lif = norse.LIFBoxCell(norse.LIFBoxParameters(**rates, v_th=torch.tensor(0.5)))
        self.fc2 = nn.Linear(100, 10, bias=False)
        self.out = norse.LIBoxCell(norse.LIBoxParameters(**rates))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = out_state = None
        for _ in range(STEPS):
            spikes, state = self.lif(self.fc1(x), state)
            potential, out_state = self.out(self.fc2(spikes), out_state)
        return potential


net = Net()
optimizer = torch.optim.Adam(net.parameters(), 5e-3)
for _ in range(8):
    for part in torch.randperm(1400).split(64):
        loss = nn.functional.cross_entropy(net(images[part]), labels[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

tables = sg.from_norse(net, images[test], labels=labels[test])
print(sg.proof(tables))
tables.save("norse.safetensors")
print(sg.verify(sg.design(tables), sg.as_input(tables, images[test][:4])))
