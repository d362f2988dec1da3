"""snnTorch to Verilog: the network of its README, trained for a minute, imported and verified.

It needs `pip install -e '.[snntorch,sim]'` and scikit-learn: python import_snntorch.py
"""

import snntorch as snn
import somagate as sg
import torch
from sklearn.datasets import load_digits
from torch import nn

STEPS = 8

torch.manual_seed(0)
pixels, labels = load_digits(return_X_y=True)
images = torch.tensor(pixels / 16, dtype=torch.float32).view(-1, 1, 8, 8)
labels = torch.tensor(labels)
train, test = slice(0, 1400), slice(1400, None)


def leaky(**settings: bool) -> snn.Leaky:
    return snn.Leaky(beta=0.5, init_hidden=True, reset_mechanism="zero", **settings)


net = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1), nn.MaxPool2d(2), leaky(),  # a maximum of currents
    nn.Conv2d(8, 16, 3, padding=1), nn.MaxPool2d(2), leaky(),
    nn.Flatten(), nn.Linear(64, 10), leaky(output=True),
)  # fmt: skip


def counts(batch: torch.Tensor) -> torch.Tensor:
    """Return how often each output fires."""
    for module in net:
        if isinstance(module, snn.Leaky):
            module.reset_mem()
    return sum(net(batch)[0] for _ in range(STEPS))


optimizer = torch.optim.Adam(net.parameters(), 5e-3)
for _ in range(6):
    for part in torch.randperm(1400).split(64):
        loss = nn.functional.cross_entropy(counts(images[part]), labels[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

tables = sg.from_snntorch(net, images[test], steps=STEPS, labels=labels[test])
print(sg.proof(tables))
tables.save("snntorch.safetensors")
print(sg.verify(sg.design(tables), sg.as_input(tables, images[test][:4])))
