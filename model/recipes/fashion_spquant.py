"""Fashion-MNIST by SpQuant-SNN: ternary weights and potentials, a small VGG.

16C3s2-32C3-P2-64C3-P2-10 with sum pools, 4 steps, the image itself as input.
"""

from ..recipe import Conv, Recipe

RECIPE = Recipe(
    name="fashion-spquant",
    data="fashion-mnist",
    layers=(
        Conv(channels=16, stride=2),
        Conv(channels=32, pool=2, pool_kind="sum"),
        Conv(channels=64, pool=2, pool_kind="sum"),
    ),
    encoding="direct",
    input_bits=8,
    steps=4,
    weights="sawb",
    weight_bits=2,
    readout_weight_bits=8,
    threshold="layer",
    store="ternary",
    state_bits=2,
    store_gradient="stacked",
    spike_gradient="window",
    leak=0.5,
    leak_learned=False,
    readout_bits=16,
    loss="tet",
    tet=0.05,
    epochs=3,
    batch=128,
    learning_rate=1e-2,
    move=1.0,
)
