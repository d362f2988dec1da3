"""Fewest bits: a network of snnTorch on the digits, narrowed layer by layer within a point.

It needs `pip install -e '.[snntorch,search]'` and scikit-learn: python search_bits.py 0.95
Its states alone are narrowed, beside weights of 4 bits; with `weights` behind it, both are.
"""

import sys

import snntorch as snn
import somagate as sg
import torch
from sklearn.datasets import load_digits
from torch import nn

STEPS = 10


def main(beta: float, weights: bool) -> None:
    """Train a network whose neurons decay by `beta`, and search its bits on what it hasn't seen."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    pixels, classes = load_digits(return_X_y=True)
    order = torch.randperm(len(classes), generator=torch.Generator().manual_seed(0))
    images = torch.tensor(pixels / 16, dtype=torch.float32)[order]
    labels = torch.tensor(classes)[order]
    train, rest = slice(0, 797), slice(797, None)

    def leaky() -> snn.Leaky:
        return snn.Leaky(beta=beta, init_hidden=True, reset_mechanism="zero")

    net = nn.Sequential(nn.Linear(64, 96), leaky(), nn.Linear(96, 10), leaky())

    def counts(batch: torch.Tensor) -> torch.Tensor:
        for module in net:
            if isinstance(module, snn.Leaky):
                module.reset_mem()
        return sum(net(batch) for _ in range(STEPS))

    optimizer = torch.optim.Adam(net.parameters(), 2e-3)
    for _ in range(30):
        for part in torch.randperm(797).split(32):
            loss = nn.functional.cross_entropy(counts(images[train][part]), labels[train][part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    settings = {} if weights else {"weight_bits": 4, "narrow": "states"}
    found = sg.search_bits(
        sg.from_snntorch, net, images[rest], steps=STEPS, labels=labels[rest], loss=1.0,
        workers=2, picture="pareto.svg", **settings,
    )  # fmt: skip
    print(found)
    found.tables.save("narrow.safetensors")


if __name__ == "__main__":  # the workers read this file too
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.95, "weights" in sys.argv)
