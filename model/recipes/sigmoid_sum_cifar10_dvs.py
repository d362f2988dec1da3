"""CIFAR10-DVS by sums of sigmoids: PLIF-Net with binary weights, for a GPU.

Four times 128C3-P2 with max pools, 512 neurons, 10 voters a class, on 128×128 event counts. The
first layer and the last have 8-bit weights.
"""

from ..recipe import Conv, Dense, Recipe
from ..settings import SigmoidSum

RECIPE = Recipe(
    name="sigmoid-sum-cifar10-dvs",
    data="cifar10-dvs:steps=10,maximum=15",
    layers=(
        Conv(channels=128, pool=2, weight_bits=8),
        Conv(channels=128, pool=2),
        Conv(channels=128, pool=2),
        Conv(channels=128, pool=2),
        Dense(neurons=512),
    ),
    encoding="frames",
    input_bits=4,
    steps=10,
    weights="sigmoid",
    weight_bits=1,
    readout_weight_bits=8,
    threshold="leak",
    state_bits=12,
    leak=0.5,
    leak_shift=8,
    readout="vote",
    voters=10,
    epochs=35,
    batch=16,
    learning_rate=1e-3,
    precision="bfloat16",
    method=SigmoidSum(epochs=64, rise=20),
)
