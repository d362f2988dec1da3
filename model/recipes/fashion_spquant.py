"""Fashion-MNIST by SpQuant-SNN: ternary weights and potentials, the VGG of `fashion`, 2 steps.

32C3s2-64C3-P2-64C3-64C3-P2-10 with sum pools, the image itself as input. The first layer and the
last have 8-bit weights.
"""

from dataclasses import replace

from ..recipe import Conv
from .fashion import RECIPE as FASHION
from .spquant_vgg9 import RECIPE as VGG9

RECIPE = replace(
    VGG9,
    name="fashion-spquant",
    data="fashion-mnist",
    layers=(Conv(channels=32, stride=2, weight_bits=8), *FASHION.layers[1:]),
    encoding="direct",
    input_bits=8,
    steps=2,
    tet=0.05,
    epochs=10,
    batch=128,
    learning_rate=1e-2,
    move=1.0,
    precision="float32",
)
