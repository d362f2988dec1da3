"""MNIST, 16C3-P2-32C3-P2-10: 82 kbit of weights, 57 kbit of potentials."""

from ..recipe import Conv, Recipe

RECIPE = Recipe(
    name="mnist",
    data="mnist",
    layers=(Conv(channels=16, pool=2), Conv(channels=32, pool=2)),
    steps=4,
    readout_bits=16,
    epochs=8,
    batch=128,
    learning_rate=1e-2,
    move=1.0,
    turn=5,
    stretch=0.05,
)
