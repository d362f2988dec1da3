"""Fashion-MNIST, 32C3s2-64C3-P2-64C3-64C3-P2-10: 4-bit weights, ternary potentials, 2 steps.

The image itself is the input, in both steps; pools are sums.
"""

from ..recipe import Conv, Recipe

RECIPE = Recipe(
    name="fashion",
    data="fashion-mnist",
    layers=(
        Conv(channels=32, stride=2),
        Conv(channels=64, pool=2, pool_kind="sum"),
        Conv(channels=64),
        Conv(channels=64, pool=2, pool_kind="sum"),
    ),
    encoding="direct",
    input_bits=8,
    steps=2,
    readout_weight_bits=8,
    store="ternary",
    state_bits=2,
    store_gradient="stacked",
    leak=0.5,
    leak_learned=False,
    readout_bits=16,
    epochs=6,
    batch=128,
    learning_rate=1e-2,
    move=1.0,
)
