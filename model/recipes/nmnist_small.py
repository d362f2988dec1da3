"""N-MNIST's first 1,000 and 100 recordings, 32C3-P2-64C3-P2-10: 4-bit weights, ternary potentials.

A recording is 8 frames of 2×17×17 event counts, 0…3. `--fold` makes more of so few: each of five
folds is tested on by a network that was trained on the other four.
"""

from ..recipe import Conv, Recipe

RECIPE = Recipe(
    name="nmnist-small",
    data="nmnist:steps=8,size=17,maximum=3",
    layers=(Conv(channels=32, pool=2), Conv(channels=64, pool=2)),
    encoding="frames",
    input_bits=2,
    steps=8,
    store="ternary",
    state_bits=2,
    readout_bits=16,
    epochs=40,
    batch=32,
    move=1.0,
    turn=10,
    stretch=0.1,
)
