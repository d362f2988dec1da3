"""Fine-tuning: a network of snnTorch in 3-bit weights and states, trained on as ours.

It needs `pip install -e '.[snntorch]'` and scikit-learn: python fine_tune.py 0.5
"""

import sys

import snntorch as snn
import somagate as sg
import torch
from sklearn.datasets import load_digits
from torch import nn

STEPS = 10

beta = float(sys.argv[1]) if len(sys.argv) > 1 else 0.5
torch.manual_seed(0)
torch.set_num_threads(1)
pixels, classes = load_digits(return_X_y=True)
images, labels = torch.tensor(pixels / 16, dtype=torch.float32), torch.tensor(classes)
order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
images, labels = images[order], labels[order]
train, test = slice(0, 1297), slice(1297, None)


def leaky() -> snn.Leaky:
    """Return snnTorch's neurons as its tutorials have them."""
    return snn.Leaky(beta=beta, init_hidden=True, reset_mechanism="zero")


def counts(batch: torch.Tensor) -> torch.Tensor:
    """Return the spikes of each class; snnTorch's network is called once a step."""
    for module in source:
        if isinstance(module, snn.Leaky):
            module.reset_mem()
    return sum(source(batch) for _ in range(STEPS))


source = nn.Sequential(nn.Linear(64, 96), leaky(), nn.Linear(96, 10), leaky())
optimizer = torch.optim.Adam(source.parameters(), 2e-3)
for _ in range(30):
    for part in torch.randperm(1297).split(32):
        loss = nn.functional.cross_entropy(counts(images[train][part]), labels[train][part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
with torch.no_grad():
    right = (counts(images[test]).argmax(1) == labels[test]).float().mean()
print(f"source: {right:.2%}")

tables = sg.from_snntorch(
    source, images[train], steps=STEPS, weight_bits=3, state_bits=3, labels=labels[train]
)
pair = (images[test], labels[test].numpy())
print("imported:", sg.measure(tables, sg.samples(tables, pair)).summary)

net = sg.to_torch(tables).train()
maps = torch.tensor(sg.as_input(tables, images[train]))
optimizer = torch.optim.Adam(net.parameters(), 5e-4)
for _ in range(10):
    for part in torch.randperm(1297).split(32):
        loss = nn.functional.cross_entropy(net(maps[:, part]), labels[train][part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

tuned = sg.from_torch(net)
x = sg.as_input(tables, images[test])
trace = sg.simulate(tuned, x)
print(f"fine-tuned: {(trace.prediction == labels[test].numpy()).mean():.2%}")
print(tuned)
tuned.save("tuned.safetensors")
print(sg.verify(sg.design(tuned), x[:, :4]))
