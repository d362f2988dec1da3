"""Fashion-MNIST by sums of sigmoids: binary weights, a learned leak, votes; a small PLIF-Net.

32C3s2-64C3-P2-64C3-64C3-P2-100-vote with max pools, 2 steps; the first layer has 8-bit weights.
"""

from dataclasses import replace

from ..recipe import Conv
from ..settings import SigmoidSum
from .sigmoid_sum_cifar10_dvs import RECIPE as CIFAR

RECIPE = replace(
    CIFAR,
    name="fashion-sigmoid-sum",
    data="fashion-mnist",
    layers=(
        Conv(channels=32, stride=2, weight_bits=8),
        Conv(channels=64, pool=2),
        Conv(channels=64),
        Conv(channels=64, pool=2),
    ),
    encoding="direct",
    input_bits=8,
    steps=2,
    readout_weight_bits=None,
    state_bits=8,
    leak_shift=6,
    epochs=8,
    batch=128,
    learning_rate=1e-2,
    move=1.0,
    precision="float32",
    method=SigmoidSum(epochs=2, rise=20),
)
