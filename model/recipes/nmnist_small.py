"""N-MNIST, 1,100 recordings of it, 32C3s2-P2-64C3-P2-10: 4-bit weights, ternary potentials.

A recording is 5 frames of 2×34×34 event counts, 0…7. `--fold` makes more of so few: each of five
folds is tested on by a network that was trained on the other four.
"""

from ..recipe import Conv, Recipe

RECIPE = Recipe(
    name="nmnist-small",
    data="nmnist:steps=5,maximum=7",
    layers=(Conv(channels=32, stride=2, pool=2), Conv(channels=64, pool=2)),
    encoding="frames",
    input_bits=3,
    steps=5,
    store="ternary",
    state_bits=2,
    readout_bits=16,
    epochs=80,
    batch=32,
    move=2.0,
    turn=10,
    stretch=0.1,
    smoothing=0.1,
)
