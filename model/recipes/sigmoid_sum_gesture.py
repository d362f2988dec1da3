"""DVS128 Gesture by sums of sigmoids: PLIF-Net with five blocks and binary weights, for a GPU."""

from dataclasses import replace

from ..recipe import Conv, Dense
from .sigmoid_sum_cifar10_dvs import RECIPE as CIFAR

RECIPE = replace(
    CIFAR,
    name="sigmoid-sum-gesture",
    data="dvs-gesture:steps=20,maximum=15",
    classes=11,
    steps=20,
    layers=(
        Conv(channels=128, pool=2, weight_bits=8),
        *[Conv(channels=128, pool=2)] * 4,
        Dense(neurons=512),
    ),
)
