"""Fashion-MNIST by sums of sigmoids: binary weights, a learned leak, votes; a small PLIF-Net.

16C3s2-32C3-P2-64C3-P2-100-vote with max pools; the first layer and the last have 8-bit weights.
"""

from ..recipe import Conv, Recipe
from ..settings import SigmoidSum

RECIPE = Recipe(
    name="fashion-sigmoid-sum",
    data="fashion-mnist",
    layers=(
        Conv(channels=16, stride=2, weight_bits=8),
        Conv(channels=32, pool=2),
        Conv(channels=64, pool=2),
    ),
    encoding="direct",
    input_bits=8,
    steps=4,
    weights="sigmoid",
    weight_bits=1,
    readout_weight_bits=8,
    threshold="leak",
    state_bits=8,
    leak=0.5,
    leak_shift=6,
    readout="vote",
    voters=10,
    epochs=3,
    batch=128,
    learning_rate=1e-2,
    move=1.0,
    method=SigmoidSum(epochs=1, rise=20),
)
