"""CIFAR-10 by SpQuant-SNN: VGG-9 with ternary weights and potentials, 2 steps, for a GPU.

The shape of `spquant-vgg9` on still images, 32×32; trained as the authors train on CIFAR-10.
"""

from dataclasses import replace

from .spquant_vgg9 import RECIPE as VGG9

RECIPE = replace(
    VGG9,
    name="spquant-vgg9-cifar10",
    data="cifar10",
    encoding="direct",
    input_bits=8,
    steps=2,
    tet=0.05,
    epochs=300,
    batch=128,
    learning_rate=1e-2,
    move=4.0,
)
