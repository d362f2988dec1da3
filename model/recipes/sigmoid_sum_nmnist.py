"""N-MNIST by sums of sigmoids: PLIF-Net with two blocks and binary weights, for a GPU."""

from dataclasses import replace

from ..recipe import Conv, Dense
from .sigmoid_sum_cifar10_dvs import RECIPE as CIFAR

RECIPE = replace(
    CIFAR,
    name="sigmoid-sum-nmnist",
    data="nmnist:steps=10,maximum=15",
    layers=(
        Conv(channels=128, pool=2, weight_bits=8),
        Conv(channels=128, pool=2),
        Dense(neurons=2048),
    ),
)
